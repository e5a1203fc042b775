// `gatehouse plan` reads what no API server has checked.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { GOLDEN_NOW, GOLDEN_PROTOCOLS, loadCases } from '../testing/golden.ts';
import { fromManifests } from './from-manifests.ts';
import { translate } from './translate.ts';

type Path = readonly string[];

function paths(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, child]) => paths(child, [...path, key]))];
}

function replaced(value: unknown, [step, ...rest]: Path, by: unknown): unknown {
  if (step === undefined) return by;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, key === step ? replaced(child, rest, by) : child]);
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}

const places = loadCases().flatMap(({ manifests }) => paths(manifests).map((path) => ({ manifests, path })));
const junk = fc.constantFrom(undefined, null, '', 'x', -1, 1.5, true, [], {}, [null], { name: 'x' });

test('one wrong value anywhere in a manifest never makes translate throw', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.constantFrom(...places), junk, ({ manifests, path }, by) => {
      const changed = replaced(manifests, path, by);
      const { inputs } = fromManifests(Array.isArray(changed) ? changed : [changed], { now: GOLDEN_NOW });
      for (const input of inputs) {
        expect(translate(input, GOLDEN_PROTOCOLS).listeners).toBeDefined();
      }
    }),
    { numRuns: 2000 },
  );
});
