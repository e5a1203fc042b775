// What a rule may ask of a provider, and whether the provider claims that it can do it.
import type { Provider } from '../provider.ts';

interface Claim {
  readonly isMade: (provider: Pick<Provider, 'capabilities'>) => boolean;
  /** What a rule has that makes use of it. */
  readonly rule: object;
}

type HttpCapabilities = Provider['capabilities']['http'];

const claim = (isMade: (http: HttpCapabilities) => boolean, rule: object): Claim => ({
  isMade: ({ capabilities }) => isMade(capabilities.http),
  rule,
});

const matching = (match: HttpCapabilities['matches'][number], value: object): Claim =>
  claim(({ matches }) => matches.includes(match), { matches: [value] });

const redirecting = (statusCode: number): Claim =>
  claim(
    ({ filters, redirectStatusCodes }) =>
      filters.includes('RequestRedirect') && redirectStatusCodes.includes(statusCode),
    {
      backendRefs: [],
      filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'example.com', statusCode } }],
    },
  );

const filtering = (type: string, filter: object): Claim =>
  claim(({ filters }) => filters.includes(type), { filters: [{ type, ...filter }] });

export const claims: readonly Claim[] = [
  matching('path-exact', { path: { type: 'Exact', value: '/a' } }),
  matching('path-prefix', { path: { type: 'PathPrefix', value: '/a' } }),
  matching('path-regex', { path: { type: 'RegularExpression', value: '/a.*' } }),
  matching('header', { headers: [{ name: 'x-a', value: 'a' }] }),
  matching('header-regex', { headers: [{ name: 'x-a', type: 'RegularExpression', value: 'a+' }] }),
  matching('query', { queryParams: [{ name: 'a', value: '1' }] }),
  matching('query-regex', { queryParams: [{ name: 'a', type: 'RegularExpression', value: '1+' }] }),
  matching('method', { method: 'GET' }),
  ...[301, 302, 303, 307, 308].map(redirecting),
  filtering('URLRewrite', { urlRewrite: { hostname: 'example.com' } }),
  filtering('RequestHeaderModifier', { requestHeaderModifier: { remove: ['x-a'] } }),
  filtering('RequestMirror', { requestMirror: { backendRef: { name: 'stock', port: 80 } } }),
];
