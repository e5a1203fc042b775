import { expect, test } from 'vitest';
import { gatewayClassConditions } from './gateway-class-status.ts';

const known = { supported: true, detail: 'The CRDs are known.' };

test('a class with good parameters and known CRDs is accepted', () => {
  expect(gatewayClassConditions([], known)).toMatchObject([
    { type: 'Accepted', status: 'True', reason: 'Accepted' },
    { type: 'SupportedVersion', status: 'True', reason: 'SupportedVersion', message: 'The CRDs are known.' },
  ]);
});

test('a class says which of its parameters are wrong', () => {
  const problem = { on: 'class', reference: 'LoadBalancerConfiguration infra/all' } as const;
  const [accepted] = gatewayClassConditions(
    [
      { ...problem, kind: 'parameters-invalid', field: 'scheme', detail: 'must be internal or internet-facing' },
      { ...problem, kind: 'parameters-invalid', field: 'subnets[1]', detail: 'must be a subnet id' },
    ],
    known,
  );
  expect(accepted).toMatchObject({ status: 'False', reason: 'InvalidParameters' });
  expect(accepted?.message).toMatch(/invalid at spec\.scheme: must .* invalid at spec\.subnets\[1\]: must/);
});

test('CRDs of an unknown version do not keep a class from being accepted, and are told', () => {
  expect(gatewayClassConditions([], { supported: false, detail: 'The CRDs are of v9.' })).toMatchObject([
    { type: 'Accepted', status: 'True' },
    { type: 'SupportedVersion', status: 'False', reason: 'UnsupportedVersion', message: 'The CRDs are of v9.' },
  ]);
});
