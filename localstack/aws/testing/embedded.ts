// What the tests of the embedded AWS start from: one with the demo VPC, a clock of its own, and the real SDK's clients.
import { ACMClient } from '@aws-sdk/client-acm';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Clock } from '../clock.ts';
import type { Seed } from '../seed.ts';
import { type Aws, type StartOptions, startAws } from '../server.ts';

export interface Embedded extends AsyncDisposable {
  readonly aws: Aws;
  readonly seed: Seed;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly ec2: EC2Client;
  readonly acm: ACMClient;
  /** Lets time pass. */
  readonly pass: (seconds: number) => void;
}

export function clientConfig(url: string) {
  return {
    endpoint: url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

/** To be held with `await using`: it ends with its block. */
export async function embedded(options: StartOptions = {}): Promise<Embedded> {
  let now = Date.now();
  const clock: Clock = { now: () => now };
  const aws = await startAws({ port: 0, seed: true, clock, ...options });
  const seed = aws.seeded();
  if (!seed) throw new Error('Expected a seed');
  const config = clientConfig(aws.url);
  const elb = new ElasticLoadBalancingV2Client(config);
  const ec2 = new EC2Client(config);
  const acm = new ACMClient(config);
  return {
    aws,
    seed,
    elb,
    ec2,
    acm,
    pass: (seconds) => {
      now += seconds * 1000;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of [elb, ec2, acm]) client.destroy();
      await aws.close();
    },
  };
}
