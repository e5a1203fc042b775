import { expect, test } from 'vitest';
import { GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS, loadCases } from '../testing/golden.ts';
import { routedBackends } from './routed-backends.ts';
import { translate } from './translate.ts';

const inputs = loadCases().flatMap((each) => each.inputs);

test('every Service port that a load balancer forwards to is known without the settings and the listeners', () => {
  let compared = 0;
  for (const input of inputs) {
    const { topology } = translate(input, GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS);
    const known = routedBackends(input, GOLDEN_CAPABILITIES);
    for (const { action } of topology?.routes.flatMap(({ rules }) => rules) ?? []) {
      for (const { service } of action.kind === 'forward' ? action.backends : []) {
        if (service === undefined) continue;
        const { ipFamily: _, ...backend } = service;
        expect(known).toContainEqual(expect.objectContaining(backend));
        compared += 1;
      }
    }
  }
  expect(compared).toBeGreaterThan(90);
});

test('a Gateway whose parameters are invalid still has backends', () => {
  const withoutTopology = inputs.filter(
    (input) => translate(input, GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS).topology === undefined,
  );
  expect(withoutTopology.flatMap((input) => routedBackends(input, GOLDEN_CAPABILITIES))).not.toEqual([]);
});
