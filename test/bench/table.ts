// One row per scenario: the result, its limit, and the result of others.

export interface Row {
  readonly scenario: string;
  readonly measured: string;
  readonly limit: string;
  /** Others with the same workload; empty if it was not measured. */
  readonly peer: string;
  readonly withinLimit: boolean;
}

export interface Calls {
  readonly reads: number;
  readonly writes: number;
}

export const callsRow = (scenario: string, { reads, writes }: Calls, limit: number, peer: string): Row => ({
  scenario,
  measured: `${reads + writes} calls (${reads} reads, ${writes} writes)`,
  limit: `${limit}`,
  peer,
  withinLimit: reads + writes <= limit,
});

/** A restart must not write at all. */
export const restartRow = (scenario: string, { reads, writes }: Calls, limit: number, peer: string): Row => ({
  scenario,
  measured: `${reads} reads, ${writes} writes`,
  limit: `${limit} reads, 0 writes`,
  peer,
  withinLimit: reads <= limit && writes === 0,
});

/** A number with a limit. */
export const held = (scenario: string, measured: string, limit: string, withinLimit: boolean, peer = ''): Row => ({
  scenario,
  measured,
  limit,
  peer,
  withinLimit,
});

/** A number without a limit. */
export const factRow = (scenario: string, measured: string): Row => ({
  scenario,
  measured,
  limit: '',
  peer: '',
  withinLimit: true,
});

/** @param others the head of their column */
export function printTable(rows: readonly Row[], others: string): void {
  const cells = rows.map(({ scenario, measured, limit, peer, withinLimit }) => [
    scenario,
    `${withinLimit ? '' : 'OVER: '}${measured}`,
    limit,
    peer,
  ]);
  printCells([['scenario', 'Gatehouse', 'at most', others], ...cells]);
}

/** Prints a Markdown table. The first row is the head. */
export function printCells(cells: readonly (readonly string[])[]): void {
  const [head = [], ...rest] = cells;
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  console.log('');
  console.log(line(head));
  console.log(line(widths.map((width) => '-'.repeat(width))));
  for (const row of rest) console.log(line(row));
}
