import { expect, test } from 'vitest';
import { GOLDEN_CAPABILITIES } from '../testing/golden.ts';
import { supportedFeatures } from './features.ts';

const none = { ...GOLDEN_CAPABILITIES, filters: [], redirectStatusCodes: [], matches: [], features: [] };

test('the features of a data plane are named once each, in ascending order', () => {
  const features = supportedFeatures({ ...GOLDEN_CAPABILITIES, features: ['HTTPRouteHostRewrite', 'ListenerSet'] });
  expect(features).toEqual([...new Set(features)].toSorted());
  expect(features).toContain('HTTPRouteMethodMatching');
  expect(features).toContain('ListenerSet');
});

test('no feature is promised that the data plane lacks', () => {
  expect(supportedFeatures(none).filter((name) => /Redirect|Rewrite|Matching/.test(name))).toEqual([]);
  expect(supportedFeatures({ ...none, redirectStatusCodes: [302, 307] })).toContain('HTTPRoute307RedirectStatusCode');
});
