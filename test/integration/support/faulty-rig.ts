// A rig with a proxy for faults between Gatehouse and AWS.
import { freePorts } from '../../../localstack/cluster/ports.ts';
import { type AwsFaults, startAwsFaults } from './aws-faults.ts';
import { type Rig, type RigOptions, startRig } from './gatehouse.ts';

export interface FaultyRig extends Rig {
  readonly faults: AwsFaults;
}

/** A rig whose Gatehouse reaches AWS through the proxy. */
export async function startFaultyRig(options: RigOptions = {}): Promise<FaultyRig> {
  const [port = 0] = await freePorts(1);
  const faults = await startAwsFaults(`http://127.0.0.1:${port}`);
  const env = { ...options.gatehouse?.env, AWS_ENDPOINT_URL: faults.url };
  const rig = await startRig({ ...options, aws: { ...options.aws, port }, gatehouse: { ...options.gatehouse, env } });
  const stopRig = rig.stop.bind(rig);
  const stop = async (): Promise<void> => {
    await stopRig();
    await faults.close();
  };
  return Object.assign(rig, { faults, stop });
}
