// What a stretch of work took of AWS's request rates.
import type { Aws } from '../../localstack/aws/server.ts';
import type { BucketUse } from '../../localstack/aws/throttle.ts';

export interface BucketShare {
  readonly bucket: string;
  /** Calls that AWS carried out; those that it refused take no token. */
  readonly admitted: number;
  readonly refused: number;
  /** In no less could they have been made, the bucket being full at first. */
  readonly leastSeconds: number;
  readonly perSecond: number;
}

const key = ({ service, bucket, burst }: BucketUse) => `${service} ${bucket} ${burst}`;

/** Starts to count; what it returns tells the shares since then, the one that takes longest first. */
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
