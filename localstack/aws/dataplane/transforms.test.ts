// docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
import { expect, test } from 'vitest';
import type { RuleTransform } from '../elbv2/transforms.ts';
import { transform } from './transforms.ts';

const host = (Regex: string, Replace: string): RuleTransform => ({
  Type: 'host-header-rewrite',
  HostHeaderRewriteConfig: { Rewrites: [{ Regex, Replace }] },
});
const url = (Regex: string, Replace: string): RuleTransform => ({
  Type: 'url-rewrite',
  UrlRewriteConfig: { Rewrites: [{ Regex, Replace }] },
});
const request = { host: 'mywebsite-example.com', url: '/dp/B09G3HRMW?x=1' };

test.each<[string, RuleTransform[], { host?: string; url?: string }]>([
  [
    'a host by a group',
    [host('^mywebsite-(.+).com$', 'internal.dev.$1.myweb.com')],
    { host: 'internal.dev.example.myweb.com' },
  ],
  [
    'path and query by groups',
    [url('^/dp/(.+)\\?x=(.+)$', '/product.php?id=$1&x=$2')],
    { url: '/product.php?id=B09G3HRMW&x=1' },
  ],
  ['only what matches', [url('^/dp', '')], { url: '/B09G3HRMW?x=1' }],
  ['nothing where nothing matches', [url('^/other', '/x'), host('^other', 'y')], {}],
  ['a digit after a group that is the last', [url('^/(dp)', '/$11')], { url: '/dp1/B09G3HRMW?x=1' }],
  ['nothing of an expression that explodes', [url('^(/?[a-zA-Z0-9?=]*)*!$', '/')], {}],
  ['a dollar sign without a group as itself', [url('^/dp', '/$&')], { url: '/$&/B09G3HRMW?x=1' }],
])('rewrites %s', (_, transforms, changes) => {
  expect(transform(transforms, request)).toEqual({ ...request, ...changes });
});

test.each([
  ['a URL without a slash', url('^/dp/', '')],
  ['a URL with a space', url('dp', 'a b')],
  ['a host with a slash', host('^.*$', 'a/b')],
])('%s comes out as a failure', (_, failing) => {
  expect(transform([failing], request)).toBeUndefined();
});
