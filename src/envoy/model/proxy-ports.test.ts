import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ADMIN_PORT, proxyPorts, READY_PORT } from './proxy-ports.ts';

test('ports below 1024 are 10000 higher in the pod, and others are the same', () => {
  expect([...proxyPorts([80, 443, 8080])]).toEqual(
    expect.arrayContaining([
      [80, 10_080],
      [443, 10_443],
      [8080, 8080],
    ]),
  );
});

test('80 and 10080 may both be listeners, and neither moves when the other comes', () => {
  expect(proxyPorts([80, 10_080])).toEqual(
    new Map([
      [10_080, 10_080],
      [80, 20_080],
    ]),
  );
  const first = proxyPorts([80]);
  expect(proxyPorts([80, 10_080], first)).toEqual(
    new Map([
      [80, 10_080],
      [10_080, 20_080],
    ]),
  );
});

test("listeners do not take the ports of Envoy's administration", () => {
  expect([...proxyPorts([ADMIN_PORT, READY_PORT]).values()]).toEqual([ADMIN_PORT + 10_000, READY_PORT + 10_000]);
});

const port = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom(80, 10_080, 20_080, 443, 10_443, 19_000));

test('no two ports meet in the pod, and what has a place keeps it', () => {
  fc.assert(
    fc.property(fc.array(port, { maxLength: 64 }), fc.array(port, { maxLength: 64 }), (before, after) => {
      const first = proxyPorts(before);
      const second = proxyPorts(after, first);
      for (const mapping of [first, second]) {
        expect(new Set(mapping.values()).size).toBe(mapping.size);
        for (const at of mapping.values()) {
          expect(at).toBeGreaterThanOrEqual(1_024);
          expect([ADMIN_PORT, READY_PORT]).not.toContain(at);
        }
      }
      expect(new Set(second.keys())).toEqual(new Set(after));
      const kept = after.filter((each) => first.has(each));
      expect(kept.map((each) => second.get(each))).toEqual(kept.map((each) => first.get(each)));
    }),
  );
});

test('a new port does not get a place to which an old Service still leads from another port', () => {
  expect(proxyPorts([10_080], [[80, 10_080]])).toEqual(new Map([[10_080, 20_080]]));
  expect(proxyPorts([443], [[80, 10_443]])).toEqual(new Map([[443, 20_443]]));
});

test('if two Services disagree, the mapping of the first one counts', () => {
  const first = [80, 10_080] as const;
  const second = [80, 5000] as const;
  expect(proxyPorts([80], [first, second])).toEqual(new Map([first]));
  expect(proxyPorts([80], [second, first])).toEqual(new Map([second]));
});
