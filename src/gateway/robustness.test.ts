// `gatehouse plan` reads what no API server has checked.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { GOLDEN_NOW, GOLDEN_PROTOCOLS, loadCases } from '../testing/golden.ts';
import { spoiled } from '../testing/junk.ts';
import { fromManifests } from './from-manifests.ts';
import { translate } from './translate.ts';

test('one wrong value anywhere in a manifest never makes translate throw', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(spoiled(loadCases()), (manifests) => {
      const { inputs } = fromManifests(manifests, { now: GOLDEN_NOW });
      for (const input of inputs) {
        expect(translate(input, GOLDEN_PROTOCOLS).listeners).toBeDefined();
      }
    }),
    { numRuns: 2000 },
  );
});
