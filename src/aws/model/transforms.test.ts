import { expect, test } from 'vitest';
import { transformed } from './testing/reference-alb.ts';
import { requestMatch } from './testing/sample.ts';
import { ruleTransforms } from './transforms.ts';

const rewritten = (prefix: string, value: string, url: string): string =>
  (ruleTransforms({ path: { kind: 'prefix', value } }, requestMatch({ path: { value: prefix } })).value ?? []).reduce(
    (subject, transform) => transformed(transform, subject),
    url,
  );

// The table of HTTPPathModifier, and beyond.
test.each([
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
  ['/foo', '/foo', '/xyz', '/xyz'],
  ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo/bar', '/foo', '', '/bar'],
  ['/foo/', '/foo', '', '/'],
  ['/foo', '/foo', '', '/'],
  ['/foo/', '/foo', '/', '/'],
  ['/foo', '/foo', '/', '/'],
  ['/foo?a=/foo', '/foo', '/', '/?a=/foo'],
  ['/foo/foo', '/foo', '/', '/foo'],
  ['/foo?q=1', '/foo', '/bar', '/bar?q=1'],
  ['/x?q=1', '/', '/bar', '/bar/x?q=1'],
  ['/', '/', '/bar', '/bar/'],
  ['/a.b/c', '/a.b', '/d', '/d/c'],
  ['/same/x', '/same/', '/same', '/same/x'],
])('%s with the prefix %s replaced by %s becomes %s', (url, prefix, value, expected) => {
  expect(rewritten(prefix, value, url)).toBe(expected);
});

test.each([
  ['/one/two', '/new'],
  ['/one?x=1', '/new?x=1'],
  ['/?u=/a?b', '/new?u=/a?b'],
])('a full path takes the place of that of %s: %s', (url, expected) => {
  const [transform, ...others] = ruleTransforms({ path: { kind: 'full', value: '/new' } }, requestMatch()).value ?? [];
  expect(others).toEqual([]);
  expect(transform && transformed(transform, url)).toBe(expected);
});

test('a hostname takes the place of the whole Host header', () => {
  const [transform] = ruleTransforms({ hostname: 'b.example.org' }, requestMatch()).value ?? [];
  expect(transform?.kind).toBe('host-header-rewrite');
  expect(transform && transformed(transform, 'a.example.com:8080')).toBe('b.example.org');
});

test('a path that AWS would take for a group is refused', () => {
  expect(ruleTransforms({ path: { kind: 'full', value: '/a$1' } }, requestMatch()).shortfalls).toMatchObject([
    { kind: 'rewrite-unsupported', why: { kind: 'group', replacement: '/a$1' } },
  ]);
});

test('a path that is too long for AWS is refused', () => {
  expect(
    ruleTransforms({ path: { kind: 'full', value: `/${'a'.repeat(1024)}` } }, requestMatch()).shortfalls,
  ).toMatchObject([{ kind: 'rewrite-unsupported', why: { kind: 'too-long', limit: 1024 } }]);
});
