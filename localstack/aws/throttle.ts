// AWS's request rates: the token buckets of an account in a region, and the calls that found no token.
import type { Clock } from './clock.ts';
import { AwsError, type Input, type Service } from './service.ts';

interface Rate {
  readonly service: string;
  /** The name of the bucket. If each action has its own bucket, the action's name. */
  readonly bucket: string;
  readonly matches: (action: string, input: Input) => boolean;
  /** The size of the bucket, in requests. */
  readonly burst: number;
  readonly perSecond: number;
  /** The page of docs.aws.amazon.com with the rate, or a note that no page has it. */
  readonly source: string;
}

const acmPage = '/acm/latest/userguide/acm-limits.html';
const elbPage = '/elasticloadbalancing/latest/userguide/elb-api-throttling.html';
const ec2Page = '/ec2/latest/devguide/ec2-api-throttling.html';
const assumed = 'assumed';

const named =
  (...names: readonly string[]) =>
  (action: string): boolean =>
    names.includes(action);
const like = (pattern: RegExp) => (action: string) => pattern.test(action);
const any = () => true;

const elb = { service: 'elasticloadbalancing', source: elbPage };
/** In EC2 and ACM each action has its own bucket. */
const ec2 = { service: 'ec2', bucket: 'each', source: ec2Page };
/** The documentation has a rate, but no burst. We take the requests of one second as the burst. */
const acm = (perSecond: number, ...names: readonly string[]): Rate => ({
  service: 'acm',
  bucket: 'each',
  matches: named(...names),
  burst: perSecond,
  perSecond,
  source: acmPage,
});

/** Every call of the service also takes a token of this bucket. */
const accountRates: readonly Rate[] = [{ ...elb, bucket: 'account', matches: any, burst: 40, perSecond: 10 }];

const unfilteredReads = named('DescribeInstances', 'DescribeNetworkInterfaces', 'DescribeSecurityGroups');
const interfaceWrites = /^((Create|Delete)NetworkInterface|ModifyNetworkInterfaceAttribute|(Una|A)ssign.*Addresses)$/;

/** The first row that matches counts. */
const rates: readonly Rate[] = [
  {
    ...elb,
    bucket: 'resource-intensive',
    matches: named('CreateLoadBalancer', 'SetSubnets'),
    burst: 10,
    perSecond: 0.2,
  },
  { ...elb, bucket: 'registration', matches: like(/^(Der|R)egisterTargets$/), burst: 20, perSecond: 4 },
  { ...elb, bucket: 'CreateTrustStore', matches: named('CreateTrustStore'), burst: 10, perSecond: 0.2 },
  { ...elb, bucket: 'trust-store-contents', matches: like(/^GetTrustStore/), burst: 20, perSecond: 4 },
  { ...elb, bucket: 'trust-store-reads', matches: like(/^DescribeTrustStore/), burst: 40, perSecond: 10 },
  { ...elb, bucket: 'trust-store-changes', matches: like(/TrustStore/), burst: 10, perSecond: 0.2 },
  { ...elb, bucket: 'non-mutating', matches: like(/^Describe/), burst: 40, perSecond: 10 },
  { ...elb, bucket: 'mutating', matches: any, burst: 20, perSecond: 3 },
  {
    ...ec2,
    matches: (action, input) => unfilteredReads(action) && input['Filter'] === undefined && !input['MaxResults'],
    burst: 50,
    perSecond: 10,
  },
  { ...ec2, matches: like(/^(Describe|Get)/), burst: 100, perSecond: 20 },
  { ...ec2, matches: like(/^(Create|Delete)Tags$/), burst: 100, perSecond: 10 },
  { ...ec2, matches: named('RunInstances'), burst: 5, perSecond: 2 },
  { ...ec2, matches: named('TerminateInstances'), burst: 100, perSecond: 5 },
  { ...ec2, matches: like(interfaceWrites), burst: 100, perSecond: 5 },
  { ...ec2, matches: any, burst: 50, perSecond: 5 },
  acm(10, 'DescribeCertificate', 'DeleteCertificate', 'GetCertificate', 'ListTagsForCertificate'),
  acm(8, 'ListCertificates'),
  acm(5, 'AddTagsToCertificate', 'RemoveTagsFromCertificate', 'RequestCertificate'),
  acm(1, 'ImportCertificate'),
  { service: 'tagging', bucket: 'reads', matches: like(/^Get/), burst: 15, perSecond: 15, source: assumed },
  { service: 'tagging', bucket: 'writes', matches: any, burst: 5, perSecond: 5, source: assumed },
];

/** The use of one of AWS's token buckets so far. */
export interface BucketUse {
  readonly service: string;
  readonly region: string;
  readonly bucket: string;
  readonly burst: number;
  readonly perSecond: number;
  readonly source: string;
  readonly calls: number;
  /** Calls that found it empty. AWS would refuse them; we do if throttling is on. */
  readonly beyond: number;
  /** The number of calls in the busiest second. */
  readonly peakPerSecond: number;
  /** The shortest time for this number of calls. */
  readonly leastSeconds: number;
}

class Bucket {
  readonly rate: Rate;
  readonly region: string;
  readonly name: string;
  #tokens: number;
  #at: number;
  #calls = 0;
  #beyond = 0;
  #peak = 0;
  /** The times of the last second's calls, in milliseconds since 1970. */
  #recent: number[] = [];

  constructor(rate: Rate, region: string, name: string, now: number) {
    this.rate = rate;
    this.region = region;
    this.name = name;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** Whether there is a token for a call now. */
  meet(now: number): boolean {
    this.#calls += 1;
    this.#recent = this.#recent.filter((at) => at > now - 1000);
    this.#recent.push(now);
    this.#peak = Math.max(this.#peak, this.#recent.length);
    this.#tokens = Math.min(this.rate.burst, this.#tokens + ((now - this.#at) / 1000) * this.rate.perSecond);
    this.#at = now;
    if (this.#tokens >= 1) return true;
    this.#beyond += 1;
    return false;
  }

  take(): void {
    this.#tokens -= 1;
  }

  use(): BucketUse {
    const { service, burst, perSecond, source } = this.rate;
    return {
      service,
      region: this.region,
      bucket: this.name,
      burst,
      perSecond,
      source,
      calls: this.#calls,
      beyond: this.#beyond,
      peakPerSecond: this.#peak,
      leastSeconds: Math.max(0, (this.#calls - burst) / perSecond),
    };
  }
}

/** The error of each service for throttled calls. */
export function throttled(service: string): AwsError {
  switch (service) {
    case 'ec2':
      return new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503);
    case 'acm':
      return new AwsError('ThrottlingException', 'Rate exceeded');
    case 'tagging':
      return new AwsError('ThrottledException', 'Rate exceeded');
    default:
      // The page says ThrottlingException, but on the wire it is the query protocol's common error.
      return new AwsError('Throttling', 'Rate exceeded');
  }
}

/** Meters every call, whether throttling is on or not. */
export class Throttle {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether AWS would carry out the call. A refused call takes no token. */
  admits({ name }: Pick<Service, 'name'>, action: string, input: Input, region: string): boolean {
    const now = this.#clock.now();
    const account = accountRates.find(({ service }) => service === name);
    const own = rates.find(({ service, matches }) => service === name && matches(action, input));
    const buckets = [account ?? [], own ?? []].flat().map((rate) => this.#bucket(rate, action, region, now));
    const admitted = buckets.map((bucket) => bucket.meet(now)).every(Boolean);
    if (admitted) for (const bucket of buckets) bucket.take();
    return admitted;
  }

  #bucket(rate: Rate, action: string, region: string, now: number): Bucket {
    const name = rate.bucket === 'each' ? action : rate.bucket;
    const key = `${region} ${rate.service} ${name} ${rate.burst}`;
    const known = this.#buckets.get(key);
    if (known) return known;
    const made = new Bucket(rate, region, name, now);
    this.#buckets.set(key, made);
    return made;
  }

  /** The use of all buckets that had calls. */
  uses(): readonly BucketUse[] {
    return [...this.#buckets.values()].map((bucket) => bucket.use());
  }

  /** Fills all buckets, and clears the counts. */
  reset(): void {
    this.#buckets.clear();
  }
}
