// The table of a run, for people.
import { skips } from './skips.ts';
import type { TestResult } from './suite.ts';

type Level = 'core' | 'extended';

/** The core features of profile GATEWAY-HTTP. A test that needs another feature is extended. */
const coreFeatures: ReadonlySet<string> = new Set(['Gateway', 'HTTPRoute', 'ReferenceGrant']);

const levelOf = ({ features }: TestResult): Level =>
  features.every((feature) => coreFeatures.has(feature)) ? 'core' : 'extended';

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

export function summary(results: readonly TestResult[]): readonly string[] {
  const left = results.filter(({ outcome }) => outcome === 'skipped');
  const claimed = new Set(results.flatMap(({ features }) => features).filter((feature) => !coreFeatures.has(feature)));
  return [
    ...(['core', 'extended'] as const).map(
      (level) => `${level}: ${tally(results.filter((one) => levelOf(one) === level))}`,
    ),
    `extended features: ${claimed.size} (${[...claimed].toSorted().join(', ')})`,
    ...left.map(({ name }) => `not run: ${name}: ${skips[name]}`),
  ];
}

function tally(results: readonly TestResult[]): string {
  const count = (outcome: TestResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  return `${count('passed')} of ${results.length} passed, ${count('failed')} failed, ${count('skipped')} not run`;
}
