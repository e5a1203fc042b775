// The table of a run, for people.
import { isCore, profileOf } from './profiles.ts';
import type { Subject } from './subject.ts';
import type { TestResult } from './suite.ts';

const levels = ['core', 'extended'] as const;

const levelOf = ({ features }: TestResult): (typeof levels)[number] => (features.every(isCore) ? 'core' : 'extended');

const words: Readonly<Record<TestResult['outcome'], string>> = {
  passed: 'passed',
  failed: 'FAILED',
  skipped: 'skipped',
  unclaimed: 'not claimed',
};

export const line = (result: TestResult): string =>
  [result.name.padEnd(60), levelOf(result).padEnd(10), words[result.outcome].padEnd(9), seconds(result)].join(' ');

const seconds = ({ outcome, seconds: taken }: TestResult): string =>
  outcome === 'skipped' ? '' : `${taken.toFixed(1).padStart(6)} s`;

/** @param profiles the profiles of the run */
export function summary(
  results: readonly TestResult[],
  profiles: readonly string[],
  skips: Subject['skips'],
): readonly string[] {
  const left = results.filter(({ outcome }) => outcome === 'skipped');
  return [
    ...profiles.flatMap((profile) =>
      profileSummary(
        profile,
        results.filter(({ features }) => (profileOf(features) ?? profile) === profile),
      ),
    ),
    ...left.map(({ name }) => `not run: ${name}: ${skips[name]}`),
  ];
}

function profileSummary(profile: string, results: readonly TestResult[]): readonly string[] {
  const claimed = new Set(results.flatMap(({ features }) => features).filter((feature) => !isCore(feature)));
  return [
    ...levels.map((level) => `${profile} ${level}: ${tally(results.filter((one) => levelOf(one) === level))}`),
    `${profile} extended features: ${claimed.size} (${[...claimed].toSorted().join(', ')})`,
  ];
}

function tally(results: readonly TestResult[]): string {
  const count = (outcome: TestResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  return `${count('passed')} of ${results.length} passed, ${count('failed')} failed, ${count('skipped')} not run`;
}
