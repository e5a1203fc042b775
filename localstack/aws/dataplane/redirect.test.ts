// docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#redirect-actions
import { expect, test } from 'vitest';
import { redirectLocation } from './redirect.ts';

const url = { protocol: 'HTTP', host: 'example.com:8080', port: 8080, path: '/a/b', query: 'q=1' } as const;
const same = { Protocol: '#{protocol}', Host: '#{host}', Port: '#{port}', Path: '/#{path}', Query: '#{query}' };

test.each([
  ['keeps what it does not change', {}, 'http://example.com:8080/a/b?q=1'],
  ['to HTTPS has the port', { Protocol: 'HTTPS', Port: '443' }, 'https://example.com:443/a/b?q=1'],
  ['fills keywords within a path', { Path: '/new/#{path}/#{host}' }, 'http://example.com:8080/new/a/b/example.com?q=1'],
  ['adds to the query', { Query: '#{query}&from=#{port}' }, 'http://example.com:8080/a/b?q=1&from=8080'],
  ['drops the query', { Query: '' }, 'http://example.com:8080/a/b'],
  ['leaves an unknown keyword', { Path: '/#{nope}' }, 'http://example.com:8080/#{nope}?q=1'],
])('a redirect %s', (_, changes, location) => {
  expect(redirectLocation({ ...same, StatusCode: 'HTTP_301', ...changes }, url)).toBe(location);
});
