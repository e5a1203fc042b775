// node localstack/bootstrap.js test/integration/upgrade/record.ts: records the state that this version of Gatehouse leaves in
// AWS and in the cluster, for upgrade.test.ts.
import { startRig, untilQuiet } from '../support/gatehouse.ts';
import { programmed } from '../support/status.ts';
import { saveRecording } from './recording.ts';
import { workload } from './workload.ts';

const rig = await startRig({ gatehouse: { flags: { 'leader-election-namespace': 'gatehouse-system' } } });
try {
  const objects = await rig.apply(await workload());
  for (const object of objects) if (object.kind === 'Gateway') await programmed(rig, object);
  await untilQuiet(rig, 10_000);
  await rig.gatehouse.stop();
  await saveRecording(rig);
} finally {
  await rig.stop();
}
