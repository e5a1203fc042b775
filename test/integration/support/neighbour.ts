// A Gateway with a valid route, which must stay unchanged whatever happens beside it.
import { expect } from 'vitest';
import type { KubeObject } from '../../../localstack/cluster/apply.ts';
import type { Listener } from '../../../src/api/gateway-api.ts';
import { rulesOf, targetsOf } from './aws.ts';
import { eventually } from './eventually.ts';
import type { Rig } from './gatehouse.ts';
import { gateway, http, httpRoute } from './objects.ts';
import { programmed } from './status.ts';

export interface Neighbour {
  readonly ns: string;
  readonly gateway: KubeObject;
  /** The good route's rules, in words. */
  readonly rule: string;
  /** Fails unless the good route has its rule and its targets in AWS. */
  readonly stillServes: () => void;
}

const hostname = 'good.example.com';

/** In a namespace of its own: the Gateway `web`, the Service `good`, and the route `good` for good.example.com. */
export async function startNeighbour(
  rig: Rig,
  name: string,
  listeners: readonly Listener[] = [http()],
  spec: Readonly<Record<string, unknown>> = {},
): Promise<Neighbour> {
  const ns = await rig.freshNamespace(name);
  const addresses = await rig.backend(ns, 'good');
  const web = gateway(ns, 'web', listeners, spec);
  await rig.apply([web, httpRoute(ns, 'good', ['web'], ['good'], { hostnames: [hostname] })]);
  await programmed(rig, web);
  const key = `${ns}/web`;
  const rule = await eventually(() => {
    const found = rulesOf(rig, key).find((words) => words.endsWith(` -> ${ns}/good:80=1`));
    expect(targetsOf(rig, key, 'good:80')).toHaveLength(addresses.length);
    return found ?? expect.unreachable('Expected the good route to have its rule');
  });
  return {
    ns,
    gateway: web,
    rule,
    stillServes: () => {
      expect(rulesOf(rig, key)).toContain(rule);
      const targets = addresses.map((address) => `${address}:8080`).toSorted();
      expect(targetsOf(rig, key, 'good:80')).toEqual(targets);
    },
  };
}
