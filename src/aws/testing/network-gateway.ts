// The model of a Gateway with an NLB on the embedded AWS, alone or in front of an ALB.
import { availabilityZones } from '../../../localstack/aws/ec2/availability-zones.ts';
import type { Seed } from '../../../localstack/aws/seed.ts';
import { objectKey } from '../../kube/object.ts';
import { DEFAULT_HEALTH_CHECK } from '../model/health-checks.ts';
import { awsName, gatewayPrefix, resourceId } from '../model/naming.ts';
import type { HealthCheck, LoadBalancerResource, Model, Resource, ResourceId } from '../model/resources.ts';
import { cluster, gateway } from './aws-under-test.ts';

type Protocol = 'TCP' | 'UDP' | 'TCP_UDP' | 'TLS';

export interface NetworkGateway extends Partial<Omit<LoadBalancerResource['spec'], 'name' | 'type'>> {
  /** By port. */
  readonly listeners?: Readonly<Record<number, Protocol>>;
  /** An ARN, of TLS listeners. */
  readonly certificate?: string;
  readonly alpnPolicy?: string;
  /** The ports of the ALB behind. */
  readonly http?: readonly number[];
  readonly attributes?: Readonly<Record<string, string>>;
  /** Of the TCP target groups. */
  readonly health?: Partial<HealthCheck>;
}

const { path: _, matcher: __, ...tcpCheck } = { ...DEFAULT_HEALTH_CHECK, protocol: 'TCP' as const };

const transportsOf = (protocol: Protocol = 'TCP'): readonly ('tcp' | 'udp')[] =>
  protocol === 'TCP_UDP' ? ['tcp', 'udp'] : [protocol === 'UDP' ? 'udp' : 'tcp'];

const name = (id: ResourceId): string => awsName(gatewayPrefix(cluster, gateway), 'x', id);

/** The zone of each subnet. */
function zonesOf({ region, publicSubnetIds, privateSubnetIds }: Seed): Readonly<Record<string, string>> {
  const names = availabilityZones(region).map((zone) => zone.name);
  const inZones = (ids: readonly string[]) => ids.map((id, index) => [id, names[index] ?? '']);
  return Object.fromEntries([...inZones(publicSubnetIds), ...inZones(privateSubnetIds)]);
}

export function networkGateway(seed: Seed, wanted: NetworkGateway): Model {
  const { listeners = {}, certificate, alpnPolicy, http = [], attributes = {}, health = {}, ...settings } = wanted;
  const { scheme = 'internal' } = settings;
  const inner = scheme === 'internal' ? seed.privateSubnetIds : seed.publicSubnetIds;
  const nlb = `nlb-${scheme}`;
  const securityGroup = (id: ResourceId, source?: ResourceId): Resource => ({
    kind: 'security-group',
    id,
    spec: { name: name(id), description: 'Clients', vpcId: seed.vpcId },
    ingress: [...Object.keys(listeners).map(Number), ...http].flatMap((port) =>
      transportsOf(listeners[port]).map((protocol) => ({
        protocol,
        fromPort: port,
        toPort: port,
        source: source === undefined ? { kind: 'cidr', cidr: '0.0.0.0/0' } : { kind: 'group', group: source },
        description: 'in',
      })),
    ),
    tags: {},
  });
  const loadBalancer = (of: string, group: ResourceId, spec: Partial<LoadBalancerResource['spec']>): Resource => {
    const id = resourceId('load-balancer', of);
    const own = {
      name: name(id),
      scheme,
      ipAddressType: 'ipv4',
      subnets: inner.toSorted(),
      securityGroups: [{ group }],
    };
    const ofNetwork = spec.type && { zones: zonesOf(seed), attributes };
    return { kind: 'load-balancer', id, spec: { ...own, ...spec }, attributes: {}, ...ofNetwork, tags: {} };
  };
  const targetGroup = (service: string, protocol: Protocol): Extract<Resource, { kind: 'target-group' }> => {
    const id = resourceId('target-group', nlb, service, protocol);
    const [targetType, ipAddressType] = ['ip' as const, 'ipv4' as const];
    const spec = { name: name(id), targetType, protocol, port: 8080, vpcId: seed.vpcId, ipAddressType };
    return {
      kind: 'target-group',
      id,
      spec: { ...spec, healthCheck: { ...tcpCheck, ...health } },
      attributes: { 'target_group_health.dns_failover.minimum_healthy_targets.count': 'off' },
      tags: {},
    };
  };
  const behind = (port: number): Resource => {
    const { spec, ...others } = targetGroup('alb', 'TCP');
    const id = resourceId('target-group', nlb, 'alb', port);
    const healthCheck = { ...DEFAULT_HEALTH_CHECK, matcher: { httpCode: '200-499' } };
    return {
      ...others,
      id,
      spec: { ...spec, name: name(id), targetType: 'alb', port, healthCheck },
      loadBalancer: resourceId('load-balancer', scheme),
    };
  };
  const listener = (of: string, port: number, protocol: Protocol | 'HTTP', group?: ResourceId): Resource => ({
    kind: 'listener',
    id: resourceId('listener', of, port),
    loadBalancer: resourceId('load-balancer', of),
    spec: {
      port,
      protocol,
      ...(protocol === 'TLS' && {
        sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
        defaultCertificate: { arn: certificate ?? '' },
        ...(alpnPolicy !== undefined && { alpnPolicy }),
      }),
      defaultAction:
        group === undefined
          ? { kind: 'fixed-response', statusCode: '404', contentType: 'text/plain', body: '' }
          : { kind: 'forward', targetGroups: [{ targetGroup: group, weight: 1 }] },
    },
    ...(group !== undefined && {
      sources: [{ route: { kind: 'TCPRoute', key: objectKey({ namespace: 'shop', name: `r${port}` }) }, rule: 0 }],
    }),
    extraCertificates: [],
    tags: {},
  });
  const [front, own] = [resourceId('security-group', 'nlb-frontend'), resourceId('security-group', 'frontend')];
  const entries = Object.entries(listeners).map(([port, protocol]) => ({ port: Number(port), protocol }));
  const groupOf = (protocol: Protocol) => targetGroup('api', protocol === 'TLS' ? 'TCP' : protocol);
  const groups = new Map(entries.map(({ protocol }) => [groupOf(protocol).id, groupOf(protocol)]));
  const resources: Resource[] = [
    securityGroup(front),
    ...(http.length === 0 ? [] : [securityGroup(own, front), loadBalancer(scheme, own, {})]),
    ...http.map((port) => listener(scheme, port, 'HTTP')),
    loadBalancer(nlb, front, { ...settings, type: 'network' }),
    ...groups.values(),
    ...http.map(behind),
    ...entries.map(({ port, protocol }) => listener(nlb, port, protocol, groupOf(protocol).id)),
    ...http.map((port) => listener(nlb, port, 'TCP', resourceId('target-group', nlb, 'alb', port))),
  ];
  return { gateway, resources };
}
