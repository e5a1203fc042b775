import { expect, test } from 'vitest';
import { corsOf, corsProblem } from './cors.ts';

test.each([
  ['*', { kind: 'any' }],
  ['https://www.Foo.com', { kind: 'host', scheme: 'https', host: 'www.foo.com' }],
  ['https://foo.com:443', { kind: 'host', scheme: 'https', host: 'foo.com' }],
  ['http://foo.com:443', { kind: 'host', scheme: 'http', host: 'foo.com', port: 443 }],
  ['http://foo.com:80', { kind: 'host', scheme: 'http', host: 'foo.com' }],
  ['https://*.foo.com:8443', { kind: 'host', scheme: 'https', host: '*.foo.com', port: 8443 }],
  ['http://*', { kind: 'host', scheme: 'http', host: '*' }],
])('%s is an origin', (origin, parsed) => {
  expect(corsProblem({ allowOrigins: [origin] })).toBeUndefined();
  expect(corsOf({ allowOrigins: [origin] }).origins).toEqual([parsed]);
});

test.each([
  '',
  'foo.com',
  'ftp://foo.com',
  'https://',
  'https://foo.com/',
  'https://foo.com:0',
  'https://foo.com:65536',
  'https://a.*.com',
  'https://*foo.com',
  'https://foo.com,https://bar.com',
  'https://foo.com\r\nx: y',
  'null',
])('"%s" is no origin', (origin) => {
  expect(corsProblem({ allowOrigins: ['*', origin] })).toEqual({ field: 'allowOrigins[1]', value: origin });
});

test('methods and headers are names', () => {
  expect(corsProblem({ allowMethods: ['GET', '*'], allowHeaders: ['*'], exposeHeaders: ["x-!#$%&'*+.^_`|~"] })).toBe(
    undefined,
  );
  expect(corsProblem({ allowMethods: ['GET', 'A B'] })).toEqual({ field: 'allowMethods[1]', value: 'A B' });
  expect(corsProblem({ allowHeaders: ['x,y'] })).toEqual({ field: 'allowHeaders[0]', value: 'x,y' });
  expect(corsProblem({ exposeHeaders: ['x\ny'] })).toEqual({ field: 'exposeHeaders[0]', value: 'x\ny' });
});

test('without values nothing is allowed, and browsers remember it for 5 seconds', () => {
  const none = { origins: [], credentials: false, methods: [], headers: [], exposed: [], maxAge: 5 };
  expect(corsOf({})).toEqual(none);
});
