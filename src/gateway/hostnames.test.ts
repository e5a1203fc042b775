import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareSpecificity, covers, intersection, overlaps, toHostname } from './hostnames.ts';

const label = fc.constantFrom('a', 'b', 'shop', 'example', 'com');
const exact = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const hostname = fc.oneof(
  exact,
  exact.map((suffix) => `*.${suffix}`),
  fc.constant(undefined),
);

test('a wildcard matches one label or many, but not its own suffix', () => {
  expect(covers('*.example.com', 'a.example.com')).toBe(true);
  expect(covers('*.example.com', 'a.b.example.com')).toBe(true);
  expect(covers('*.example.com', '*.b.example.com')).toBe(true);
  expect(covers('*.example.com', 'example.com')).toBe(false);
  expect(covers('*.example.com', 'badexample.com')).toBe(false);
  expect(covers('a.example.com', '*.example.com')).toBe(false);
});

test('the case of a hostname does not count, and an empty one is any host', () => {
  expect(toHostname('Shop.Example.COM')).toBe('shop.example.com');
  expect(toHostname('')).toBeUndefined();
});

test('two hostnames have the same intersection whichever comes first', () => {
  fc.assert(
    fc.property(hostname, hostname, (a, b) => {
      expect(overlaps(a, b)).toBe(overlaps(b, a));
      fc.pre(overlaps(a, b));
      expect(intersection(a, b)).toBe(intersection(b, a));
    }),
  );
});

test('a host is in the intersection when it is in both, and in no intersection of hostnames apart', () => {
  fc.assert(
    fc.property(hostname, hostname, exact, (a, b, host) => {
      const inBoth = covers(a, host) && covers(b, host);
      expect(overlaps(a, b) && covers(intersection(a, b), host)).toBe(inBoth);
    }),
  );
});

test('what another hostname covers is at least as specific', () => {
  fc.assert(
    fc.property(hostname, hostname, (a, b) => {
      fc.pre(a !== b && covers(a, b));
      expect(compareSpecificity(b, a)).toBeLessThan(0);
      expect(compareSpecificity(a, b)).toBeGreaterThan(0);
    }),
  );
});
