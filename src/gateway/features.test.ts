import { expect, test } from 'vitest';
import { GOLDEN_CAPABILITIES } from '../testing/golden.ts';
import { supportedFeatures } from './features.ts';

const none = { ...GOLDEN_CAPABILITIES, filters: [], redirectStatusCodes: [], matches: [], backendProtocols: [] };

test('the features of a data plane are named once each, in ascending order', () => {
  const features = supportedFeatures(GOLDEN_CAPABILITIES);
  expect(features).toEqual([...new Set(features)].toSorted());
  expect(features).toContain('HTTPRouteMethodMatching');
});

test('no feature is promised that the data plane lacks', () => {
  expect(supportedFeatures(none).filter((name) => /Redirect|Rewrite|MethodMatching|Query|Protocol/.test(name))).toEqual(
    [],
  );
  expect(supportedFeatures({ ...none, redirectStatusCodes: [302, 307] })).toContain('HTTPRoute307RedirectStatusCode');
});

test('no feature is promised whose test the data plane fails', () => {
  const unclaimed = { HTTPRouteHostRewrite: 'its test also changes request headers' };
  const features = supportedFeatures({ ...GOLDEN_CAPABILITIES, unclaimed });
  expect(features).not.toContain('HTTPRouteHostRewrite');
  expect(features).toContain('HTTPRoutePathRewrite');
});
