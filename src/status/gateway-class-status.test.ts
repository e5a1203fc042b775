import { expect, test } from 'vitest';
import { inventedWords } from '../provider/testing/invented.ts';
import { apiFinding } from './api-findings.ts';
import { gatewayClassConditions } from './gateway-class-status.ts';

const missing: { readonly needed: readonly string[]; readonly optional: readonly string[] } = {
  needed: [],
  optional: [],
};
const known = { supported: true, found: ['v1.7.0'], missing };

test('a class with good parameters and known CRDs is accepted', () => {
  expect(gatewayClassConditions([], known)).toMatchObject([
    { type: 'Accepted', status: 'True', reason: 'Accepted' },
    { type: 'SupportedVersion', status: 'True', reason: 'SupportedVersion' },
  ]);
});

test('a class says which of its parameters are wrong', () => {
  const problem = { kind: 'parameters-invalid', on: 'class', reference: 'Lamp infra/all' } as const;
  const [accepted] = gatewayClassConditions(
    [
      { ...problem, field: 'colour', detail: 'must be white or red' },
      { ...problem, field: 'lamps[1]', detail: 'must be a lamp' },
    ].map((each) => apiFinding(each, inventedWords)),
    known,
  );
  expect(accepted).toMatchObject({ status: 'False', reason: 'InvalidParameters' });
  expect(accepted?.message).toMatch(/invalid at spec\.colour: must .* invalid at spec\.lamps\[1\]: must/);
});

test('a class is accepted even if the CRDs have an unknown version, and its condition names the version', () => {
  const [accepted, version] = gatewayClassConditions([], { supported: false, found: ['v9.0.0'], missing });
  expect(accepted).toMatchObject({ type: 'Accepted', status: 'True' });
  expect(version).toMatchObject({ type: 'SupportedVersion', status: 'False', reason: 'UnsupportedVersion' });
  expect(version?.message).toContain('v9.0.0');
});

test('a class says which kinds are missing, and whether Gateways need them', () => {
  const lacking = (kinds: Partial<typeof missing>) =>
    gatewayClassConditions([], { ...known, missing: { ...missing, ...kinds } })[1];
  expect(lacking({ needed: ['HTTPRoute'] })).toMatchObject({
    status: 'False',
    message: expect.stringContaining('HTTPRoute, which Gateways need'),
  });
  expect(lacking({ optional: ['ListenerSet'] })).toMatchObject({
    status: 'True',
    message: expect.stringContaining('Not installed, and not needed: ListenerSet.'),
  });
});
