// Manifests with one wrong value, for stages that must not throw.
import * as fc from 'fast-check';
import type { GoldenCase } from './golden.ts';

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

const values = fc.constantFrom(undefined, null, '', 'x', -1, 1.5, true, [], {}, [null], { name: 'x' });

/** The manifests of one of the cases, one value of which is replaced. */
export function spoiled(cases: readonly GoldenCase[]): fc.Arbitrary<readonly unknown[]> {
  const places = cases.flatMap(({ manifests }) => paths(manifests).map((path) => ({ manifests, path })));
  return fc.tuple(fc.constantFrom(...places), values).map(([{ manifests, path }, by]) => {
    const changed = replaced(manifests, path, by);
    return Array.isArray(changed) ? changed : [changed];
  });
}
