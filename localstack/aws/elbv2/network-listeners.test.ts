// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html, create-rule.html,
// application-load-balancer-target.html
import {
  AddListenerCertificatesCommand,
  type CreateListenerCommandInput,
  DeleteLoadBalancerCommand,
  DeregisterTargetsCommand,
  DescribeListenersCommand,
  DescribeRulesCommand,
  ModifyListenerAttributesCommand,
  ModifyListenerCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
  SetIpAddressTypeCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { Embedded, forward, notFound, path, present } from '../testing/embedded.ts';

const invalid = 'InvalidConfigurationRequestException';

type Protocol = 'TCP' | 'UDP' | 'TCP_UDP' | 'TLS';

const group = (aws: Embedded, Protocol: Protocol, input: object = {}) =>
  aws.targetGroup({ Name: Protocol.toLowerCase().replace('_', '-'), Protocol, ...input });

const network = (aws: Embedded, input: object = {}) => aws.loadBalancer({ Type: 'network', ...input });

const protocols = ['TCP', 'UDP', 'TCP_UDP', 'TLS'] as const;

test.each<[Protocol, Protocol[]]>([
  ['TCP', ['TCP', 'TCP_UDP']],
  ['UDP', ['UDP', 'TCP_UDP']],
  ['TCP_UDP', ['TCP_UDP']],
  ['TLS', ['TCP', 'TLS']],
])('a %s listener forwards to target groups of %j, and to no other', async (listener, accepted) => {
  await using aws = await Embedded.start();
  const loadBalancer = await network(aws);
  const certificate = await aws.certificate('a.example.test');
  const Certificates = listener === 'TLS' ? { Certificates: [{ CertificateArn: certificate }] } : {};
  const listen = async (protocol: Protocol, Port: number) => {
    const DefaultActions = forward(await group(aws, protocol));
    return aws.listener(loadBalancer, { Protocol: listener, Port, DefaultActions, ...Certificates });
  };
  for (const [index, protocol] of accepted.entries()) await listen(protocol, 1000 + index);
  for (const protocol of protocols.filter((each) => !accepted.includes(each))) {
    expect(await refusal(listen(protocol, 2000))).toBe('IncompatibleProtocolsException');
  }
});

test.each<[string, Partial<CreateListenerCommandInput>, string]>([
  ['HTTP', { Protocol: 'HTTP' }, 'ValidationError'],
  ['a fixed response', { DefaultActions: notFound }, 'InvalidLoadBalancerActionException'],
  ['a certificate for TCP', { Certificates: [{ CertificateArn: 'arn:x' }] }, 'CertificateNotFoundException'],
  ['an ALPN policy for TCP', { AlpnPolicy: ['HTTP2Only'] }, invalid],
  ['TLS without a certificate', { Protocol: 'TLS' }, 'ValidationError'],
])('a listener of a Network Load Balancer with %s is refused', async (_, input, error) => {
  await using aws = await Embedded.start();
  const DefaultActions = forward(await group(aws, 'TCP'));
  expect(await refusal(aws.listener(await network(aws), { Protocol: 'TCP', DefaultActions, ...input }))).toBe(error);
});

test('one listener takes a port, whatever it speaks', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await network(aws);
  await aws.listener(loadBalancer, { Protocol: 'TCP', Port: 53, DefaultActions: forward(await group(aws, 'TCP')) });
  const udp = { Protocol: 'UDP', Port: 53, DefaultActions: forward(await group(aws, 'UDP')) } as const;
  expect(await refusal(aws.listener(loadBalancer, udp))).toBe('DuplicateListenerException');
});

test('a TLS listener has certificates, a security policy and an ALPN policy', async () => {
  await using aws = await Embedded.start();
  const [a, b] = [await aws.certificate('a.example.test'), await aws.certificate('b.example.test')];
  const loadBalancer = await network(aws);
  const tls = { Protocol: 'TLS' as const, Port: 443, Certificates: [{ CertificateArn: a }] };
  const DefaultActions = forward(await group(aws, 'TLS'));
  const ListenerArn = await aws.listener(loadBalancer, { ...tls, DefaultActions, AlpnPolicy: ['HTTP2Preferred'] });
  await aws.elb.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates: [{ CertificateArn: b }] }));
  const described = await aws.elb.send(new DescribeListenersCommand({ ListenerArns: [ListenerArn] }));
  expect(described.Listeners?.[0]).toMatchObject({
    Certificates: [{ CertificateArn: a }],
    SslPolicy: 'ELBSecurityPolicy-2016-08',
    AlpnPolicy: ['HTTP2Preferred'],
  });
  expect(described.Listeners?.[0]?.MutualAuthentication).toBeUndefined();
  const modify = (input: object) => aws.elb.send(new ModifyListenerCommand({ ListenerArn, ...input }));
  expect(await refusal(modify({ AlpnPolicy: ['H3'] }))).toBe('ALPNPolicyNotSupportedException');
  expect(await refusal(modify({ AlpnPolicy: ['None', 'HTTP1Only'] }))).toBe('ValidationError');
  expect(await refusal(modify({ MutualAuthentication: { Mode: 'passthrough' } }))).toBe(invalid);
});

test('a default action has up to five weighted target groups of one address family', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await network(aws);
  const [a, b, ...more] = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((index) => aws.targetGroup({ Name: `g${index}`, Protocol: 'TCP' })),
  );
  const six = await aws.targetGroup({ Name: 'six', Protocol: 'TCP', IpAddressType: 'ipv6' });
  const listen = (Port: number, ...weights: readonly (readonly [string | undefined, number])[]) => {
    const TargetGroups = weights.map(([arn, Weight]) => ({ TargetGroupArn: present(arn), Weight }));
    const DefaultActions = [{ Type: 'forward', ForwardConfig: { TargetGroups } } as const];
    return aws.listener(loadBalancer, { Protocol: 'TCP', Port, DefaultActions });
  };
  await listen(80, [a, 999], [b, 0]);
  expect(await refusal(listen(81, [a, 1000], [b, 1]))).toBe('ValidationError');
  expect(await refusal(listen(81, [a, 1], [six, 1]))).toBe(invalid);
  const all = [a, b, ...more].map((arn) => [arn, 1] as const);
  expect(await refusal(listen(81, ...all))).toBe('TooManyTargetGroupsException');
});

test('rules of a dual-stack NLB match clients by their address family only', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await network(aws, { IpAddressType: 'dualstack' });
  const four = await group(aws, 'TCP');
  const six = await aws.targetGroup({ Name: 'six', Protocol: 'TCP', IpAddressType: 'ipv6' });
  const ListenerArn = await aws.listener(loadBalancer, { Protocol: 'TCP', DefaultActions: forward(four) });
  const family = (IpAddressType: 'ipv4' | 'ipv6') => [{ Field: 'source-ip', SourceIpConfig: { IpAddressType } }];
  await aws.rule(ListenerArn, 10, { Conditions: family('ipv6'), Actions: forward(six) });
  const { Rules } = await aws.elb.send(new DescribeRulesCommand({ ListenerArn }));
  expect(Rules?.map(({ Priority, Conditions }) => [Priority, Conditions])).toEqual([
    ['10', family('ipv6')],
    ['default', []],
  ]);
  const blocks = [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] } }];
  const rule = (input: object) =>
    aws.rule(ListenerArn, 20, { Conditions: family('ipv4'), Actions: forward(four), ...input });
  expect(await refusal(rule({ Conditions: blocks }))).toBe('ValidationError');
  expect(await refusal(rule({ Conditions: path('/a') }))).toBe('ValidationError');
  expect(await refusal(rule({ Conditions: [...family('ipv4'), ...family('ipv6')] }))).toBe('ValidationError');
  expect(await refusal(rule({ Actions: notFound }))).toBe('InvalidLoadBalancerActionException');
  const ipv4 = new SetIpAddressTypeCommand({ LoadBalancerArn: loadBalancer, IpAddressType: 'ipv4' });
  expect(await refusal(aws.elb.send(ipv4))).toBe(invalid);
});

test('an ipv4 one has no rules, and those of an Application Load Balancer no address family', async () => {
  await using aws = await Embedded.start();
  const tcp = await group(aws, 'TCP');
  const Conditions = [{ Field: 'source-ip', SourceIpConfig: { IpAddressType: 'ipv4' } } as const];
  const ofNetwork = await aws.listener(await network(aws), { Protocol: 'TCP', DefaultActions: forward(tcp) });
  expect(await refusal(aws.rule(ofNetwork, 1, { Conditions, Actions: forward(tcp) }))).toBe(invalid);
  const ofApplication = await aws.listener(await aws.loadBalancer({ Name: 'app' }));
  expect(await refusal(aws.rule(ofApplication, 1, { Conditions }))).toBe('ValidationError');
});

test('UDP on a dualstack one needs prefixes for source NAT and IPv6 target groups', async () => {
  await using aws = await Embedded.start();
  const four = await group(aws, 'UDP');
  const six = await aws.targetGroup({ Name: 'six', Protocol: 'UDP', IpAddressType: 'ipv6' });
  const listen = (loadBalancer: string, arn: string) =>
    aws.listener(loadBalancer, { Protocol: 'UDP', Port: 53, DefaultActions: forward(arn) });
  const without = await network(aws, { Name: 'without', IpAddressType: 'dualstack' });
  expect(await refusal(listen(without, six))).toBe(invalid);
  const input = { IpAddressType: 'dualstack', EnablePrefixForIpv6SourceNat: 'on' };
  const loadBalancer = await network(aws, input);
  expect(await refusal(listen(loadBalancer, four))).toBe(invalid);
  await listen(loadBalancer, six);
});

test('stickiness and TLS exclude each other', async () => {
  await using aws = await Embedded.start();
  const stick = (TargetGroupArn: string, Value = 'true') =>
    aws.elb.send(
      new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [{ Key: 'stickiness.enabled', Value }] }),
    );
  const [tcp, tls] = [await group(aws, 'TCP'), await group(aws, 'TLS')];
  expect(await refusal(stick(tls))).toBe(invalid);
  await stick(tcp);
  const Certificates = [{ CertificateArn: await aws.certificate('a.example.test') }];
  const listener = { Protocol: 'TLS', Port: 443, Certificates, DefaultActions: forward(tcp) } as const;
  const loadBalancer = await network(aws);
  expect(await refusal(aws.listener(loadBalancer, listener))).toBe(invalid);
  await stick(tcp, 'false');
  await aws.listener(loadBalancer, listener);
  expect(await refusal(stick(tcp))).toBe(invalid);
});

test('the idle timeout of TCP listeners is 60 to 6000 seconds, and others have none to set', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await network(aws);
  const modify = (ListenerArn: string, Value: string) =>
    aws.elb.send(
      new ModifyListenerAttributesCommand({ ListenerArn, Attributes: [{ Key: 'tcp.idle_timeout.seconds', Value }] }),
    );
  const tcp = await aws.listener(loadBalancer, { Protocol: 'TCP', DefaultActions: forward(await group(aws, 'TCP')) });
  await modify(tcp, '60');
  expect(await refusal(modify(tcp, '59'))).toBe(invalid);
  const DefaultActions = forward(await group(aws, 'UDP'));
  const udp = await aws.listener(loadBalancer, { Protocol: 'UDP', Port: 53, DefaultActions });
  expect(await refusal(modify(udp, '60'))).toBe(invalid);
});

test('an Application Load Balancer is a target, alone in its group, on the port of one of its listeners', async () => {
  await using aws = await Embedded.start();
  const [app, other] = [await aws.loadBalancer({ Name: 'app' }), await aws.loadBalancer({ Name: 'other' })];
  for (const each of [app, other]) await aws.listener(each);
  const TargetGroupArn = await group(aws, 'TCP', { TargetType: 'alb', Port: 80 });
  const register = (arn: string, Id: string, Port?: number) =>
    aws.elb.send(
      new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: [Port === undefined ? { Id } : { Id, Port }] }),
    );
  const loadBalancer = await network(aws);
  expect(await refusal(register(TargetGroupArn, loadBalancer))).toBe('InvalidTargetException');
  expect(await refusal(register(TargetGroupArn, app, 81))).toBe('InvalidTargetException');
  await register(TargetGroupArn, app);
  expect(await refusal(register(TargetGroupArn, other))).toBe('TooManyTargetsException');
  const remove = () => aws.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: app }));
  expect(await refusal(remove())).toBe('ResourceInUseException');
  await aws.elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: app }] }));
  await remove();
});

test('an Application Load Balancer is a target of two Network Load Balancers, on any number of ports', async () => {
  await using aws = await Embedded.start();
  const app = await aws.loadBalancer({ Name: 'app' });
  const ports = [80, 81, 82];
  for (const Port of ports) await aws.listener(app, { Port });
  const register = (TargetGroupArn: string) =>
    aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: app }] }));
  /** A group that a Network Load Balancer forwards to. */
  const front = async (Name: string, LoadBalancerArn: string, Port: number) => {
    const arn = await aws.targetGroup({ Name: `${Name}-${Port}`, Protocol: 'TCP', TargetType: 'alb', Port });
    await aws.listener(LoadBalancerArn, { Protocol: 'TCP', Port, DefaultActions: forward(arn) });
    return arn;
  };
  const first = await network(aws, { Name: 'first' });
  for (const port of ports) await register(await front('first', first, port));
  await register(await front('second', await network(aws, { Name: 'second' }), 80));
  const third = await front('third', await network(aws, { Name: 'third' }), 80);
  expect(await refusal(register(third))).toBe('TooManyRegistrationsForTargetIdException');
});

test('only TCP listeners forward to Application Load Balancers', async () => {
  await using aws = await Embedded.start();
  const DefaultActions = forward(await group(aws, 'TCP', { TargetType: 'alb', Port: 443 }));
  const Certificates = [{ CertificateArn: await aws.certificate('a.example.test') }];
  const loadBalancer = await network(aws);
  const tls = { Protocol: 'TLS', Port: 443, Certificates, DefaultActions } as const;
  expect(await refusal(aws.listener(loadBalancer, tls))).toBe(invalid);
  await aws.listener(loadBalancer, { Protocol: 'TCP', Port: 443, DefaultActions });
});
