import { expect, test } from 'vitest';
import { BUNDLE_VERSION_ANNOTATION, supportedVersion } from './supported-version.ts';

const crd = (version: string): Readonly<Record<string, string>> => ({ [BUNDLE_VERSION_ANNOTATION]: version });

test('the versions that we know are supported, release candidates included', () => {
  expect(supportedVersion([crd('v1.7.0'), crd('v1.4.1'), crd('v1.7.0-rc.1')])).toEqual({
    supported: true,
    found: ['v1.4.1', 'v1.7.0', 'v1.7.0-rc.1'],
  });
});

test.each(['v1.3.0', 'v1.8.0', 'v2.0.0', 'v1.70.0', 'main', ''])(
  'one CRD of version "%s" is not supported',
  (version) => {
    expect(supportedVersion([crd('v1.7.0'), crd(version)]).supported).toBe(false);
  },
);

test('a CRD that does not say its version is not supported, and neither is a cluster without any', () => {
  expect(supportedVersion([crd('v1.7.0'), undefined])).toEqual({ supported: false, found: ['unknown', 'v1.7.0'] });
  expect(supportedVersion([]).supported).toBe(false);
});
