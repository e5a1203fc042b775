import { expect, test } from 'vitest';
import { GOLDEN_DEFAULTS, loadCases } from '../testing/golden.ts';
import { routedBackends } from './routed-backends.ts';
import { translateForAws } from './translation.ts';

const inputs = loadCases().flatMap((each) => each.inputs);

test('every Service port that a load balancer forwards to is known without the settings and the listeners', () => {
  let compared = 0;
  for (const input of inputs) {
    const translation = translateForAws(input, GOLDEN_DEFAULTS);
    const { topology } = translation;
    const known = routedBackends(translation);
    for (const { action } of topology?.routes.flatMap(({ rules }) => rules) ?? []) {
      for (const { service } of action.kind === 'forward' ? action.backends : []) {
        if (service === undefined) continue;
        expect(known).toContainEqual(service);
        compared += 1;
      }
    }
  }
  expect(compared).toBeGreaterThan(90);
});

test('a Gateway whose parameters are invalid still has backends', () => {
  const translations = inputs.map((input) => translateForAws(input, GOLDEN_DEFAULTS));
  const withoutTopology = translations.filter(({ topology }) => topology === undefined);
  expect(withoutTopology.flatMap(routedBackends)).not.toEqual([]);
});
