import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromManifests } from '../../gateway/from-manifests.ts';
import { finish } from '../../gateway/steps.ts';
import { translate } from '../../gateway/translate.ts';
import { GOLDEN_NOW, loadCases } from '../../testing/golden.ts';
import { spoiled } from '../../testing/junk.ts';
import { buildEnvoy } from './build.ts';
import { ENVOY_CAPABILITIES } from './capabilities.ts';

const cases = ['filters', 'rules', 'grpc', 'backends'].flatMap((topic) => loadCases(topic));

test('one wrong value anywhere in a manifest never makes the model throw', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(spoiled(cases), (manifests) => {
      const { inputs } = fromManifests(manifests, { now: GOLDEN_NOW });
      for (const input of inputs) {
        const { topology } = translate(input, ENVOY_CAPABILITIES);
        if (topology === undefined) continue;
        const { snapshot } = finish(buildEnvoy(topology, { families: ['IPv4'], keyPairs: new Map() }));
        expect(snapshot.listeners.size).toBeLessThanOrEqual(topology.ports.length);
      }
    }),
    { numRuns: 3000 },
  );
});
