// The end of a Gateway that a test has made.
import { expect } from 'vitest';
import type { KubeObject } from '../../../localstack/cluster/apply.ts';
import { leftOf } from './aws.ts';
import { eventually } from './eventually.ts';
import { type Rig, untilQuiet } from './gatehouse.ts';
import { removeAndWait } from './status.ts';

/** A restart writes nothing to AWS, and the deletion leaves nothing there. */
export async function restartsAndGoes(rig: Rig, gateway: KubeObject): Promise<void> {
  await untilQuiet(rig);
  await rig.gatehouse.stop();
  const { writes } = rig.aws.calls.counts();
  await rig.restart();
  await untilQuiet(rig);
  expect(rig.aws.calls.counts().writes).toBe(writes);
  await removeAndWait(rig, gateway);
  const { namespace, name } = gateway.metadata;
  await eventually(() => expect(leftOf(rig, `${namespace}/${name}`)).toEqual([]));
}
