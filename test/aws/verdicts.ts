// The verdict of each case about an AWS: it passes; it fails because of a known defect; it needs a switch that only the
// embedded AWS has; or it fails for an unknown reason.
import type { TestCase, TestModule, TestSuite } from 'vitest/node';
import { needsSwitch } from './outside.ts';

/** The cases by defect. A defect is a sentence, a case is `FILE > NAME`. */
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

/** The errors of the hooks before it. If a hook failed, the case is not run. */
function hookErrors(test: TestCase): readonly string[] {
  const errors = test.module.errors();
  for (let { parent } = test; isContainer(parent); { parent } = parent) errors.push(...parent.errors());
  return errors.map(({ message }) => message);
}

/** Undefined if the case was not selected. */
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

/** Listed cases that do not exist in the files that were run. */
export function unknownOf(modules: readonly TestModule[], defects: Defects): readonly string[] {
  const known = new Set(modules.flatMap((module) => [...module.children.allTests()].map(nameOf)));
  const files = new Set([...known].map((name) => name.split(' > ')[0]));
  return Object.values(defects)
    .flat()
    .filter((name) => files.has(name.split(' > ')[0]) && !known.has(name));
}
