// The final table: cases that did not pass, by reason.
import type { Case, Verdict } from './verdicts.ts';

const reasonOf = (verdict: Verdict): string => {
  switch (verdict.kind) {
    case 'passed':
      return '';
    case 'listed':
      return `listed: ${verdict.defect}`;
    case 'skipped':
      return `skipped: ${verdict.needs}`;
    case 'failed':
      return 'FAILED';
    default:
      return verdict satisfies never;
  }
};

const lineOf = ({ name, verdict }: Case): string =>
  verdict.kind === 'failed' ? `  ${name}: ${verdict.why.split('\n')[0]}` : `  ${name}`;

export function printTable(cases: readonly Case[]): void {
  const groups = Map.groupBy(cases, ({ verdict }) => reasonOf(verdict));
  groups.delete('');
  for (const [reason, group] of [...groups].toSorted(([a], [b]) => b.localeCompare(a))) {
    console.log(`\n${reason} (${group.length})`);
    for (const each of group) console.log(lineOf(each));
  }
}
