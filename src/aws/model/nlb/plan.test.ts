import { expect, test } from 'vitest';
import type { RouteAction } from '../../../gateway/route-action.ts';
import { finish } from '../../../gateway/steps.ts';
import type { PortTopology, RouteTopology } from '../../../gateway/topology.ts';
import { sentence } from '../../words.ts';
import { modelContext } from '../context.ts';
import { resourceId } from '../naming.ts';
import { PLACEHOLDER_NETWORK } from '../placeholder-network.ts';
import { NOTHING_STANDS, type Standing } from '../standing.ts';
import { portOf, routeOf } from '../testing/connections.ts';
import { backend, forward, options, topology } from '../testing/sample.ts';
import { planPorts } from './plan.ts';

function plan(ports: readonly PortTopology[], routes: readonly RouteTopology[], standing: Standing = NOTHING_STANDS) {
  const context = modelContext({ ...topology([]), ports, routes }, PLACEHOLDER_NETWORK, options, 'nlb');
  const { planned, problems } = finish(planPorts(context, ports, standing));
  return {
    protocols: planned.map(({ protocol }) => protocol),
    stands: planned.map(({ stands }) => stands !== undefined),
    apart: planned.map(({ apart }) => apart),
    said: problems.map(sentence),
    problems: problems.map((problem) => [problem.kind, 'listener' in problem ? problem.listener : problem.kind]),
  };
}

const nobody: RouteAction = { kind: 'respond', statusCode: 500 };

/** A Service whose UDP port has the TCP port's targets. */
const dns = (transport: 'TCP' | 'UDP', weight: number): RouteAction => {
  const beside = { tcp: [{ port: 80, sameTarget: true }] };
  const service = backend('dns', transport === 'UDP' ? { transport, ...beside } : {});
  return { kind: 'forward', backends: [{ service, weight, index: 0 }] };
};

test('a UDPRoute without a valid backend does not take the port of a TCPRoute, though it is older', () => {
  const tcp = routeOf('TCPRoute', 'dns', dns('TCP', 1), { created: '2026-02-02T00:00:00Z' });
  const udp = routeOf('UDPRoute', 'dns', nobody, { created: '2026-01-01T00:00:00Z' });
  expect(plan([portOf('udp', 53, udp), portOf('tcp', 53, tcp)], [tcp, udp]).protocols).toEqual(['TCP']);
});

test('of two routes of one age and name the TCPRoute has the port', () => {
  const tcp = routeOf('TCPRoute', 'dns', forward('one'));
  const udp = routeOf('UDPRoute', 'dns', forward('two'));
  expect(plan([portOf('udp', 53, udp), portOf('tcp', 53, tcp)], [tcp, udp]).protocols).toEqual(['TCP']);
});

test('a ListenerSet does not take the port while the route of the Gateway is created again', () => {
  const udp = routeOf('UDPRoute', 'dns', forward('dns'));
  const ports = [portOf('udp', 53, udp, { precedence: 1 }), portOf('tcp', 53)];
  expect(plan(ports, [udp]).protocols).toEqual(['TCP']);
});

test.each([
  [1, 100],
  [50, 7],
])('weights are shares: %i and %i for the only Service are the same', (a, b) => {
  const [tcp, udp] = [routeOf('TCPRoute', 'dns', dns('TCP', a)), routeOf('UDPRoute', 'dns', dns('UDP', b))];
  expect(plan([portOf('tcp', 53, tcp), portOf('udp', 53, udp)], [tcp, udp])).toMatchObject({
    protocols: ['TCP_UDP'],
    problems: [],
  });
});

const unknownPair = () => {
  const named = backend('dns', { transport: 'UDP', tcp: [{ port: 80, sameTarget: false, isUnknown: true }] });
  const udpAction: RouteAction = { kind: 'forward', backends: [{ service: named, weight: 1, index: 0 }] };
  const routes = [routeOf('TCPRoute', 'dns', dns('TCP', 1)), routeOf('UDPRoute', 'dns', udpAction)] as const;
  return { routes, ports: [portOf('tcp', 53, routes[0]), portOf('udp', 53, routes[1])] };
};

test('target ports with unknown numbers do not count as the same, and the message asks for numbers', () => {
  const { ports, routes } = unknownPair();
  const { protocols, said } = plan(ports, routes);
  expect(protocols).toEqual(['TCP']);
  expect(said).toEqual([
    expect.stringMatching(/a targetPort of a Service is a name, .* Use numbers as target ports, or another port/),
    expect.stringMatching(/a targetPort of a Service is a name, .* Use numbers as target ports, another port/),
  ]);
});

test('a port for TCP and UDP stays as it is while the numbers of target ports are unknown', () => {
  const { ports, routes } = unknownPair();
  const targetGroups = [{ targetGroup: resourceId('target-group/nlb-internal/shop/dns/80/0'), weight: 1 }];
  const patience = { since: 1000, until: 61_000, isBegun: true, isOver: true };
  const forwards = new Map([[53, { protocol: 'TCP_UDP' as const, targetGroups, patience }]]);
  const found = plan(ports, routes, { ...NOTHING_STANDS, forwards });
  expect(found).toMatchObject({ protocols: ['TCP_UDP'], stands: [false], problems: [] });
});

test('1:1 and 1:2 are other shares', () => {
  const share = (transport: 'TCP' | 'UDP', weight: number): RouteAction => ({
    kind: 'forward',
    backends: [...forward('app').backends, { service: backend('dns'), weight, index: 1 }].map((each) => ({
      ...each,
      service: backend(
        each.index === 0 ? 'app' : 'dns',
        transport === 'UDP' ? { transport, tcp: [{ port: 80, sameTarget: true }] } : {},
      ),
    })),
  });
  const [tcp, udp] = [routeOf('TCPRoute', 'dns', share('TCP', 1)), routeOf('UDPRoute', 'dns', share('UDP', 2))];
  expect(plan([portOf('tcp', 53, tcp), portOf('udp', 53, udp)], [tcp, udp]).protocols).toEqual(['TCP']);
});

test.each([
  ['is only a moment old', false, ['TCP_UDP'], ['pair-differs', 'pair-differs']],
  ['has lasted', true, ['TCP'], ['listener-port-taken', 'port-taken-by-others']],
])('a port for TCP and UDP stays as it is while the difference of its routes %s', (_, isOver, protocols, kinds) => {
  const [tcp, udp] = [routeOf('TCPRoute', 'dns', forward('new')), routeOf('UDPRoute', 'dns', dns('UDP', 1))];
  const targetGroups = [{ targetGroup: resourceId('target-group/nlb-internal/shop/dns/80/0'), weight: 1 }];
  const patience = { since: 1000, until: 61_000, isBegun: true, isOver };
  const forwards = new Map([[53, { protocol: 'TCP_UDP' as const, targetGroups, patience }]]);
  const found = plan([portOf('tcp', 53, tcp), portOf('udp', 53, udp)], [tcp, udp], { ...NOTHING_STANDS, forwards });
  expect(found).toMatchObject({ protocols, stands: [!isOver] });
  expect(found.problems.map(([kind]) => kind)).toEqual(kinds);
});

test('a port for TCP and UDP whose UDP listener is removed does not wait', () => {
  const tcp = routeOf('TCPRoute', 'dns', dns('TCP', 1));
  const targetGroups = [{ targetGroup: resourceId('target-group/nlb-internal/shop/dns/80/0'), weight: 1 }];
  const patience = { since: 1000, until: 61_000, isBegun: true, isOver: false };
  const forwards = new Map([[53, { protocol: 'TCP_UDP' as const, targetGroups, patience }]]);
  const found = plan([portOf('tcp', 53, tcp)], [tcp], { ...NOTHING_STANDS, forwards });
  expect(found).toMatchObject({ protocols: ['TCP'], stands: [false], problems: [] });
});

const foreign = { targetGroup: resourceId('target-group/nlb-internal/bank/db/5432/0'), weight: 1 };
const standing = (protocol: 'TCP' | 'UDP', isPermitted: boolean): Standing => ({
  ...NOTHING_STANDS,
  forwards: new Map([[5432, { protocol, targetGroups: [foreign] }]]),
  isPermitted: () => isPermitted,
});
const unread = routeOf('TCPRoute', 'db', nobody, { rules: [], unread: true });

test.each([
  ['goes on if the ReferenceGrant is there', 'TCP', true, true],
  ['gets no answer if the ReferenceGrant went', 'TCP', false, false],
  ['is not that of UDP', 'UDP', true, false],
] as const)('what a TCPRoute has that cannot be read %s', (_, protocol, isPermitted, stands) => {
  const found = plan([portOf('tcp', 5432, unread)], [unread], standing(protocol, isPermitted));
  expect(found).toMatchObject({ protocols: ['TCP'], stands: [stands] });
});

test.each([
  ['goes on if it has begun', true, { since: 1000 }],
  ['does not begin', false, undefined],
])('while a route of a port for TCP and UDP cannot be read, the minute %s', (_, isBegun, apart) => {
  const [tcp, udp] = [unread, routeOf('UDPRoute', 'db', dns('UDP', 1))];
  const targetGroups = [{ targetGroup: resourceId('target-group/nlb-internal/shop/dns/80/0'), weight: 1 }];
  const patience = { since: 1000, until: 61_000, isBegun, isOver: isBegun };
  const forwards = new Map([[5432, { protocol: 'TCP_UDP' as const, targetGroups, patience }]]);
  const ports = [portOf('tcp', 5432, tcp), portOf('udp', 5432, udp)];
  const found = plan(ports, [tcp, udp], { ...NOTHING_STANDS, forwards });
  expect(found).toMatchObject({ protocols: ['TCP_UDP'], stands: [true], apart: [apart] });
});
