// What Gatehouse sees of a cluster: a Gateway API that is installed later, and only one namespace.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gatewayApiCrds } from '../../localstack/cluster/gateway-api-crds.ts';
import { awsOf, leftOf, rulesOf, targetsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { everythingOfOurs } from './support/left.ts';
import { gateway, gatewayClass, http, httpRoute, https } from './support/objects.ts';
import { programmed, readGateway, removeAndWait } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ crds: false });
});
afterAll(() => rig.stop());

/** A Gateway with HTTPS and a route, in a namespace of its own. */
async function shop(name: string) {
  const ns = await rig.freshNamespace(name);
  await rig.backend(ns, 'web');
  const gw = gateway(ns, 'gw', [http(), https(['tls'])]);
  await rig.apply([await tlsSecret(ns, 'tls', [`${name}.example.com`]), gw, httpRoute(ns, 'web', ['gw'], ['web'])]);
  const serves = async () => {
    await programmed(rig, gw);
    await eventually(() => expect(rulesOf(rig, `${ns}/gw`, 443)).toEqual([`path /* -> ${ns}/web:80=1`]));
    await eventually(() => expect(targetsOf(rig, `${ns}/gw`, 'web:80')).toHaveLength(2));
  };
  return { ns, gw, serves };
}

test('a Gateway API that is installed later is picked up without a restart', async () => {
  const { pid } = rig.gatehouse;
  await sleep(2000);
  for (const path of await gatewayApiCrds()) await rig.apply(await readFile(path, 'utf8'));
  await rig.apply([gatewayClass(rig.className)]);
  const { ns, gw, serves } = await shop('later');
  await serves();
  expect(rig.gatehouse.pid).toBe(pid);
  await removeAndWait(rig, gw);
  expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
}, 120_000);

test('a Gatehouse of one namespace serves that one, and takes from the others nothing that they share', async () => {
  const before = await shop('elsewhere');
  await before.serves();
  const mine = await rig.freshNamespace('mine');
  await rig.restart({ flags: { 'watch-namespace': mine } });
  await rig.backend(mine, 'web');
  const gw = gateway(mine, 'gw', [https(['tls'])]);
  await rig.apply([await tlsSecret(mine, 'tls', ['mine.example.com']), gw, httpRoute(mine, 'web', ['gw'], ['web'])]);
  await programmed(rig, gw);
  await eventually(() => expect(rulesOf(rig, `${mine}/gw`, 443)).toHaveLength(1));

  const ignored = await shop('ignored');
  await sleep(2000);
  expect(awsOf(rig, `${ignored.ns}/gw`).loadBalancers).toEqual([]);
  expect((await readGateway(rig, ignored.ns, 'gw'))?.metadata.finalizers ?? []).toEqual([]);

  // The last Gateway that this Gatehouse sees is deleted. The other namespace's Gateway still serves.
  await removeAndWait(rig, gw);
  await untilQuiet(rig, 2500);
  const left = everythingOfOurs(rig.aws);
  expect(left.filter((line) => line.includes(mine))).toEqual([]);
  expect(left.some((line) => line.startsWith('- admission/'))).toBe(true);
  expect(left).toContain('- security-group/backend');
  expect(left).toContain(`- certificate/${before.ns}/tls`);
  expect(awsOf(rig, `${before.ns}/gw`).loadBalancers).toHaveLength(1);
}, 120_000);
