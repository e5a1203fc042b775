// The share of AWS's request rates that some work used.
import type { Aws } from '../../localstack/aws/server.ts';
import type { BucketUse } from '../../localstack/aws/throttle.ts';

export interface BucketShare {
  readonly bucket: string;
  /** Calls that AWS carried out. Refused calls take no token. */
  readonly admitted: number;
  readonly refused: number;
  /** The shortest time for these calls, with a full bucket at first. */
  readonly leastSeconds: number;
  readonly perSecond: number;
}

const key = ({ service, bucket, burst }: BucketUse) => `${service} ${bucket} ${burst}`;

/** Starts to count. The result returns the shares since then, the slowest bucket first. */
export function sharesFrom(aws: Aws): () => readonly BucketShare[] {
  const before = new Map(aws.bucketUses().map((use) => [key(use), use]));
  return () =>
    aws
      .bucketUses()
      .map((use): BucketShare => {
        const { service, bucket, burst, perSecond, calls, beyond } = use;
        const old = before.get(key(use));
        const refused = beyond - (old?.beyond ?? 0);
        const admitted = calls - (old?.calls ?? 0) - refused;
        const leastSeconds = Math.max(0, (admitted - burst) / perSecond);
        return { bucket: `${service} ${bucket}`, admitted, refused, leastSeconds, perSecond };
      })
      .toSorted((a, b) => b.leastSeconds - a.leastSeconds);
}
