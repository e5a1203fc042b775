// HTTPRoutes as they end up in AWS: what users wrote, and the rules of the listener.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rulesOf } from './support/aws.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { gateway, httpRoute } from './support/objects.ts';
import { programmed, waitMs } from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

test('a route with one rule sends its path to its Service', async () => {
  const ns = await rig.freshNamespace('simple');
  await rig.backend(ns, 'web');
  const object = gateway(ns, 'gw');
  await rig.apply([object, httpRoute(ns, 'web', ['gw'], ['web'], { hostnames: ['www.example.com'] })]);
  await programmed(rig, object);
  await expect
    .poll(() => rulesOf(rig, `${ns}/gw`), { timeout: waitMs })
    .toEqual([`host www.example.com -> ${ns}/web:80=1`]);
});
