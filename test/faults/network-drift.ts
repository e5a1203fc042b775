// Changes by hand of an NLB's resources.
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import {
  DeleteListenerCommand,
  DeregisterTargetsCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RemoveListenerCertificatesCommand,
  RemoveTagsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { endpointSlice } from '../../localstack/environment.ts';
import { awsOf } from '../integration/support/aws.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { connectionRoute, gateway, service } from '../integration/support/objects.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { type byHand, first, type Place, revokeAdmission, revokeIngress } from './hand-changes.ts';
import { type Kind, listenersOf, ports } from './network-shop.ts';

/** The TCP port of the UDP Service's pods, where AWS checks their health. */
const healthPort = 8081;

const viewOf = ({ rig, ns }: Place) => {
  const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf(rig, `${ns}/gw`);
  const group = (name: string, protocol: string) =>
    first(targetGroups.filter((each) => each.name === `${ns}/${name}:80` && each.group.protocol === protocol)).group;
  return {
    loadBalancer: first(loadBalancers),
    listener: (kind: Kind) => first(listeners.filter(({ listener }) => listener.port === ports[kind])).listener,
    tcp: group('one', 'TCP'),
    other: group('two', 'TCP'),
    udp: group('dns', 'UDP'),
    securityGroup: first(securityGroups),
  };
};

const parent = (sectionName: string) => [{ name: 'gw', sectionName }];

/** A Service with a port for UDP, and another for TCP. */
async function dns(rig: Rig, ns: string): Promise<void> {
  const addresses = ['10.0.48.30', '10.0.64.30'];
  await rig.apply([
    service(ns, 'dns', {
      ports: [
        { name: 'dns', port: 80, targetPort: 8080, protocol: 'UDP' },
        { name: 'health', port: 81, targetPort: healthPort },
      ],
    }),
    endpointSlice(ns, 'dns', addresses, 8080, { portName: 'dns', protocol: 'UDP' }),
    endpointSlice(ns, 'dns', addresses, healthPort, { portName: 'health', suffix: 'health' }),
  ]);
}

export const networkChanges: Parameters<typeof byHand>[0] = {
  name: 'connections-drift',
  what: 'listeners, target groups, attributes, certificates, subnets and security groups of an NLB',
  set: async (rig, ns) => {
    for (const each of ['one', 'two']) await rig.backend(ns, each);
    await dns(rig, ns);
    return [
      gateway(ns, 'gw', listenersOf('network', 'one', 'two')),
      await tlsSecret(ns, 'one', ['one.example.com']),
      await tlsSecret(ns, 'two', ['two.example.com']),
      connectionRoute('TCP', ns, 'tcp', parent('tcp'), { one: 1 }),
      connectionRoute('UDP', ns, 'udp', parent('udp'), { dns: 1 }),
      connectionRoute('TLS', ns, 'tls', parent('tls'), { one: 9, two: 1 }, { hostnames: ['one.example.com'] }),
    ];
  },
  changes: {
    'a listener is deleted': (place) =>
      place.elbv2.send(new DeleteListenerCommand({ ListenerArn: viewOf(place).listener('TCP').arn })),
    'a listener forwards to another target group': (place) => {
      const { listener, other } = viewOf(place);
      const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn: other.arn }];
      return place.elbv2.send(new ModifyListenerCommand({ ListenerArn: listener('TCP').arn, DefaultActions }));
    },
    'a listener has other weights': (place) => {
      const { listener, tcp, other } = viewOf(place);
      const TargetGroups = [tcp, other].map(({ arn }) => ({ TargetGroupArn: arn, Weight: 5 }));
      const DefaultActions = [{ Type: 'forward' as const, ForwardConfig: { TargetGroups } }];
      return place.elbv2.send(new ModifyListenerCommand({ ListenerArn: listener('TLS').arn, DefaultActions }));
    },
    'a TLS listener becomes a TCP listener': (place) =>
      place.elbv2.send(new ModifyListenerCommand({ ListenerArn: viewOf(place).listener('TLS').arn, Protocol: 'TCP' })),
    'a TLS listener has another policy': (place) =>
      place.elbv2.send(
        new ModifyListenerCommand({
          ListenerArn: viewOf(place).listener('TLS').arn,
          SslPolicy: 'ELBSecurityPolicy-2016-08',
        }),
      ),
    'a certificate is taken from the listener': (place) => {
      const { arn, certificates } = viewOf(place).listener('TLS');
      const Certificates = [{ CertificateArn: first(certificates) }];
      return place.elbv2.send(new RemoveListenerCertificatesCommand({ ListenerArn: arn, Certificates }));
    },
    "the listener's default certificate is another": (place) => {
      const { arn, certificates } = viewOf(place).listener('TLS');
      const Certificates = [{ CertificateArn: first(certificates) }];
      return place.elbv2.send(new ModifyListenerCommand({ ListenerArn: arn, Certificates }));
    },
    'cross-zone load balancing is switched off': (place) =>
      place.elbv2.send(
        new ModifyLoadBalancerAttributesCommand({
          LoadBalancerArn: viewOf(place).loadBalancer.arn,
          Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value: 'false' }],
        }),
      ),
    'unhealthy targets take their zone out of DNS': (place) =>
      place.elbv2.send(
        new ModifyTargetGroupAttributesCommand({
          TargetGroupArn: viewOf(place).tcp.arn,
          Attributes: [{ Key: 'target_group_health.dns_failover.minimum_healthy_targets.count', Value: '1' }],
        }),
      ),
    'the health check is rarer': (place) =>
      place.elbv2.send(
        new ModifyTargetGroupCommand({ TargetGroupArn: viewOf(place).udp.arn, HealthCheckIntervalSeconds: 30 }),
      ),
    'the health check goes to another port': (place) =>
      place.elbv2.send(
        new ModifyTargetGroupCommand({ TargetGroupArn: viewOf(place).udp.arn, HealthCheckPort: 'traffic-port' }),
      ),
    'a target of UDP is taken out': (place) => {
      const { arn, targets } = viewOf(place).udp;
      const { id, port } = first(targets.values());
      return place.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: id, Port: port }] }));
    },
    'tags are removed': (place) => {
      const { loadBalancer, udp, listener } = viewOf(place);
      const TagKeys = ['gatehouse.dev/gateway', 'gatehouse.dev/spec'];
      const ResourceArns = [loadBalancer.arn, udp.arn, listener('UDP').arn];
      return place.elbv2.send(new RemoveTagsCommand({ ResourceArns, TagKeys }));
    },
    'a subnet is taken away': (place) => {
      const { arn, subnets } = viewOf(place).loadBalancer;
      const Subnets = subnets.slice(1).map(({ subnetId }) => subnetId);
      return place.elbv2.send(new SetSubnetsCommand({ LoadBalancerArn: arn, Subnets }));
    },
    'UDP of clients is revoked': (place) => revokeIngress(place, ({ protocol }) => protocol === 'udp'),
    'path MTU discovery is revoked': (place) => revokeIngress(place, ({ protocol }) => protocol === 'icmp'),
    'UDP of clients is admitted at another port': (place) =>
      place.ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: viewOf(place).securityGroup.id,
          IpPermissions: [{ IpProtocol: 'udp', FromPort: 123, ToPort: 123, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
        }),
      ),
    'what admits UDP to the targets is revoked': (place) =>
      revokeAdmission(place, ({ protocol }) => protocol === 'udp'),
    'what admits health checks to the targets is revoked': (place) =>
      revokeAdmission(place, ({ protocol, fromPort }) => protocol === 'tcp' && fromPort === healthPort),
  },
};
