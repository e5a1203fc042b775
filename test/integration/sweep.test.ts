// Resources in AWS of Gateways whose finalizer was removed by force: the sweeper deletes them, slowly and carefully, and
// nothing else.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { waitFor } from '../../localstack/cluster/apply.ts';
import { leftOf, rulesOf, targetsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { everythingOfOurs } from './support/left.ts';
import { gateway, httpRoute, https } from './support/objects.ts';
import { gatewayPath, programmed } from './support/status.ts';
import { type Sweeper, startSweeper } from './support/sweeper.ts';
import { tlsSecret } from './support/tls.ts';

vi.setConfig({ testTimeout: 120_000 });

let rig: Rig;
let sweeper: Sweeper | undefined;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(async () => {
  await sweeper?.stop();
  sweeper = undefined;
});
afterAll(() => rig.stop());

/** Gateways of one namespace, each with its own route and certificate. Gatehouse is stopped. */
async function abandoned(names: readonly string[]) {
  await rig.restart();
  const ns = await rig.freshNamespace('abandoned');
  await rig.backend(ns, 'web');
  const gateways = names.map((name) => gateway(ns, name, [https([`${name}-tls`])]));
  for (const name of names) {
    await rig.apply([
      await tlsSecret(ns, `${name}-tls`, [`${name}.example.com`]),
      httpRoute(ns, name, [name], ['web']),
    ]);
  }
  await rig.apply(gateways);
  for (const each of gateways) await programmed(rig, each);
  for (const name of names) {
    await eventually(() => expect(rulesOf(rig, `${ns}/${name}`, 443)).toHaveLength(1));
    await eventually(() => expect(targetsOf(rig, `${ns}/${name}`, 'web:80')).toHaveLength(2));
  }
  await untilQuiet(rig, 2500);
  await rig.gatehouse.stop();
  return ns;
}

/** Removes the finalizer by force, and deletes the Gateway. */
async function force(ns: string, name: string): Promise<void> {
  const path = gatewayPath(ns, name);
  const body = { metadata: { finalizers: null } };
  await rig.cluster.admin.request('PATCH', path, { contentType: 'application/merge-patch+json', body });
  await rig.cluster.admin.request('DELETE', path);
  await waitFor(rig.cluster.admin, path, (found) => found === undefined);
}

const of = (ns: string, name: string): readonly string[] => leftOf(rig, `${ns}/${name}`);
const certificates = (): readonly string[] => everythingOfOurs(rig.aws).filter((line) => line.includes('certificate/'));

test('what a Gateway left is gone after the second look, and nothing of its neighbours is', async () => {
  const ns = await abandoned(['gone', 'here', 'there']);
  await force(ns, 'gone');
  const neighbours = [...of(ns, 'here'), ...of(ns, 'there')];
  sweeper = await startSweeper(rig);
  await sweeper.look();
  expect(of(ns, 'gone')).not.toEqual([]);
  // Too early.
  await sweeper.look();
  expect(of(ns, 'gone')).not.toEqual([]);
  sweeper.later();
  await sweeper.look();
  sweeper.later();
  await sweeper.look();
  expect(of(ns, 'gone')).toEqual([]);
  expect([...of(ns, 'here'), ...of(ns, 'there')]).toEqual(neighbours);
  expect(certificates()).toEqual([`- certificate/${ns}/here-tls`, `- certificate/${ns}/there-tls`]);
  await force(ns, 'here');
  await force(ns, 'there');
});

test('a sweeper that would take more than half takes nothing', async () => {
  const before = everythingOfOurs(rig.aws);
  expect(before.length).toBeGreaterThan(8);
  rig.aws.calls.zero();
  sweeper = await startSweeper(rig);
  for (let looks = 0; looks < 3; looks += 1) {
    await sweeper.look();
    sweeper.later();
  }
  expect(everythingOfOurs(rig.aws)).toEqual(before);
  // It does not even call: AWS would refuse to delete certificates that listeners use, others might not.
  expect(rig.aws.calls.counts().writes).toBe(0);
});

test('a Gateway that is back under its name keeps what it had', async () => {
  const ns = await abandoned(['back', 'stays', 'too']);
  await force(ns, 'back');
  const before = of(ns, 'back');
  sweeper = await startSweeper(rig);
  await sweeper.look();
  sweeper.later();
  await rig.apply([gateway(ns, 'back', [https(['back-tls'])])]);
  await sweeper.look();
  expect(of(ns, 'back')).toEqual(before);
  await rig.restart();
  await programmed(rig, gateway(ns, 'back'));
  expect(of(ns, 'back')).toEqual(before);
});

test('a sweeper of another cluster of the same name, or of another namespace, takes nothing', async () => {
  const ns = await abandoned(['mine', 'stays', 'too']);
  await force(ns, 'mine');
  const before = everythingOfOurs(rig.aws);
  for (const start of [
    () => startSweeper(rig, {}, '00000000-0000-0000-0000-000000000000'),
    () => startSweeper(rig, { 'watch-namespace': 'default' }),
    () => startSweeper(rig, { 'cluster-name': 'another' }),
  ]) {
    const stranger = await start();
    for (let looks = 0; looks < 3; looks += 1) {
      await stranger.look();
      stranger.later();
    }
    await stranger.stop();
    expect(everythingOfOurs(rig.aws)).toEqual(before);
  }
});
