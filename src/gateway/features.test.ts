import { expect, test } from 'vitest';
import type { HttpCapabilities } from './capabilities.ts';
import { supportedFeatures } from './features.ts';
import type { ServableProtocol } from './listener-protocols.ts';

const none: HttpCapabilities = {
  filters: [],
  backendFilters: [],
  backendRewrites: false,
  redirectStatusCodes: [],
  ruleFields: [],
  matches: [],
  backendProtocols: [],
  backendTls: false,
};
const some: HttpCapabilities = { ...none, filters: ['RequestRedirect', 'URLRewrite'], matches: ['method'] };
const featuresOf = (http: HttpCapabilities, unclaimed = {}) =>
  supportedFeatures({ certificateKeys: [], protocols: ['HTTP'], http }, unclaimed);

test('the features of a data plane are named once each, in ascending order', () => {
  const features = featuresOf(some);
  expect(features).toEqual([...new Set(features)].toSorted());
  expect(features).toContain('HTTPRouteMethodMatching');
});

test('no feature is promised that the data plane lacks', () => {
  expect(featuresOf(none).filter((name) => /Redirect|Rewrite|MethodMatching|Query|Protocol/.test(name))).toEqual([]);
  expect(featuresOf({ ...none, redirectStatusCodes: [302, 307] })).toContain('HTTPRoute307RedirectStatusCode');
});

test('a data plane names the features that follow from no other capability', () => {
  expect(supportedFeatures({ certificateKeys: [], protocols: ['HTTP'], http: none, features: ['A'] }, {})).toContain(
    'A',
  );
});

test('GRPCRoute is promised where a listener takes it', () => {
  const claimed = (excluded: readonly ServableProtocol[]) => {
    const excludedKinds = Object.fromEntries(excluded.map((protocol) => [protocol, ['GRPCRoute' as const]]));
    return supportedFeatures({ certificateKeys: [], protocols: ['HTTP', 'HTTPS'], excludedKinds, http: none }, {});
  };
  expect(claimed(['HTTP'])).toContain('GRPCRoute');
  expect(claimed(['HTTP', 'HTTPS'])).not.toContain('GRPCRoute');
});

test('a route kind is promised for each protocol that a data plane has', () => {
  const of = (protocols: readonly ServableProtocol[]) =>
    supportedFeatures({ certificateKeys: [], protocols, http: none }, {}).filter((name) =>
      /^(TCP|UDP|TLS)Route/.test(name),
    );
  expect(of(['HTTP', 'HTTPS'])).toEqual([]);
  expect(of(['TCP', 'UDP'])).toEqual(['TCPRoute', 'UDPRoute']);
  expect(of(['TLS'])).toEqual(['TLSRoute', 'TLSRouteModeMixed', 'TLSRouteModeTerminate']);
});

test('no feature is promised whose test the data plane fails', () => {
  const unclaimed = { HTTPRouteHostRewrite: 'its test also changes request headers' };
  const features = featuresOf(some, unclaimed);
  expect(features).not.toContain('HTTPRouteHostRewrite');
  expect(features).toContain('HTTPRoutePathRewrite');
});

test('a plane with all filters promises what their tests need, and a GRPCRoute has its own', () => {
  const filters = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror'];
  const features = featuresOf({ ...none, filters, backendFilters: filters, ruleFields: ['timeouts'] });
  expect(features).toEqual(
    expect.arrayContaining([
      'GRPCRouteRequestHeaderModifier',
      'HTTPRouteBackendRequestHeaderModification',
      'HTTPRouteBackendTimeout',
      'HTTPRouteRequestPercentageMirror',
      'HTTPRouteRequestTimeout',
      'HTTPRouteResponseHeaderModification',
    ]),
  );
  expect(featuresOf(some)).not.toContain('GRPCRouteRequestHeaderModifier');
});
