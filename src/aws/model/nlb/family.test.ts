import { expect, test } from 'vitest';
import type { IpFamily } from '../../../gateway/backend-service.ts';
import type { RouteAction } from '../../../gateway/route-action.ts';
import type { PortTopology, RouteTopology } from '../../../gateway/topology.ts';
import { sentence } from '../../words.ts';
import { buildModel } from '../build.ts';
import { planeOf } from '../form.ts';
import { resourceId } from '../naming.ts';
import { PLACEHOLDER_NETWORK } from '../placeholder-network.ts';
import { NOTHING_STANDS, type StandingForward } from '../standing.ts';
import { portOf, routeOf } from '../testing/connections.ts';
import { backend, options, settings, topology } from '../testing/sample.ts';
import { listenerFamily } from './family.ts';

const both = { families: ['IPv4', 'IPv6'] as const };

const forward = (...services: readonly Parameters<typeof backend>[1][]): RouteAction => ({
  kind: 'forward',
  backends: services.map((more, index) => ({ service: backend(`s${index}`, more), weight: 1, index })),
});

const targets = [{ targetGroup: resourceId('target-group/nlb-internal/shop/s0/80/0'), weight: 1 }];

/** The protocol of the listener on port 53, the IP versions of its groups, and what is said. */
function built(
  ports: readonly PortTopology[],
  routes: readonly RouteTopology[],
  stands?: Pick<StandingForward, 'protocol' | 'family'>,
) {
  const asked = {
    ...topology([]),
    settings: { ...settings, ipAddressType: 'dualstack' as const },
    planes: ports.map(planeOf),
    ports,
    routes,
  };
  const forwards = new Map(stands === undefined ? [] : [[53, { ...stands, targetGroups: targets }]]);
  const { model, problems } = buildModel(asked, PLACEHOLDER_NETWORK, options, { ...NOTHING_STANDS, forwards });
  return {
    listeners: model?.resources.flatMap((each) => (each.kind === 'listener' ? each.spec.protocol : [])),
    families: model?.resources.flatMap((each) => (each.kind === 'target-group' ? each.spec.ipAddressType : [])),
    said: problems.map(sentence),
  };
}

const tcpRoute = routeOf('TCPRoute', 'dns', forward(both));
const udpRoute = routeOf(
  'UDPRoute',
  'dns',
  forward({ ...both, transport: 'UDP', tcp: [{ port: 80, sameTarget: true, targetPort: 80 }] }),
  { created: '2026-01-01T00:00:00Z' },
);
const [tcp, udp] = [portOf('tcp', 53, tcpRoute), portOf('udp', 53, udpRoute)];

test('a UDP listener beside TCP that serves by IPv4 is refused in words, and TCP goes on', () => {
  const { said, ...others } = built([tcp, udp], [tcpRoute, udpRoute], { protocol: 'TCP', family: 'IPv4' });
  expect(others).toEqual({ listeners: ['TCP'], families: ['ipv4'] });
  expect(said).toEqual([
    expect.stringMatching(
      /^port 53 already serves "tcp-53" by IPv4\. .* would interrupt TCP for minutes\. Use another/,
    ),
    expect.stringMatching(
      /^this route gets no traffic on port 53, because the port already serves TCPRoute shop\/dns by IPv4\. /,
    ),
  ]);
});

test('TCP and UDP of a new port share IPv6 targets', () => {
  expect(built([tcp, udp], [tcpRoute, udpRoute])).toMatchObject({ listeners: ['TCP_UDP'], families: ['ipv6'] });
});

test('TCP that serves by IPv4 joins UDP if its Service has lost IPv4', () => {
  const only = { families: ['IPv6'] as const };
  const [a, b] = [
    routeOf('TCPRoute', 'dns', forward(only)),
    routeOf('UDPRoute', 'dns', forward({ ...only, transport: 'UDP', tcp: [{ port: 80, sameTarget: true }] })),
  ];
  const found = built([portOf('tcp', 53, a), portOf('udp', 53, b)], [a, b], { protocol: 'TCP', family: 'IPv4' });
  expect(found).toMatchObject({ listeners: ['TCP_UDP'], families: ['ipv6'] });
});

test('TCP that has served with UDP keeps its IPv6 targets when the UDP listener goes', () => {
  expect(built([tcp], [tcpRoute], { protocol: 'TCP_UDP', family: 'IPv6' }).families).toEqual(['ipv6']);
});

const wanted = (
  families: readonly (readonly IpFamily[])[],
  standing?: IpFamily,
  targetType: 'ip' | 'instance' = 'ip',
) =>
  listenerFamily(
    { ipAddressType: 'dualstack', targetType },
    { protocol: 'TCP', action: forward(...families.map((each) => ({ families: each }))) },
    standing,
  );

test.each([
  ['what serves', [['IPv6', 'IPv4']], 'IPv4', 'IPv4'],
  ['what the Service prefers, if nothing serves', [['IPv6', 'IPv4']], undefined, 'IPv6'],
  ['what all backends have', [['IPv4', 'IPv6'], ['IPv6']], undefined, 'IPv6'],
  ['what all backends have, also if another version serves', [['IPv4', 'IPv6'], ['IPv6']], 'IPv4', 'IPv6'],
  ['what serves, if the backends have none in common', [['IPv4'], ['IPv6']], 'IPv6', 'IPv6'],
] as const)('the targets of a TCP listener have %s', (_, families, standing, family) => {
  expect(wanted(families, standing)).toBe(family);
});

test('nodes are reached by IPv4 if the Service has it, because a node may have no primary IPv6 address', () => {
  expect(wanted([['IPv6', 'IPv4']], undefined, 'instance')).toBe('IPv4');
  expect(wanted([['IPv6']], undefined, 'instance')).toBe('IPv6');
});
