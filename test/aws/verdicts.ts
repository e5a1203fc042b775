// What each case of the suite says of an AWS: it passes; it fails by a defect that is known; it needs a switch that only the
// embedded AWS has; or it fails, and nobody knows why.
import type { TestCase, TestModule, TestSuite } from 'vitest/node';
import { needsSwitch } from './outside.ts';

/** The cases that meet a defect, by the defect in a sentence; a case as `FILE > NAME`. */
export type Defects = Readonly<Record<string, readonly string[]>>;

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'listed'; readonly defect: string }
  | { readonly kind: 'skipped'; readonly needs: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface Case {
  readonly name: string;
  readonly verdict: Verdict;
}

const nameOf = (test: TestCase): string =>
  `${test.module.relativeModuleId.replace(/^.*\/|\.test\.ts$/g, '')} > ${test.fullName}`;

const isContainer = (parent: TestCase['parent']): parent is TestSuite => parent.type === 'suite';

/** Of the hooks before it: with one that failed it is not run. */
function hookErrors(test: TestCase): readonly string[] {
  const errors = test.module.errors();
  for (let { parent } = test; isContainer(parent); { parent } = parent) errors.push(...parent.errors());
  return errors.map(({ message }) => message);
}

/** Undefined for a case that was not to run. */
function verdictOf(test: TestCase, defectOf: ReadonlyMap<string, string>): Verdict | undefined {
  const { state } = test.result();
  const defect = defectOf.get(nameOf(test));
  if (state === 'passed') {
    if (defect === undefined) return { kind: 'passed' };
    return { kind: 'failed', why: `it passes, though it is listed: ${defect}` };
  }
  const own = (test.result().errors ?? []).map(({ message }) => message);
  const errors = [...own, ...hookErrors(test)];
  const lacking = errors.find((message) => message.includes(needsSwitch));
  if (lacking !== undefined) return { kind: 'skipped', needs: lacking.slice(lacking.indexOf(needsSwitch)) };
  // A case that was not run has not met its defect.
  if (own.length > 0 && defect !== undefined) return { kind: 'listed', defect };
  const [why] = errors;
  return why === undefined ? undefined : { kind: 'failed', why };
}

export function judge(modules: readonly TestModule[], defects: Defects): readonly Case[] {
  const entries = Object.entries(defects).flatMap(([defect, cases]) => cases.map((name) => [name, defect] as const));
  const defectOf = new Map(entries);
  return modules
    .flatMap((module) => [...module.children.allTests()])
    .flatMap((test) => {
      const verdict = verdictOf(test, defectOf);
      return verdict === undefined ? [] : [{ name: nameOf(test), verdict }];
    });
}

/** The cases that are listed and that there are not, of the files that were run. */
export function unknownOf(modules: readonly TestModule[], defects: Defects): readonly string[] {
  const known = new Set(modules.flatMap((module) => [...module.children.allTests()].map(nameOf)));
  const files = new Set([...known].map((name) => name.split(' > ')[0]));
  return Object.values(defects)
    .flat()
    .filter((name) => files.has(name.split(' > ')[0]) && !known.has(name));
}
