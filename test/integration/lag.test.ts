// An AWS whose reads lag behind its writes, like the real one. Resources that it does not show yet are neither created again
// nor lost.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { waitFor } from '../../localstack/cluster/apply.ts';
import { awsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { everythingOfOurs } from './support/left.ts';
import { gateway, http, httpRoute, https } from './support/objects.ts';
import { gatewayPath, programmed } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

vi.setConfig({ testTimeout: 180_000 });

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ aws: { faults: { seed: 1, readLagSeconds: 5, rules: [] } } });
});
afterAll(() => rig.stop());

test('three Gateways with one Secret are each made once, and leave nothing', async () => {
  const ns = await rig.freshNamespace('lag');
  const addresses = await rig.backend(ns, 'api');
  const names = ['one', 'two', 'three'];
  const gateways = names.map((name) => gateway(ns, name, [https(['tls'])]));
  rig.aws.calls.zero();
  await rig.apply([
    await tlsSecret(ns, 'tls', ['shop.example.com']),
    ...gateways,
    ...names.map((name) => httpRoute(ns, name, [name], ['api'])),
  ]);
  for (const each of gateways) await programmed(rig, each);
  for (const name of names) {
    await eventually(() => {
      const { listeners, targetGroups } = awsOf(rig, `${ns}/${name}`);
      expect(listeners.map(({ words }) => words.length)).toEqual([1]);
      expect(targetGroups.map(({ targets }) => targets.length)).toEqual([addresses.length]);
    });
  }
  expect(rig.aws.calls.counts().byAction).toMatchObject({
    'elasticloadbalancing:CreateLoadBalancer': 3,
    'elasticloadbalancing:CreateTargetGroup': 3,
    'elasticloadbalancing:CreateListener': 3,
    'elasticloadbalancing:CreateRule': 3,
    'acm:ImportCertificate': 1,
  });

  await rig.remove(gateways);
  for (const name of names) {
    await waitFor(rig.cluster.admin, gatewayPath(ns, name), (found) => found === undefined, { timeoutMs: 90_000 });
  }
  expect(everythingOfOurs(rig.aws)).toEqual([]);
});

test('changes that come quicker than AWS shows them end as they should', async () => {
  const ns = await rig.freshNamespace('quick');
  await rig.backend(ns, 'api');
  const gw = gateway(ns, 'gw', [http()]);
  const api = httpRoute(ns, 'api', ['gw'], ['api']);
  const web = httpRoute(ns, 'web', ['gw'], ['api'], { hostnames: ['web.example.com'] });
  const words = () => awsOf(rig, `${ns}/gw`).listeners.map((each) => each.words.length);
  await rig.apply([gw, api]);
  await eventually(() => expect(words()).toEqual([1]));
  await rig.apply([web]);
  await eventually(() => expect(words()).toEqual([2]));
  await rig.remove([web]);
  await eventually(() => expect(words()).toEqual([1]));
  await rig.apply([gateway(ns, 'gw', [http(), http({ name: 'other', port: 8080 })])]);
  await eventually(() => expect(words()).toEqual([1, 1]));
  await rig.apply([gw]);
  await eventually(() => expect(words()).toEqual([1]));
  await rig.remove([gw]);
  await waitFor(rig.cluster.admin, gatewayPath(ns, 'gw'), (found) => found === undefined, { timeoutMs: 90_000 });
  expect(everythingOfOurs(rig.aws)).toEqual([]);
});

test('a Gateway that goes before AWS shows it leaves nothing', async () => {
  const ns = await rig.freshNamespace('short');
  await rig.backend(ns, 'api');
  const gw = gateway(ns, 'gw', [http()]);
  await rig.apply([gw, httpRoute(ns, 'api', ['gw'], ['api'])]);
  await eventually(() => expect(awsOf(rig, `${ns}/gw`).loadBalancers).toHaveLength(1));
  await rig.remove([gw]);
  await waitFor(rig.cluster.admin, gatewayPath(ns, 'gw'), (found) => found === undefined, { timeoutMs: 90_000 });
  expect(everythingOfOurs(rig.aws)).toEqual([]);
});
