// kill -9 before and after every single call to AWS, reads included, from Gatehouse's start until a change is carried out.
// Then Gatehouse is started again. At the end AWS is as after an undisturbed run, and clients noticed nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../integration/support/eventually.ts';
import { everythingOfOurs } from '../integration/support/left.ts';
import { patienceMs } from './awaiting.ts';
import { httpPhases } from './http-phases.ts';
import { type KillPoint, type Lab, openLab, sides } from './lab.ts';
import { networkPhases } from './network-phases.ts';
import { type Form, openNetworkShop } from './network-shop.ts';
import { type Phase, type PhaseName, type Phases, phaseNames } from './phases.ts';
import { compare, type Difference, isSame, pictureOf } from './picture.ts';
import { type Family, type Findings, family, type Options } from './scenario.ts';
import { openShop } from './shop.ts';

/** The result of an undisturbed run. */
interface Calm {
  readonly calls: number;
  readonly picture: readonly string[];
}

/** The failures so far. */
interface Wrong {
  readonly failures: string[];
  readonly duplicates: string[];
  readonly leaks: string[];
}

/** The number of kill points between two lines of progress. */
const progressEvery = 10;

const pictured = ({ rig, shop }: Lab): readonly string[] => pictureOf(rig, [`${shop.ns}/gw`]);

/** Longer than the pause between a waiting Gateway's polls. In milliseconds. */
const quietMs = 3500;

async function calmly(lab: Lab, { apply, settled }: Phase): Promise<Calm> {
  await apply();
  const { gatehouse } = await lab.start();
  await eventually(settled, patienceMs);
  let picture: readonly string[];
  do {
    picture = pictured(lab);
    await sleep(quietMs);
  } while (!isSame(compare(pictured(lab), picture)));
  await gatehouse.stop('SIGKILL');
  return { calls: lab.calls().length, picture };
}

/** Whether the expected state was reached before `isOver`, or before the timeout. */
async function becomes(lab: Lab, { settled }: Phase, calm: Calm, isOver = (): boolean => false): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (!isOver() && performance.now() < deadline) {
    const right = await settled().then(
      () => isSame(compare(pictured(lab), calm.picture)),
      () => false,
    );
    if (right) return true;
    await sleep(30);
  }
  return false;
}

/** Runs one phase, and kills Gatehouse once if it reaches the point. @returns whether it reached the point */
async function disturbed(
  lab: Lab,
  name: PhaseName,
  phase: Phase,
  calm: Calm,
  wrong: Wrong,
  at?: KillPoint,
): Promise<boolean> {
  const traffic = phase.traffic?.() ?? [];
  await phase.apply();
  const { gatehouse, killed } = await lab.start(at);
  let action: string | undefined;
  const seen = killed.then((met) => {
    action = met;
    return met;
  });
  let right = await becomes(lab, phase, calm, () => action !== undefined);
  await gatehouse.stop('SIGKILL');
  await Promise.race([seen, sleep(0)]);
  // If it was killed at its last call, the work may have been complete.
  if (action !== undefined) {
    const again = await lab.start();
    right = await becomes(lab, phase, calm);
    await again.gatehouse.stop('SIGKILL');
  }
  const where = `${name}, ${at === undefined ? 'undisturbed' : `killed ${at.side} call ${at.call}, ${action ?? 'which never came'}`}`;
  if (!right) tell(where, compare(pictured(lab), calm.picture), wrong);
  for (const each of traffic) {
    const { failures } = await each.stop();
    wrong.failures.push(...failures.map((failure) => `${where}: ${failure}`));
  }
  return action !== undefined;
}

function tell(where: string, { missing, duplicates, strange }: Difference, { failures, ...wrong }: Wrong): void {
  const lost = missing.length > 0 ? missing.map((line) => `lacks ${line}`) : [];
  // If AWS is correct, but the work is not complete, a status is wrong.
  const statuses = missing.length + duplicates.length + strange.length === 0 ? ['the statuses never came right'] : [];
  failures.push(...[...lost, ...statuses].map((line) => `${where}: ${line}`));
  wrong.duplicates.push(...duplicates.map((line) => `${where}: ${line}`));
  wrong.leaks.push(...strange.map((line) => `${where}: ${line}`));
}

async function killEverywhere(lab: Lab, phases: Phases, { every, say }: Options): Promise<Findings> {
  const calm = new Map<PhaseName, Calm>();
  for (const name of phaseNames) calm.set(name, await calmly(lab, phases[name]));
  const calls = (name: PhaseName): number => calm.get(name)?.calls ?? 0;
  const points = new Map(
    phaseNames.map((name) => [
      name,
      Array.from({ length: calls(name) }, (_, index) => index + 1)
        .filter((call) => (call - 1) % every === 0)
        .flatMap((call) => sides.map((side) => ({ call, side }))),
    ]),
  );
  const total = [...points.values()].reduce((sum, { length }) => sum + length, 0);
  say(`  ${phaseNames.map((name) => `${name}: ${calls(name)} calls`).join(', ')}; ${total} kill points`);

  const wrong: Wrong = { failures: [], duplicates: [], leaks: [] };
  const wanting = (...names: readonly PhaseName[]) => names.some((name) => (points.get(name)?.length ?? 0) > 0);
  let [tried, killed] = [0, 0];
  const play = async (name: PhaseName): Promise<void> => {
    const at = points.get(name)?.shift();
    const done = calm.get(name);
    if (done === undefined) return;
    if (at !== undefined) tried += 1;
    const before = [wrong.failures, wrong.duplicates, wrong.leaks].map(({ length }) => length);
    if (await disturbed(lab, name, phases[name], done, wrong, at)) killed += 1;
    const { failures, duplicates, leaks } = wrong;
    for (const line of [failures, duplicates, leaks].flatMap((lines, index) => lines.slice(before[index])))
      say(`  wrong: ${line}`);
    if (at !== undefined && tried % progressEvery === 0) say(`  ${tried} of ${total} kill points`);
  };
  while (wanting(...phaseNames)) {
    await play('create');
    if (wanting('change', 'rotate')) await play('change');
    if (wanting('rotate')) await play('rotate');
    await play('delete');
  }
  const left = everythingOfOurs(lab.rig.aws).map((line) => `in the end: ${line}`);
  const spared = tried - killed;
  return {
    ...wrong,
    leaks: [...wrong.leaks, ...left],
    count: `${killed} kills at ${total} kill points`,
    ...(spared > 0 && {
      notes: [`${spared} times the call that was to be the last never came: polls are not counted on`],
    }),
  };
}

const what = (gateway: string): string =>
  `kill -9 before and after every call of creating, changing, rotating the certificate of, and deleting ${gateway}`;

export const killPoints = family(
  (options) => openLab(options, (rig) => openShop(rig, 'kill')),
  [
    {
      name: 'kill-points',
      what: what('a Gateway'),
      run: async (lab, options) => killEverywhere(lab, await httpPhases(lab), options),
    },
  ],
);

const networkKillPoints = (form: Form, name: string, gateway: string): Family =>
  family(
    (options) => openLab(options, (rig) => openNetworkShop(rig, 'kill', form)),
    [
      {
        name,
        what: what(gateway),
        run: async (lab, options) => killEverywhere(lab, await networkPhases(lab), options),
      },
    ],
  );

export const connectionsKillPoints = networkKillPoints(
  'network',
  'connections-kill-points',
  'a Gateway with TCP, UDP and TLS',
);

export const mixedKillPoints = networkKillPoints(
  'mixed',
  'mixed-kill-points',
  'a Gateway with HTTP, HTTPS, TCP, UDP and TLS at one address',
);
