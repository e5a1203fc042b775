// AWS's request rates: one token bucket a row, an account and a region.
import type { Clock } from './clock.ts';
import { AwsError, type Service } from './service.ts';

interface Rate {
  readonly service: string;
  readonly actions: RegExp;
  /** Requests the bucket holds. */
  readonly burst: number;
  readonly perSecond: number;
  /** The page of docs.aws.amazon.com that says so, or that nothing does. */
  readonly source: string;
}

const acmPage = '/acm/latest/userguide/acm-limits.html';
const elbPage = '/elasticloadbalancing/latest/userguide/elb-api-throttling.html';
const ec2Page = '/ec2/latest/devguide/ec2-api-throttling.html';
const assumed = 'assumed';

/** The first row that matches counts. Where the documentation gives a rate and no burst, a second's worth is the burst. */
const rates: readonly Rate[] = [
  { service: 'elasticloadbalancing', actions: /^Describe/, burst: 40, perSecond: 10, source: elbPage },
  { service: 'elasticloadbalancing', actions: /^(Der|R)egisterTargets$/, burst: 20, perSecond: 4, source: assumed },
  { service: 'elasticloadbalancing', actions: /./, burst: 20, perSecond: 3, source: assumed },
  { service: 'ec2', actions: /^(Describe|Get)/, burst: 100, perSecond: 20, source: ec2Page },
  { service: 'ec2', actions: /./, burst: 50, perSecond: 5, source: ec2Page },
  { service: 'acm', actions: /^(Describe|Delete|Get)Certificate$/, burst: 10, perSecond: 10, source: acmPage },
  { service: 'acm', actions: /^ListTagsForCertificate$/, burst: 10, perSecond: 10, source: acmPage },
  { service: 'acm', actions: /^ListCertificates$/, burst: 8, perSecond: 8, source: acmPage },
  { service: 'acm', actions: /^ImportCertificate$/, burst: 1, perSecond: 1, source: acmPage },
  { service: 'acm', actions: /./, burst: 5, perSecond: 5, source: acmPage },
  { service: 'tagging', actions: /^Get/, burst: 15, perSecond: 15, source: assumed },
  { service: 'tagging', actions: /./, burst: 5, perSecond: 5, source: assumed },
];

interface Bucket {
  tokens: number;
  at: number;
}

/** What each service answers to a call too many. */
export function throttled(service: string): AwsError {
  switch (service) {
    case 'ec2':
      return new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503);
    case 'acm':
      return new AwsError('ThrottlingException', 'Rate exceeded');
    case 'tagging':
      return new AwsError('ThrottledException', 'Rate exceeded');
    default:
      return new AwsError('Throttling', 'Rate exceeded');
  }
}

/** Throws what each service throws when a call is one too many. */
export class Throttle {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(service: Service, action: string, region: string): void {
    const row = rates.findIndex((rate) => rate.service === service.name && rate.actions.test(action));
    const rate = rates[row];
    if (!rate) return;
    const key = `${region} ${row}`;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: rate.burst, at: now };
    this.#buckets.set(key, bucket);
    bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * rate.perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) throw throttled(service.name);
    bucket.tokens -= 1;
  }

  reset(): void {
    this.#buckets.clear();
  }
}
