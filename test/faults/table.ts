// The scenarios as a Markdown table: the fault, the amount, and the result.
import type { Row } from './scenario.ts';

const heads = ['scenario', 'what is done', 'how much', 'failures', 'duplicates', 'leaks', 'seconds'] as const;

export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ scenario, what, count, failures, duplicates, leaks, seconds }) => [
    scenario,
    what,
    count,
    `${failures.length}`,
    `${duplicates.length}`,
    `${leaks.length}`,
    seconds.toFixed(0),
  ]);
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [heads, widths.map((width) => '-'.repeat(width)), ...cells].map(line).join('\n');
}
