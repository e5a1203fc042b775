// Envoy answers every request as the Gateway API says it.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { routeId } from '../../gateway/route-id.ts';
import { answering, listenerFor, plainHost, type SampleRequest } from '../../gateway/testing/reference.ts';
import type { PortTopology, RouteTopology, Topology } from '../../gateway/topology.ts';
import { chainFor, routeFor } from './testing/reference-envoy.ts';
import { httpTopology, modelOf, type RuleSketch, route } from './testing/sample.ts';

// Few of each, so that many have to do with each other.
const hostnames = ['a.com', 'x.a.com', '*.a.com', '*.x.a.com', '*.com'];
const paths = [
  { type: 'PathPrefix', value: '/' },
  { type: 'PathPrefix', value: '/a' },
  { type: 'PathPrefix', value: '/a/b' },
  { type: 'Exact', value: '/a' },
  { type: 'RegularExpression', value: '/[bc]$' },
] as const;

const rule: fc.Arbitrary<RuleSketch> = fc
  .array(
    fc.record(
      {
        path: fc.constantFrom(...paths),
        method: fc.constantFrom('GET', 'POST'),
        headers: fc.constantFrom(
          [{ type: 'Exact' as const, name: 'x', value: '1' }],
          [{ type: 'RegularExpression' as const, name: 'x', value: '[12]' }],
        ),
        queryParams: fc.constant([{ type: 'Exact' as const, name: 'q', value: '1' }]),
      },
      { requiredKeys: ['path'] },
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((matches) => ({ matches }));

const routes: fc.Arbitrary<readonly RouteTopology[]> = fc
  .array(
    fc.record({
      rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
      names: fc.uniqueArray(fc.constantFrom(...hostnames), { maxLength: 2 }),
      created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((all) =>
    all.map(({ rules, names, created }, index) => route(`r${index}`, rules, { hostnames: names, created })),
  );

const topologies = (tls: boolean): fc.Arbitrary<Topology> =>
  fc
    .record({
      routes,
      names: fc.uniqueArray(fc.constantFrom(undefined, ...hostnames), { minLength: 1, maxLength: 4 }),
      attached: fc.array(fc.nat(31), { minLength: 4, maxLength: 4 }),
    })
    .map(({ routes: all, names, attached }) =>
      httpTopology(
        names.map((hostname, index) => ({
          name: `l${index}`,
          ...(hostname !== undefined && { hostname }),
          routes: all
            .filter((_, place) => ((attached[index] ?? 0) >> place) % 2 === 0)
            .map((each) => routeId(each.route)),
        })),
        all,
        { tls },
      ),
    );

const hosts = ['a.com', 'x.a.com', 'y.x.a.com', 'y.a.com', 'Y.A.com:8080', 'b.com', 'a.org'];

const request: fc.Arbitrary<SampleRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  host: fc.constantFrom(...hosts),
  path: fc.constantFrom('/', '/a', '/a/', '/ab', '/a/b', '/a/b/c', '/c'),
  headers: fc.constantFrom<Record<string, string>>({}, { x: '1' }, { x: '2' }),
  query: fc.constantFrom<Record<string, string>>({}, { q: '1' }),
});

const portOf = ({ ports: [port] }: Topology): PortTopology => {
  if (port === undefined) throw new Error('a topology without a port');
  return port;
};

/** The name of the route that Envoy should take. */
function expected(topology: Topology, listener: PortTopology['listeners'][number], sample: SampleRequest): string {
  const found = answering(listener, topology.routes, sample);
  return found === undefined ? '404' : `${routeId(found.route)}/${found.ruleIndex}/${found.matchIndex}`;
}

test('on an HTTP port, the rule answers that the Gateway API names', () => {
  fc.assert(
    fc.property(topologies(false), fc.array(request, { minLength: 30, maxLength: 30 }), (topology, samples) => {
      const { snapshot, problems } = modelOf(topology);
      expect(problems).toEqual([]);
      for (const sample of samples) {
        const listener = listenerFor(portOf(topology), plainHost(sample.host));
        const answer = routeFor(snapshot, 'http/80', sample)?.name ?? '404';
        expect(answer).toBe(listener === undefined ? '404' : expected(topology, listener, sample));
      }
    }),
    { numRuns: 200 },
  );
});

test('on an HTTPS port, hosts of other listeners are misdirected, and hosts of nobody are not found', () => {
  const connection = fc.record({ serverName: fc.constantFrom(...hosts.map(plainHost)), sample: request });
  fc.assert(
    fc.property(topologies(true), fc.array(connection, { minLength: 30, maxLength: 30 }), (topology, samples) => {
      const { snapshot } = modelOf(topology);
      for (const { serverName, sample } of samples) {
        const chain = chainFor(snapshot, 'tcp/80', serverName);
        const connected = listenerFor(portOf(topology), serverName);
        expect(chain).toBe(connected && `http/80/${connected.name}`);
        if (chain === undefined || connected === undefined) continue;
        const owner = listenerFor(portOf(topology), plainHost(sample.host));
        const answer = routeFor(snapshot, chain, sample)?.name ?? '404';
        const right = owner === connected ? expected(topology, connected, sample) : 'misdirected';
        expect(answer).toBe(owner === undefined ? '404' : right);
      }
    }),
    { numRuns: 200 },
  );
});
