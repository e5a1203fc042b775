// EC2's instance metadata, the last way to find region and VPC. Pods often cannot reach it, because the hop limit of IMDSv2
// is 1 by default.

import { instanceMetadataMs } from '../timings.ts';

export interface InstanceMetadata {
  readonly region: string;
  readonly vpcId: string;
}

const endpoint = 'http://169.254.169.254';

/** Undefined without instance metadata, or if it is disabled (AWS_EC2_METADATA_DISABLED). */
export async function instanceMetadata(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<InstanceMetadata | undefined> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined;
  const request = async (path: string, init: RequestInit): Promise<string> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(instanceMetadataMs)]);
    const response = await fetch(`${endpoint}${path}`, { ...init, signal: limit });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.text()).trim();
  };
  try {
    const token = await request('/latest/api/token', {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
    const read = (path: string) =>
      request(`/latest/meta-data/${path}`, { headers: { 'x-aws-ec2-metadata-token': token } });
    const [region, mac] = await Promise.all([read('placement/region'), read('mac')]);
    return { region, vpcId: await read(`network/interfaces/macs/${mac}/vpc-id`) };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
