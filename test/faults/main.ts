// npm run faults [-- SCENARIO… --every N --list]: runs faults around Gatehouse, over the wire, and prints the results as a
// table. The exit status is 1 if anything failed, was created twice, or was left behind.
import { InvalidArgumentError } from 'commander';
import { prepareCluster } from '../../localstack/cluster/cluster.ts';
import { enterSandbox } from '../../localstack/sandbox.ts';
import { script, wholeNumber } from '../../localstack/script.ts';
import { bundle } from '../bundle.ts';
import { awsTrouble } from './aws-trouble.ts';
import { connections } from './connections.ts';
import { drift } from './drift.ts';
import { formChange } from './form-change.ts';
import { connectionsKillPoints, killPoints, mixedKillPoints } from './kill-points.ts';
import { kubeTrouble } from './kube-trouble.ts';
import { metallb } from './metallb.ts';
import { metallbKillPoints } from './metallb-kill-points.ts';
import { type Family, isRight, type Row } from './scenario.ts';
import { steadyTraffic } from './steady-traffic.ts';
import { table } from './table.ts';
import { tenantsBusyNeighbour } from './tenants-busy-neighbour.ts';
import { tenantsRefusedTargets } from './tenants-refused-targets.ts';
import { tenantsSizes } from './tenants-sizes.ts';

const families = [
  steadyTraffic,
  connections,
  formChange,
  killPoints,
  connectionsKillPoints,
  mixedKillPoints,
  awsTrouble,
  kubeTrouble,
  drift,
  tenantsBusyNeighbour,
  tenantsRefusedTargets,
  tenantsSizes,
];
/** They run pods, so they need a sandbox. */
const inSandbox = [metallbKillPoints, metallb];
const namesOf = (some: readonly Family[]): readonly string[] => some.flatMap(({ names }) => names);
const known = namesOf([...families, ...inSandbox]);

const command = script('faults', 'Troubles Gatehouse, AWS and Kubernetes. Exits with 1 when a scenario went wrong.')
  .argument('[scenario...]', 'whole names, or what they begin with (default: all that need no root)', scenariosOf)
  .option('--every <number>', 'try every so many kill points', wholeNumber(1), 1)
  .option('--list', 'print the names of the scenarios, and end', false)
  .parse();
const { every, list } = command.opts<{ readonly every: number; readonly list: boolean }>();
const [named]: readonly (readonly string[] | undefined)[] = command.processedArgs;
const chosen = new Set(named ?? namesOf(families));

function scenariosOf(word: string, before: readonly string[] | undefined): readonly string[] {
  const found = known.filter((name) => name.startsWith(word));
  if (found.length === 0) throw new InvalidArgumentError(`There are: ${known.join(', ')}.`);
  return [...(before ?? []), ...found];
}

async function main(): Promise<number> {
  if (list) {
    console.log(known.join('\n'));
    return 0;
  }
  if (namesOf(inSandbox).some((name) => chosen.has(name))) {
    await enterSandbox({ prepare: () => prepareCluster({ metallb: true, log: console.log }) });
  }
  const started = performance.now();
  const say = (line: string): void =>
    console.log(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}`);
  say('Bundling Gatehouse as the image has it …');
  await using built = await bundle();
  const rows: Row[] = [];
  for (const family of [...families, ...inSandbox])
    rows.push(...(await family.run(chosen, { program: built.program, every, say })));
  console.log(`\n${table(rows)}`);
  return rows.every(isRight) ? 0 : 1;
}

process.exit(await main());
