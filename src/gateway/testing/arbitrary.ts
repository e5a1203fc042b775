// Random topologies and requests, for the properties that all planes have.
import * as fc from 'fast-check';
import { routeId } from '../route-id.ts';
import type { RouteTopology, Topology } from '../topology.ts';
import type { SampleRequest } from './reference.ts';
import { httpTopology, type RuleSketch, route } from './sample.ts';

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

export const topologies = (tls: boolean): fc.Arbitrary<Topology> =>
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

export const hosts = ['a.com', 'x.a.com', 'y.x.a.com', 'y.a.com', 'Y.A.com:8080', 'b.com', 'a.org'];

export const requests: fc.Arbitrary<SampleRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  host: fc.constantFrom(...hosts),
  path: fc.constantFrom('/', '/a', '/a/', '/ab', '/a/b', '/a/b/c', '/c'),
  headers: fc.constantFrom<Record<string, string>>({}, { x: '1' }, { x: '2' }),
  query: fc.constantFrom<Record<string, string>>({}, { q: '1' }),
});
