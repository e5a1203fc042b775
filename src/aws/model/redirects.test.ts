import { expect, test } from 'vitest';
import type { Redirect } from '../../gateway/route-action.ts';
import { redirectAction } from './redirects.ts';
import { requestMatch } from './testing/sample.ts';

const http = { port: 80, protocol: 'HTTP' } as const;
const https = { port: 443, protocol: 'HTTPS' } as const;

const redirect = (more: Partial<Redirect>, port: typeof http | typeof https = http, hostname?: string, prefix = '/') =>
  redirectAction({ statusCode: 302, ...more }, port, {
    match: requestMatch({ path: { value: prefix } }),
    ...(hostname !== undefined && { hostname }),
  });

test('a redirect to HTTPS keeps host, path and query', () => {
  expect(redirect({ scheme: 'https', port: 443, statusCode: 301 }).value).toEqual({
    kind: 'redirect',
    protocol: 'HTTPS',
    host: '#{host}',
    port: '443',
    path: '/#{path}',
    query: '#{query}',
    statusCode: 'HTTP_301',
  });
});

test('a redirect to another host keeps the rest', () => {
  expect(redirect({ hostname: 'b.com' }).value).toMatchObject({
    protocol: '#{protocol}',
    host: 'b.com',
    port: '#{port}',
    path: '/#{path}',
    statusCode: 'HTTP_302',
  });
});

test.each([
  ['/', { kind: 'full', value: '/new' }, '/new'],
  ['/', { kind: 'full', value: 'new' }, '/new'],
  ['/', { kind: 'prefix', value: '/new' }, '/new/#{path}'],
  ['/v1', { kind: 'prefix', value: '/api/v1' }, '/api/#{path}'],
  ['/v1', { kind: 'prefix', value: '/v1' }, '/#{path}'],
] as const)('to another host, %s with the path %o is %s', (prefix, path, expected) => {
  expect(redirect({ hostname: 'b.com', path }, http, undefined, prefix).value?.path).toBe(expected);
});

test('a full path alone is a redirect', () => {
  expect(redirect({ path: { kind: 'full', value: '/new' } }).value?.path).toBe('/new');
});

test.each([
  ['HTTPS to HTTP', { scheme: 'http' }, https, undefined, { kind: 'https-to-http' }],
  [
    'a longer prefix on the same host',
    { path: { kind: 'prefix', value: '/b' } },
    http,
    undefined,
    { kind: 'only-prefix' },
  ],
  [
    'a long path',
    { path: { kind: 'full', value: `/${'a'.repeat(128)}` } },
    http,
    undefined,
    { kind: 'too-long', limit: 128 },
  ],
] as const)('a redirect to %s is refused', (_, more, port, hostname, why) => {
  expect(redirect(more, port, hostname)).toEqual({
    shortfalls: [{ kind: 'redirect-unsupported', field: 'filters', why }],
  });
});

test('a redirect that would replace a prefix by another one is refused', () => {
  const more = { hostname: 'b.com', path: { kind: 'prefix', value: '/b' } } as const;
  expect(redirect(more, http, undefined, '/a').shortfalls).toMatchObject([{ why: { kind: 'prefix-replaced' } }]);
});

test.each([
  ['the same URL', { scheme: 'https', port: 443 }, https, undefined],
  ['its own host', { hostname: 'a.com' }, http, 'a.com'],
] as const)('a redirect to %s leads to itself', (_, more, port, hostname) => {
  expect(redirect(more, port, hostname).shortfalls).toEqual([{ kind: 'redirect-to-itself', field: 'filters' }]);
});
