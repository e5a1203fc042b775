// Models of Gateways with an NLB for tests, alone or in front of an ALB.
import { objectKey } from '../../../kube/object.ts';
import { DEFAULT_HEALTH_CHECK } from '../../model/health-checks.ts';
import type {
  ListenerResource,
  Model,
  Resource,
  SecurityGroupResource,
  TargetGroupResource,
} from '../../model/resources.ts';
import { gateway, id } from './resources.ts';
import type { SimulatedAws } from './simulated-aws.ts';

type Protocol = 'TCP' | 'UDP' | 'TCP_UDP' | 'TLS';

export interface NetworkSketch {
  readonly scheme?: 'internal' | 'internet-facing';
  /** By port. */
  readonly listeners: Readonly<Record<number, { readonly protocol: Protocol; readonly to: readonly string[] }>>;
  /** The ports of the ALB behind. */
  readonly http?: readonly number[];
  /** Clients still use the address of the ALB behind. */
  readonly handingOver?: boolean;
  readonly family?: 'ipv4' | 'ipv6';
  /** The ARN of the default certificate of TLS listeners. */
  readonly certificate?: string;
  /** No health check can pass. */
  readonly unchecked?: boolean;
}

export function networkModel(sketch: NetworkSketch): Model {
  const { scheme = 'internal', listeners, http = [], handingOver = false } = sketch;
  const entries = Object.entries(listeners).map(([port, each]) => ({ port: Number(port), ...each }));
  const groups = entries.flatMap(({ protocol, to }) => to.map((name) => targetGroup(sketch, name, protocol)));
  const ofNetwork = { type: 'network' as const, securityGroups: [{ group: id('security-group/nlb-frontend') }] };
  const resources: Resource[] = [
    securityGroup('security-group/nlb-frontend', []),
    ...(http.length === 0 ? [] : applicationModel(sketch)),
    {
      ...loadBalancer(`nlb-${scheme}`, { scheme, ...ofNetwork }),
      ...(handingOver && { replaces: id(`load-balancer/${scheme}`) }),
    },
    ...new Map(groups.map((group) => [group.id, group])).values(),
    ...http.map((port) => albGroup(sketch, port)),
    ...entries.map(({ port, protocol, to }) =>
      listener(
        `nlb-${scheme}`,
        port,
        protocol,
        to.map((name) => targetGroup(sketch, name, protocol).id),
        sketch.certificate,
      ),
    ),
    ...http.map((port) => listener(`nlb-${scheme}`, port, 'TCP', [albGroup(sketch, port).id])),
  ];
  return { gateway, resources };
}

/** The ALB that serves the HTTP ports alone. */
export const albModel = (http: readonly number[]): Model => {
  const resources = applicationModel({ listeners: {}, http, handingOver: true });
  const alone = resources.map((each) =>
    each.kind === 'security-group'
      ? { ...each, ingress: each.ingress.filter(({ source }) => source.kind === 'cidr') }
      : each,
  );
  return { gateway, resources: alone };
};

/** The ALB behind, which admits only the NLB. */
function applicationModel({ scheme = 'internal', http = [], handingOver }: NetworkSketch): readonly Resource[] {
  const group = id('security-group/nlb-frontend');
  const rules = (source: SecurityGroupResource['ingress'][number]['source']) =>
    http.map((port) => ({ protocol: 'tcp' as const, fromPort: port, toPort: port, source, description: '' }));
  const ingress = [
    ...(handingOver === true ? rules({ kind: 'cidr', cidr: '0.0.0.0/0' }) : []),
    ...rules({ kind: 'group', group }),
  ];
  return [
    securityGroup('security-group/frontend', ingress),
    loadBalancer(scheme, { scheme, securityGroups: [{ group: id('security-group/frontend') }] }),
    ...http.map((port) => listener(scheme, port, 'HTTP', [])),
  ];
}

const securityGroup = (name: string, ingress: SecurityGroupResource['ingress']): SecurityGroupResource => ({
  kind: 'security-group',
  id: id(name),
  spec: { name, description: '', vpcId: 'vpc-1' },
  ingress,
  tags: {},
});

const loadBalancer = (
  name: string,
  spec: Pick<Extract<Resource, { kind: 'load-balancer' }>['spec'], 'scheme' | 'type' | 'securityGroups'>,
): Resource => ({
  kind: 'load-balancer',
  id: id(`load-balancer/${name}`),
  spec: { name, ipAddressType: 'ipv4', subnets: ['subnet-1', 'subnet-2'], ...spec },
  attributes: {},
  tags: {},
});

function targetGroup(sketch: NetworkSketch, name: string, protocol: Protocol): TargetGroupResource {
  const { scheme = 'internal', family = 'ipv4', unchecked = false } = sketch;
  const unique = `nlb-${scheme}/${name}/${protocol}-${family}`;
  return {
    kind: 'target-group',
    id: id(`target-group/${unique}`),
    spec: {
      name: unique,
      targetType: 'ip',
      protocol,
      port: 80,
      vpcId: 'vpc-1',
      ipAddressType: family,
      healthCheck: { ...DEFAULT_HEALTH_CHECK, protocol: 'TCP' },
    },
    attributes: { 'deregistration_delay.timeout_seconds': '30' },
    ...(unchecked && { unchecked }),
    tags: {},
  };
}

function albGroup(sketch: NetworkSketch, port: number): TargetGroupResource {
  const { scheme = 'internal' } = sketch;
  const { spec, ...others } = targetGroup({ scheme, listeners: {} }, 'alb', 'TCP');
  const unique = `nlb-${scheme}/alb/${port}`;
  return {
    ...others,
    id: id(`target-group/${unique}`),
    spec: { ...spec, name: unique, targetType: 'alb', port },
    loadBalancer: id(`load-balancer/${scheme}`),
  };
}

const listener = (
  name: string,
  port: number,
  protocol: ListenerResource['spec']['protocol'],
  groups: readonly TargetGroupResource['id'][],
  certificate = 'arn:certificate',
): ListenerResource => ({
  kind: 'listener',
  id: id(`listener/${name}/${port}`),
  loadBalancer: id(`load-balancer/${name}`),
  spec: {
    port,
    protocol,
    ...(protocol === 'TLS' && { defaultCertificate: { arn: certificate } }),
    defaultAction:
      groups.length === 0
        ? { kind: 'fixed-response', statusCode: '404', contentType: 'text/plain', body: '' }
        : { kind: 'forward', targetGroups: groups.map((each) => ({ targetGroup: each, weight: 1 })) },
  },
  ...(groups.length > 0 && {
    sources: [{ route: { kind: 'TCPRoute', key: objectKey({ namespace: 'shop', name: `port-${port}` }) }, rule: 0 }],
  }),
  extraCertificates: [],
  tags: {},
});

/** A listener's protocol, and the logical ids of the groups that get its connections. */
export function carries(aws: SimulatedAws, listenerId: string): readonly string[] | undefined {
  const found = [...aws.entries.values()].find(({ owned }) => owned.id === listenerId)?.owned;
  if (found?.kind !== 'listener') return undefined;
  const serving = found.forwards.filter(({ weight }) => weight > 0);
  return [found.protocol, ...serving.map(({ arn }) => aws.entries.get(arn)?.owned.id ?? 'gone')];
}
