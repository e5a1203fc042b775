import { expect, test } from 'vitest';
import { routeId } from '../../../gateway/route-id.ts';
import type { ListenerTopology, PortTopology, RouteTopology } from '../../../gateway/topology.ts';
import type { AwsTopology } from '../../translation.ts';
import { sentence } from '../../words.ts';
import { buildModel } from '../build.ts';
import { planeOf } from '../form.ts';
import { resourceId } from '../naming.ts';
import { PLACEHOLDER_NETWORK } from '../placeholder-network.ts';
import type { Model } from '../resources.ts';
import { NOTHING_STANDS } from '../standing.ts';
import { portOf, routeOf } from '../testing/connections.ts';
import { forward, httpPort, listener, options, settings, topology } from '../testing/sample.ts';

const given = (
  ports: readonly PortTopology[],
  routes: readonly RouteTopology[] = [],
  more: Partial<AwsTopology['settings']> = {},
): AwsTopology => ({ ...topology([]), settings: { ...settings, ...more }, planes: ports.map(planeOf), ports, routes });

const listenersOf = (model: Model | undefined) =>
  model?.resources.flatMap((each) => (each.kind === 'listener' ? [each] : [])) ?? [];

test('TCP and UDP of one number count as one listener of the 50 that fit', () => {
  const numbers = Array.from({ length: 51 }, (_, index) => 1000 + index);
  const ports = numbers.flatMap((port) => [portOf('tcp', port), portOf('udp', port)]);
  const { model, problems } = buildModel(given(ports), PLACEHOLDER_NETWORK, options);
  expect(listenersOf(model)).toHaveLength(50);
  const left = problems.flatMap((problem) => (problem.kind === 'too-many-listeners' ? problem.listener : []));
  expect(left).toEqual(['tcp-1050', 'udp-1050']);
});

test('a port that serves stays, though a UDP port of its number has no room for its source ranges', () => {
  const sourceRanges = Array.from({ length: 80 }, (_, index) => `198.51.${index}.0/24`);
  const ports = [portOf('udp', 53), portOf('tcp', 53), portOf('tcp', 54)];
  const standing = { ...NOTHING_STANDS, ports: new Set(['tcp/53', 'tls/53', 'tcp/54', 'tls/54'] as const) };
  const { model, problems } = buildModel(given(ports, [], { sourceRanges }), PLACEHOLDER_NETWORK, options, standing);
  expect(listenersOf(model).map(({ spec }) => [spec.port, spec.protocol])).toEqual([
    [53, 'TCP'],
    [54, 'TCP'],
  ]);
  expect(problems).toContainEqual(expect.objectContaining({ kind: 'too-many-ingress-rules', listener: 'udp-53' }));
});

test('if a route cannot be read, its listener forwards as before', () => {
  const route = routeOf('TCPRoute', 'db', forward('db'), { rules: [], unread: true });
  const group = { targetGroup: resourceId('target-group/nlb-internal/shop/db/80/0'), weight: 3 };
  const standing = {
    ...NOTHING_STANDS,
    forwards: new Map([[5432, { protocol: 'TCP', targetGroups: [group] } as const]]),
    targetGroups: [{ id: group.targetGroup, spec: { targetType: 'ip' } } as const],
  };
  const { model, problems } = buildModel(
    given([portOf('tcp', 5432, route)], [route]),
    PLACEHOLDER_NETWORK,
    options,
    standing,
  );
  expect(listenersOf(model)[0]?.spec.defaultAction).toEqual({ kind: 'forward', targetGroups: [group] });
  expect(model?.standing).toEqual(standing.targetGroups);
  expect(problems).toEqual([]);
});

const alb = {
  ...NOTHING_STANDS,
  loadBalancers: new Set([resourceId('load-balancer/internal')]),
  subnets: ['subnet-a'],
};

test('a mistake in the HTTP listeners keeps the ALB beside an NLB for the other listeners', () => {
  const asked = { ...given([portOf('tcp', 5432)]), planes: ['alb', 'nlb'] as const };
  const { model } = buildModel(asked, PLACEHOLDER_NETWORK, options, alb);
  expect(model?.resources.flatMap(({ kind, id }) => (kind === 'load-balancer' ? id : []))).toEqual([
    'load-balancer/internal',
    'load-balancer/nlb-internal',
  ]);
});

const portsWith = (serves: PortTopology['serves'], name: string, more: Partial<ListenerTopology> = {}) => ({
  port: 443,
  serves,
  listeners: [listener(name, more)],
});

test('a UDP listener without IPv6 does not take the port of TLS', () => {
  const [lacking, other] = ['subnet-00000000000000200', 'subnet-00000000000000201'];
  const network = {
    ...PLACEHOLDER_NETWORK,
    subnets: PLACEHOLDER_NETWORK.subnets.map((each) => ({ ...each, ipv6: each.id !== lacking })),
  };
  const tls = portsWith({ kind: 'tls' }, 'tls', { tlsMode: 'Passthrough', precedence: 1 });
  const asked = given([tls, portOf('udp', 443)], [], { ipAddressType: 'dualstack', subnets: [lacking, other] });
  const { model, problems } = buildModel(asked, network, options);
  expect(listenersOf(model).map(({ spec }) => spec.protocol)).toEqual(['TCP']);
  expect(problems.map(({ kind }) => kind)).not.toContain('listener-pair');
});

test('a Passthrough listener above the serving Terminate listener does not take its port', () => {
  const [above, serving] = [
    listener('above', { tlsMode: 'Passthrough' }),
    listener('serving', { tlsMode: 'Terminate' }),
  ];
  const targetGroups = [{ targetGroup: resourceId('target-group/nlb-internal/shop/db/80/0'), weight: 1 }];
  const forwards = new Map([[443, { protocol: 'TLS', targetGroups } as const]]);
  const ports = [{ ...portsWith({ kind: 'tls' }, ''), listeners: [above, serving] }];
  const { model, problems } = buildModel(given(ports), PLACEHOLDER_NETWORK, options, { ...NOTHING_STANDS, forwards });
  expect(listenersOf(model).map(({ spec }) => spec.protocol)).toEqual(['TLS']);
  expect(problems).toContainEqual(expect.objectContaining({ kind: 'listener-pair', listener: 'above', by: 'serving' }));
});

test('a target group has the configured attributes that AWS takes for its protocol', () => {
  const [tcp, udp] = [routeOf('TCPRoute', 'db', forward('db')), routeOf('UDPRoute', 'dns', forward('dns'))];
  const targetGroupAttributes = { 'preserve_client_ip.enabled': 'true', 'proxy_protocol_v2.enabled': 'true' };
  const ports = [portOf('tcp', 5432, tcp), portOf('udp', 53, udp)];
  const asked = given(ports, [tcp, udp], { targetGroupAttributes });
  const { model, problems } = buildModel(asked, PLACEHOLDER_NETWORK, options);
  const attributes = model?.resources.flatMap((each) =>
    each.kind === 'target-group' ? [[each.spec.protocol, each.attributes['preserve_client_ip.enabled']]] : [],
  );
  expect(attributes).toEqual([
    ['TCP', 'true'],
    ['UDP', undefined],
  ]);
  expect(problems).toContainEqual({
    kind: 'attributes-without-effect',
    setting: 'targetGroupAttributes',
    attributes: ['preserve_client_ip.enabled'],
    plane: 'nlb',
    protocol: 'UDP',
  });
});

test('sticky sessions are left out of the target groups of a TLS listener, also if a TCP listener uses them, and said', () => {
  const [tcp, tls] = [routeOf('TCPRoute', 'db', forward('db')), routeOf('TLSRoute', 'db', forward('db'))];
  const secure = portsWith({ kind: 'tls' }, 'tls', { tlsMode: 'Terminate', routes: [routeId(tls.route)] });
  const settled = { targetGroupAttributes: { 'stickiness.enabled': 'true' } };
  const asked = given([portOf('tcp', 5432, tcp), secure], [tcp, tls], settled);
  const { model, problems } = buildModel(asked, PLACEHOLDER_NETWORK, options);
  const groups = model?.resources.flatMap((each) => (each.kind === 'target-group' ? [each.attributes] : []));
  expect(groups).toEqual([expect.not.objectContaining({ 'stickiness.enabled': 'true' })]);
  expect(problems.map(sentence)).toContainEqual(
    expect.stringContaining('TLS target groups do not support stickiness.enabled in'),
  );
});

test('a drain of unhealthy targets is left out if their connections are terminated anyway, and said', () => {
  const route = routeOf('TCPRoute', 'db', forward('db'));
  const built = (more: Readonly<Record<string, string>>) => {
    const interval = { 'target_health_state.unhealthy.draining_interval_seconds': '60', ...more };
    const asked = given([portOf('tcp', 5432, route)], [route], { targetGroupAttributes: interval });
    const { model, problems } = buildModel(asked, PLACEHOLDER_NETWORK, options);
    const [group] = model?.resources.filter((each) => each.kind === 'target-group') ?? [];
    return [
      Object.keys(group?.attributes ?? {}).length,
      problems.map(sentence).filter((each) => each.includes('drain')),
    ];
  };
  expect(built({})).toEqual([1, [expect.stringContaining('draining_interval_seconds')]]);
  expect(built({ 'target_health_state.unhealthy.connection_termination.enabled': 'false' })).toEqual([3, []]);
});

test('attributes that only ALBs have are left out of an NLB, and said', () => {
  const loadBalancerAttributes = { 'idle_timeout.timeout_seconds': '90', 'deletion_protection.enabled': 'true' };
  const asked = given([portOf('tcp', 5432)], [], { loadBalancerAttributes });
  const { model, problems } = buildModel(asked, PLACEHOLDER_NETWORK, options);
  const balancer = model?.resources.find((each) => each.kind === 'load-balancer');
  expect(balancer?.attributes).toEqual({
    'load_balancing.cross_zone.enabled': 'true',
    'deletion_protection.enabled': 'true',
  });
  expect(problems).toContainEqual({
    kind: 'attributes-without-effect',
    setting: 'loadBalancerAttributes',
    attributes: ['idle_timeout.timeout_seconds'],
    plane: 'nlb',
  });
});

test('attributes that only NLBs have are left out of an ALB, and said', () => {
  const asked = topology([httpPort([])], {
    loadBalancerAttributes: { 'load_balancing.cross_zone.enabled': 'false', 'idle_timeout.timeout_seconds': '90' },
    targetGroupAttributes: { 'proxy_protocol_v2.enabled': 'true' },
  });
  const { model, problems } = buildModel(asked, PLACEHOLDER_NETWORK, options);
  const balancer = model?.resources.find((each) => each.kind === 'load-balancer');
  expect(balancer?.attributes).toEqual({
    'routing.http.preserve_host_header.enabled': 'true',
    'idle_timeout.timeout_seconds': '90',
  });
  const lacks = { kind: 'attributes-without-effect', plane: 'alb' } as const;
  expect(problems).toEqual([
    { ...lacks, setting: 'loadBalancerAttributes', attributes: ['load_balancing.cross_zone.enabled'] },
    { ...lacks, setting: 'targetGroupAttributes', attributes: ['proxy_protocol_v2.enabled'] },
  ]);
});

test('more source ranges than rules leave every port of a new NLB out, and each listener says so', () => {
  const sourceRanges = Array.from({ length: 241 }, (_, index) => `198.51.${index}.0/24`);
  const { model, problems } = buildModel(
    given([portOf('tcp', 53)], [], { sourceRanges }),
    PLACEHOLDER_NETWORK,
    options,
  );
  expect(problems).toMatchObject([{ kind: 'too-many-ingress-rules', listener: 'tcp-53', ports: 0 }]);
  expect(model?.resources.flatMap((each) => (each.kind === 'security-group' ? [each.ingress] : []))).toEqual([[]]);
});

test('rules for ICMP are counted where the source ranges have become too many', () => {
  const sourceRanges = Array.from({ length: 80 }, (_, index) => `198.51.${index}.0/24`);
  const numbers = [53, 54, 55];
  const standing = { ...NOTHING_STANDS, ports: new Set(numbers.map((port) => `tcp/${port}` as const)) };
  const asked = given(
    numbers.map((port) => portOf('tcp', port)),
    [],
    { sourceRanges },
  );
  const { problems } = buildModel(asked, PLACEHOLDER_NETWORK, options, standing);
  expect(problems.map(sentence)).toEqual([
    expect.stringContaining('80 source ranges on 3 ports need 320 rules with those for ICMP'),
  ]);
});

test('an NLB does not take the ipAddressType that only ALBs have', () => {
  const asked = given([portOf('tcp', 5432)], [], { ipAddressType: 'dualstack-without-public-ipv4' });
  expect(buildModel(asked, PLACEHOLDER_NETWORK, options)).toEqual({
    problems: [{ kind: 'ip-address-type-unsupported', ipAddressType: 'dualstack-without-public-ipv4' }],
  });
});

test('UDP needs IPv6 in all subnets of a dual-stack load balancer, and TCP goes on without', () => {
  const subnets = ['subnet-00000000000000200', 'subnet-00000000000000201'];
  const network = {
    ...PLACEHOLDER_NETWORK,
    subnets: PLACEHOLDER_NETWORK.subnets.map((each) => ({ ...each, ipv6: each.id !== subnets[1] })),
  };
  const asked = given([portOf('tcp', 53), portOf('udp', 54)], [], { ipAddressType: 'dualstack', subnets });
  const { model, problems } = buildModel(asked, network, options);
  expect(listenersOf(model).map(({ spec }) => spec.protocol)).toEqual(['TCP']);
  expect(problems).toContainEqual({
    kind: 'udp-without-ipv6',
    listener: 'udp-54',
    field: 'protocol',
    subnets: [subnets[1]],
  });
});
