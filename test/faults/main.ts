// npm run faults [-- SCENARIO… --every N --list]: what goes wrong around Gatehouse, over the wire, and what comes of it, as a
// table. Exit status 1 when anything failed, was made twice, or was left over.
import { parseArgs } from 'node:util';
import { bundle } from '../bundle.ts';
import { awsTrouble } from './aws-trouble.ts';
import { drift } from './drift.ts';
import { killPoints } from './kill-points.ts';
import { kubeTrouble } from './kube-trouble.ts';
import { isRight, type Row } from './scenario.ts';
import { steadyTraffic } from './steady-traffic.ts';
import { table } from './table.ts';

const families = [steadyTraffic, killPoints, awsTrouble, kubeTrouble, drift];
const known = families.flatMap(({ names }) => names);

const { values, positionals } = parseArgs({
  options: { every: { type: 'string', default: '1' }, list: { type: 'boolean', default: false } },
  allowPositionals: true,
});

/** Whole names, or what they begin with. */
const chosen = new Set(
  positionals.length === 0 ? known : known.filter((name) => positionals.some((word) => name.startsWith(word))),
);
const every = Number(values.every);

function usage(): string | undefined {
  const strange = positionals.filter((word) => !known.some((name) => name.startsWith(word)));
  if (strange.length > 0) return `No scenario is called ${strange.join(', ')}; there are: ${known.join(', ')}`;
  return Number.isInteger(every) && every > 0 ? undefined : '--every takes a whole number from 1 on';
}

async function main(): Promise<number> {
  const wrong = usage();
  if (wrong !== undefined) {
    console.error(wrong);
    return 2;
  }
  if (values.list) {
    console.log(known.join('\n'));
    return 0;
  }
  const started = performance.now();
  const say = (line: string): void =>
    console.log(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}`);
  say('Bundling Gatehouse as the image has it …');
  await using built = await bundle();
  const rows: Row[] = [];
  for (const family of families) rows.push(...(await family.run(chosen, { program: built.program, every, say })));
  console.log(`\n${table(rows)}`);
  return rows.every(isRight) ? 0 : 1;
}

process.exit(await main());
