import { ImportCertificateCommand } from '@aws-sdk/client-acm';
import { AllocateAddressCommand } from '@aws-sdk/client-ec2';
import {
  CreateRuleCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts';
import { stepId } from '../diff/draft.ts';
import { LeaseLostError } from '../errors.ts';
import { atOnce } from '../inventory/audit.ts';
import { gatewayOwner } from '../model/owner.ts';
import type { Model } from '../model/resources.ts';
import { type Controller, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { type NetworkGateway, networkGateway } from '../testing/network-gateway.ts';
import { executePlan } from './execute.ts';

const rig = eachTestOnAws();

const settled = { steps: [], pending: [] };
const model = (wanted: NetworkGateway) => networkGateway(rig.seed, wanted);
const elb = () => rig.aws.world().elbv2;
const network = () => [...elb().loadBalancers.values()].find(({ type }) => type === 'network');

function withTargets(): void {
  rig.kept.targets = rig.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
}

async function applied(controller: Controller, wanted: NetworkGateway): Promise<void> {
  const outcome = await controller.apply(model(wanted));
  expect(outcome).toMatchObject({ problems: [], pending: [] });
  expect(controller.plan(model(wanted))).toMatchObject(settled);
}

const arnOf = (controller: Controller, kind: string, id: string): string =>
  controller.inventory.owned(gateway).find((each) => each.kind === kind && each.id.startsWith(id))?.arn ?? '';

async function certificate(controller: Controller, host: string): Promise<string> {
  const { certificatePem, privateKey } = await selfSigned([host], 'EC_prime256v1', Date.now() - 1000, '11');
  const { CertificateArn = '' } = await controller.clients.acm.send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(certificatePem),
      PrivateKey: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    }),
  );
  return CertificateArn;
}

test('an NLB gets its listeners, groups and targets, and after a restart nothing is written', async () => {
  withTargets();
  const controller = await rig.start();
  const wanted: NetworkGateway = {
    listeners: { 5432: 'TCP', 53: 'TCP_UDP', 514: 'UDP', 443: 'TLS' },
    certificate: await certificate(controller, 'a.example.com'),
    alpnPolicy: 'HTTP2Preferred',
    attributes: { 'load_balancing.cross_zone.enabled': 'true' },
    enforceOnPrivateLink: 'off',
  };
  rig.aws.calls.zero();
  await applied(controller, wanted);
  // The load balancer's two hash tags. Target groups have theirs from the start.
  expect(rig.aws.calls.counts().byAction['elasticloadbalancing:AddTags']).toBe(2);
  expect(network()).toMatchObject({ enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: 'off' });
  expect([...elb().listeners.values()].map(({ alpnPolicy }) => alpnPolicy).filter(Boolean)).toEqual(['HTTP2Preferred']);
  await controller.membership.flush();
  rig.aws.calls.zero();
  const next = await rig.start();
  expect(next.plan(model(wanted))).toMatchObject(settled);
  expect(rig.aws.calls.counts().writes).toBe(0);
  expect(await next.audit(atOnce(model(wanted)))).toEqual([]);
  expect(next.plan(model(wanted))).toMatchObject(settled);
  // After a restart, nobody trusts the attributes' tag of a group without a listener. That is no drift.
  const fewer: NetworkGateway = { ...wanted, listeners: { 5432: 'TCP' } };
  await next.apply(model(fewer));
  const last = await rig.start();
  expect(await last.audit(atOnce(model(fewer)))).toEqual([]);
});

test('a group of nodes of an NLB gets its IP version', async () => {
  const wanted = model({ listeners: { 53: 'UDP' }, ipAddressType: 'dualstack', prefixForIpv6SourceNat: 'on' });
  const resources = wanted.resources.map((each) =>
    each.kind === 'target-group'
      ? { ...each, spec: { ...each.spec, targetType: 'instance' as const, ipAddressType: 'ipv6' as const } }
      : each,
  );
  const controller = await rig.start();
  expect(await controller.apply({ ...wanted, resources })).toMatchObject({ problems: [], pending: [] });
  expect([...elb().targetGroups.values()].map(({ ipAddressType }) => ipAddressType)).toEqual(['ipv6']);
});

test('a TLS listener gets another certificate and policy while it still waits for its new group', async () => {
  const controller = await rig.start();
  const [first, second] = [
    await certificate(controller, 'a.example.com'),
    await certificate(controller, 'b.example.com'),
  ];
  await applied(controller, { listeners: { 443: 'TLS' }, certificate: first });
  const changed = model({ listeners: { 443: 'TLS' }, certificate: second, alpnPolicy: 'HTTP2Optional' });
  const desired = changed.resources.find((each) => each.kind === 'listener');
  const arn = arnOf(controller, 'listener', 'listener/nlb-internal/443');
  const forwards = () => [...elb().rules.values()].map(({ actions }) => actions);
  const before = structuredClone(forwards());
  if (desired?.kind !== 'listener') throw new Error('Expected a listener');
  const { id: resource } = desired;
  const step = { kind: 'set-tls', id: stepId('set-tls', resource), after: [], resource, desired, arn } as const;
  const { problems } = await executePlan(
    { ...settled, existing: new Map([[resource, arn]]), steps: [step] },
    controller.context,
  );
  expect(problems).toEqual([]);
  expect(forwards()).toEqual(before);
  expect(before).toHaveLength(1);
  expect(controller.inventory.get(arn)).toMatchObject({ certificate: second, alpnPolicy: 'HTTP2Optional' });
});

test.each([
  ['dualstack', [{ resource: 'listener/nlb-internal/53', aspect: 'foreign-rules' }], 1],
  ['ipv4', [], 0],
])('an audit finds the rules that others gave the listeners of a %s NLB', async (ipAddressType, found, reads) => {
  const controller = await rig.start();
  const wanted = { listeners: { 53: 'TCP' }, ipAddressType } as const;
  await applied(controller, wanted);
  if (found.length > 0) {
    await controller.clients.elbv2.send(
      new CreateRuleCommand({
        ListenerArn: arnOf(controller, 'listener', 'listener/'),
        Priority: 1,
        Conditions: [{ Field: 'source-ip', SourceIpConfig: { IpAddressType: 'ipv4' } }],
        Actions: [{ Type: 'forward', TargetGroupArn: arnOf(controller, 'target-group', 'target-group/') }],
      }),
    );
  }
  rig.aws.calls.zero();
  expect(await controller.audit(atOnce(model(wanted)))).toEqual(found);
  expect(rig.aws.calls.counts().byAction['elasticloadbalancing:DescribeRules'] ?? 0).toBe(reads);
});

/** Plans until nothing is left to do. Each time, the controller dies one call later. */
async function withDeaths(desired: Model | undefined): Promise<void> {
  for (let round = 1; round < 60; round++) {
    let allowed = round;
    const controller = await rig.start();
    const plan = controller.plan(desired);
    if (plan.steps.length === 0) return;
    rig.kept.mayCall = () => {
      if (allowed-- <= 0) throw new LeaseLostError('gone');
    };
    const { problems, held } = await executePlan(plan, controller.context);
    expect([problems, held]).toEqual([[], []]);
    rig.kept.mayCall = () => undefined;
  }
  throw new Error('Expected an end');
}

test('an NLB in front of an ALB is made and removed, and a controller that dies between any two calls leaks nothing', async () => {
  withTargets();
  await withDeaths(model({ listeners: { 53: 'TCP_UDP' }, http: [80, 8080] }));
  expect(elb().loadBalancers.size).toBe(2);
  expect([...elb().targetGroups.values()].map(({ targets }) => targets.size)).toEqual(
    expect.arrayContaining([1, 1, 3]),
  );
  const attribute = 'target_group_health.dns_failover.minimum_healthy_targets.count';
  expect([...elb().targetGroups.values()].map(({ attributes }) => attributes.get(attribute))).toEqual([
    'off',
    'off',
    'off',
  ]);
  await withDeaths(undefined);
  expect(elb().loadBalancers.size + elb().targetGroups.size + elb().listeners.size).toBe(0);
  const groups = [...rig.aws.world().ec2.securityGroups.values()];
  expect(groups.filter(({ groupName }) => groupName.startsWith('gh-'))).toEqual([]);
}, 120_000);

test('deletion waits for what AWS still holds, and then leaves nothing', async () => {
  await rig.reopen({ releaseSeconds: 1 });
  const controller = await rig.start();
  await controller.apply(model({ listeners: { 53: 'TCP' }, http: [80] }));
  const deadline = Date.now() + 15_000;
  while (!(await controller.inventory.confirmGone(gatewayOwner(gateway))) && Date.now() < deadline) {
    expect((await controller.apply(undefined)).problems).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(elb().loadBalancers.size + elb().targetGroups.size).toBe(0);
}, 30_000);

test('whatever was changed of an NLB by hand is found, and made right again', async () => {
  const controller = await rig.start();
  const [Certificate, other] = [
    await certificate(controller, 'a.example.com'),
    await certificate(controller, 'b.example.com'),
  ];
  const wanted: NetworkGateway = { listeners: { 53: 'TCP_UDP', 443: 'TLS' }, certificate: Certificate };
  await applied(controller, wanted);
  const { elbv2 } = controller.clients;
  const loadBalancer = arnOf(controller, 'load-balancer', 'load-balancer/nlb');
  const dns = arnOf(controller, 'listener', 'listener/nlb-internal/53');
  const tls = arnOf(controller, 'listener', 'listener/nlb-internal/443');
  const group = arnOf(controller, 'target-group', 'target-group/nlb-internal/api/TCP_UDP');
  await elbv2.send(new ModifyListenerCommand({ ListenerArn: dns, Protocol: 'TCP' }));
  await elbv2.send(
    new ModifyListenerCommand({
      ListenerArn: tls,
      AlpnPolicy: ['HTTP1Only'],
      Certificates: [{ CertificateArn: other }],
    }),
  );
  await elbv2.send(
    new ModifyLoadBalancerAttributesCommand({
      LoadBalancerArn: loadBalancer,
      Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }],
    }),
  );
  await elbv2.send(
    new ModifyTargetGroupAttributesCommand({
      TargetGroupArn: group,
      Attributes: [{ Key: 'deregistration_delay.connection_termination.enabled', Value: 'false' }],
    }),
  );
  const [Subnets, groups] = [rig.seed.privateSubnetIds.slice(0, 2), network()?.securityGroups ?? []];
  await elbv2.send(new SetSubnetsCommand({ LoadBalancerArn: loadBalancer, Subnets }));
  await elbv2.send(
    new SetSecurityGroupsCommand({
      LoadBalancerArn: loadBalancer,
      SecurityGroups: [...groups],
      EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: 'off',
    }),
  );
  const drift = await controller.audit(atOnce(model(wanted)));
  expect(drift.map(({ resource, aspect }) => `${resource} ${aspect}`).toSorted()).toEqual([
    'listener/nlb-internal/443 spec',
    'listener/nlb-internal/53 spec',
    'load-balancer/nlb-internal attributes',
    'load-balancer/nlb-internal spec',
    'target-group/nlb-internal/api/TCP_UDP attributes',
  ]);
  await applied(controller, wanted);
  expect(await controller.audit(atOnce(model(wanted)))).toEqual([]);
});

test('an NLB moves to other Elastic IPs zone by zone, as long as it stays in one', async () => {
  const controller = await rig.start();
  const allocate = async () =>
    (await controller.clients.ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }))).AllocationId ?? '';
  const [a, b, c] = [await allocate(), await allocate(), await allocate()];
  const [first = '', second = ''] = rig.seed.publicSubnetIds.toSorted();
  const at = (...allocations: readonly string[]): NetworkGateway => ({
    listeners: { 53: 'TCP' },
    scheme: 'internet-facing',
    subnets: [first, second].slice(0, allocations.length),
    addresses: allocations.map((allocation, index) => ({ subnet: [first, second][index] ?? '', allocation })),
  });
  await applied(controller, at(a, b));
  const ips = [...rig.aws.world().ec2.elasticIps.values()].map(({ publicIp }) => publicIp);
  const known = () => controller.inventory.owned(gateway).find(({ kind }) => kind === 'load-balancer');
  expect(known()).toMatchObject({ addresses: [ips[0], ips[1]] });
  await applied(controller, at(a, c));
  expect(known()).toMatchObject({ addresses: [ips[0], ips[2]], given: at(a, c).addresses });
  expect(await controller.audit(atOnce(model(at(a, c))))).toEqual([]);
  await applied(controller, at(a));
  expect(network()?.subnets.map(({ allocationId }) => allocationId)).toEqual([a]);
  // AWS does not change the address of the only subnet.
  const { problems } = await controller.apply(model(at(b)));
  expect(problems).toMatchObject([{ kind: 'cloud-refused', resource: 'load-balancer/nlb-internet-facing' }]);
  expect(network()?.subnets.map(({ allocationId }) => allocationId)).toEqual([a]);
});

test('a create whose answer was lost continues from what exists', async () => {
  const wanted = model({ listeners: { 53: 'TCP' }, http: [80], enforceOnPrivateLink: 'off' });
  const blind = await rig.start();
  const plan = blind.plan(wanted);
  await executePlan(plan, (await rig.start()).context);
  const outcome = await executePlan(plan, blind.context);
  expect(outcome.problems).toEqual([]);
  expect(blind.plan(wanted)).toMatchObject(settled);
  expect(elb().loadBalancers.size).toBe(2);
});

test('deletion protection of an NLB goes with the Gateway that asked for it, and stands if someone else has set it', async () => {
  const controller = await rig.start();
  const own = { 'load_balancing.cross_zone.enabled': 'false', 'deletion_protection.enabled': 'true' };
  await applied(controller, { listeners: { 53: 'TCP' }, attributes: own });
  expect((await controller.apply(undefined)).problems).toEqual([]);
  expect(elb().loadBalancers.size).toBe(0);
  await applied(controller, { listeners: { 53: 'TCP' }, http: [80] });
  network()?.attributes.set('deletion_protection.enabled', 'true');
  const { problems } = await controller.apply(undefined);
  expect(problems).toMatchObject([{ kind: 'cloud-refused', resource: 'load-balancer/nlb-internal' }]);
  // The ALB behind it still serves.
  expect(elb().loadBalancers.size).toBe(2);
  expect(elb().listeners.size).toBe(3);
});

test('deletion protection of the ALB behind an NLB stands, and each further pass only tries that ALB again', async () => {
  const controller = await rig.start();
  await applied(controller, { listeners: { 53: 'TCP' }, http: [80] });
  const alb = [...elb().loadBalancers.values()].find(({ type }) => type === 'application');
  alb?.attributes.set('deletion_protection.enabled', 'true');
  await controller.apply(undefined);
  rig.aws.calls.zero();
  const { problems } = await controller.apply(undefined);
  expect(problems).toMatchObject([{ kind: 'cloud-refused', resource: 'load-balancer/internal' }]);
  expect([...elb().loadBalancers.values()]).toEqual([alb]);
  const { writes, byAction } = rig.aws.calls.counts();
  expect([writes, byAction['elasticloadbalancing:DeleteLoadBalancer']]).toEqual([1, 1]);
  alb?.attributes.set('deletion_protection.enabled', 'false');
  expect((await controller.apply(undefined)).problems).toEqual([]);
  expect(elb().loadBalancers.size).toBe(0);
});
