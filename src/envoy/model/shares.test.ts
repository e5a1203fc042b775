import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TopologyBackend } from '../../gateway/route-action.ts';
import { service } from '../../gateway/testing/sample.ts';
import { sharesOf } from './shares.ts';

const route = { kind: 'HTTPRoute' } as const;
const rewrite = { hostname: 'other.com' };

const backends = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1_000_000 }), fc.boolean()), { minLength: 1, maxLength: 16 })
  .map((all) =>
    all.map(
      ([weight, rewrites], index): TopologyBackend => ({
        service: service(`app-${index}`),
        weight,
        index,
        ...(rewrites && { rewrite }),
      }),
    ),
  );

test('each backend gets its share, on a route of its own', () => {
  fc.assert(
    fc.property(backends, (all) => {
      const weighted = all.filter(({ weight }) => weight > 0);
      fc.pre(weighted.some((each) => each.rewrite !== undefined));
      const action = { kind: 'forward' as const, backends: all };
      const shares = sharesOf(action, route);
      expect(shares.map(({ action: of }) => of.kind === 'forward' && of.backends.map(({ index }) => index))).toEqual(
        weighted.map(({ index }) => [index]),
      );
      const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
      const ends = [0, ...shares.map(({ upTo = 1_000_000 }) => upTo)];
      for (const [index, { weight }] of weighted.entries()) {
        const share = (ends[index + 1] ?? 0) - (ends[index] ?? 0);
        expect(Math.abs(share - (weight / total) * 1_000_000)).toBeLessThanOrEqual(1);
      }
      expect(shares.at(-1)?.upTo).toBeUndefined();
    }),
  );
});

test('without such filters, all backends are on one route', () => {
  const action = {
    kind: 'forward' as const,
    backends: [
      { service: service('app'), weight: 1, index: 0 },
      { service: service('other'), weight: 2, index: 1 },
      { service: service('none'), weight: 0, index: 2, rewrite },
    ],
  };
  expect(sharesOf(action, route)).toEqual([{ action }]);
});

test('an invalid backend answers for its share, as its kind of route has it', () => {
  const action = {
    kind: 'forward' as const,
    backends: [
      { service: service('app'), weight: 1, index: 0, rewrite },
      { weight: 1, index: 1 },
    ],
  };
  expect(sharesOf(action, route)[1]).toEqual({ action: { kind: 'respond', statusCode: 500 } });
  expect(sharesOf(action, { kind: 'GRPCRoute' })[1]).toEqual({ action: { kind: 'respond', statusCode: 503 } });
});
