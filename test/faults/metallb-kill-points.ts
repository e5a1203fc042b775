// kill -9 after every write of creating, changing and deleting a Gateway on MetalLB. Then Gatehouse is started again. At the end
// everything exists once, or nothing is left, and clients noticed nothing. Envoys need long to end, so Gateways are deleted
// while the next ones are made.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../integration/support/eventually.ts';
import { type PhaseName, phaseNames, phasesOf, pictureOf } from './metallb-gateway.ts';
import { type MetallbLab, openMetallbLab } from './metallb-lab.ts';
import { compare, type Difference, isSame } from './picture.ts';
import { type Findings, family, type Options } from './scenario.ts';

/** The result of an undisturbed run. */
interface Calm {
  readonly writes: number;
  readonly picture: readonly string[];
}

const patienceMs = 150_000;
/** Longer than the pause between two passes of a Gateway that waits. */
const quietMs = 3000;
/** How many Gateways may be ending at a time. */
const endingMax = 3;
const askMs = 50;

interface Wrong {
  readonly failures: string[];
  readonly duplicates: string[];
  readonly leaks: string[];
}

type Phases = ReturnType<typeof phasesOf>;

async function calmly(lab: MetallbLab, name: string, { phases }: Phases): Promise<ReadonlyMap<PhaseName, Calm>> {
  const { admin } = lab.environment.cluster;
  const calm = new Map<PhaseName, Calm>();
  for (const phase of phaseNames) {
    const { made } = lab.count(name);
    await phases[phase].apply();
    await eventually(phases[phase].settled, patienceMs);
    await sleep(quietMs);
    calm.set(phase, { writes: made.length, picture: await pictureOf(admin, name) });
  }
  return calm;
}

/** Runs one phase, and kills Gatehouse after the write. @returns whether there was such a write */
async function disturbed(
  lab: MetallbLab,
  name: string,
  { phases }: Phases,
  phase: PhaseName,
  { calm, at }: { readonly calm: Calm; readonly at: number | undefined },
  wrong: Wrong,
): Promise<boolean> {
  const { admin } = lab.environment.cluster;
  const { killed } = lab.count(name, at);
  const strike = (waitMs: number): Promise<string | undefined> => Promise.race([killed, sleep(waitMs, undefined)]);
  const becomes = (): Promise<void> =>
    eventually(async () => {
      await phases[phase].settled();
      const difference = compare(await pictureOf(admin, name), calm.picture);
      if (!isSame(difference)) throw new Error(`It differs: ${JSON.stringify(difference)}`);
    }, patienceMs);
  await phases[phase].apply();
  try {
    await becomes();
    if (at === undefined) return false;
    const write = await strike(quietMs);
    await becomes();
    return write !== undefined;
  } catch (error) {
    const write = await strike(0);
    const where = `${phase} of ${name}, ${write === undefined ? 'not disturbed' : `killed after write ${at}, ${write}`}`;
    tell(where, compare(await pictureOf(admin, name), calm.picture), error, wrong);
    return write !== undefined;
  }
}

function tell(where: string, { missing, duplicates, strange }: Difference, error: unknown, wrong: Wrong): void {
  wrong.failures.push(...[...missing.map((line) => `lacks ${line}`), String(error)].map((line) => `${where}: ${line}`));
  wrong.duplicates.push(...duplicates.map((line) => `${where}: ${line}`));
  wrong.leaks.push(...strange.map((line) => `${where}: ${line}`));
}

async function killEverywhere(lab: MetallbLab, { every, say }: Options): Promise<Findings> {
  const calm = await calmly(lab, 'gw-0', phasesOf(lab, 'gw-0'));
  const wrong: Wrong = { failures: [], duplicates: [], leaks: [] };
  const calmOf = (phase: PhaseName): Calm => calm.get(phase) ?? { writes: 0, picture: [] };
  const points = new Map(
    phaseNames.map((phase) => [
      phase,
      Array.from({ length: calmOf(phase).writes }, (_, index) => index + 1).filter((at) => (at - 1) % every === 0),
    ]),
  );
  const all = [...points.values()];
  const total = all.flat().length;
  say(`  ${phaseNames.map((phase) => `${phase}: ${calmOf(phase).writes} writes`).join(', ')}; ${total} kill points`);

  let [kills, requests] = [0, 0];
  const ending: Promise<void>[] = [];
  for (let cycle = 1; all.some(({ length }) => length > 0); cycle += 1) {
    const name = `gw-${cycle}`;
    const phases = phasesOf(lab, name);
    const play = async (phase: PhaseName): Promise<void> => {
      const point = { calm: calmOf(phase), at: points.get(phase)?.shift() };
      if (await disturbed(lab, name, phases, phase, point, wrong)) kills += 1;
    };
    await play('create');
    const asking = startAsking(phases.ask);
    await play('change');
    const { asked, failures } = await asking.stop();
    requests += asked;
    wrong.failures.push(...failures.map((failure) => `change of ${name}: ${failure}`));
    ending.push(play('delete'));
    if (ending.length > endingMax) await ending.shift();
    say(`  ${name}: ${kills} of ${total} kills, ${wrong.failures.length} failures`);
  }
  await Promise.all(ending);
  return { ...wrong, count: `${kills} kills at ${total} kill points, ${requests} requests` };
}

/** Asks again and again until it is stopped. */
function startAsking(ask: () => Promise<void>) {
  const stopped = new AbortController();
  const failures: string[] = [];
  let asked = 0;
  const running = (async () => {
    while (!stopped.signal.aborted) {
      asked += 1;
      await ask().catch((error: unknown) => failures.push(String(error)));
      await sleep(askMs);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await running;
      return { asked, failures };
    },
  };
}

export const metallbKillPoints = family(openMetallbLab, [
  {
    name: 'metallb-kill-points',
    what: 'kill -9 after every write of creating, changing and deleting a Gateway on MetalLB',
    run: killEverywhere,
  },
]);
