// Runs the embedded AWS as its own process.
import { InvalidArgumentError } from 'commander';
import { script } from '../script.ts';
import type { DataPlaneOptions } from './dataplane/options.ts';
import { type AwsOptions, dataPlaneFlags, defaultOptions, type Flag, flags } from './options.ts';
import { type Quotas, unlimited } from './quotas.ts';
import { type Aws, startAws } from './server.ts';

interface Arguments extends Omit<AwsOptions, 'quotas' | 'policies' | 'dataPlane'> {
  readonly quota?: Partial<Quotas>;
  readonly quotas: boolean;
  /** The validated document. */
  readonly policy?: unknown;
  readonly dataPlane?: string;
  readonly dataPlaneIpv6?: string;
  readonly dataPlanePortOffset?: number;
  readonly mapTargets?: readonly string[];
}

function parserOf(parse: NonNullable<Flag['parse']>) {
  return (text: string, before: unknown) => {
    try {
      return parse(text, before);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

function readArguments(): Arguments {
  const command = script(
    'aws',
    'An embedded AWS: what a load balancer controller needs of ELBv2, EC2, ACM, tagging and STS.',
  ).option('--no-quotas', 'no quotas at all');
  for (const [name, { flag, help, parse }] of Object.entries({ ...flags, ...dataPlaneFlags })) {
    const option = command.createOption(flag, help);
    if (parse) option.argParser(parserOf(parse));
    const value = Object.entries(defaultOptions).find(([each]) => each === name)?.[1];
    if (typeof value === 'string' || typeof value === 'number') option.default(value);
    command.addOption(option);
  }
  return command.parse().opts<Arguments>();
}

function greet({ url, options, seeded, dns }: Aws): void {
  console.log(`The embedded AWS listens on ${url} (region ${options.region}, account ${options.accountId}).`);
  console.log('Any AWS SDK or CLI uses it by these variables; signatures are not verified:');
  console.log(`  export AWS_ENDPOINT_URL=${url} AWS_REGION=${options.region}`);
  console.log('  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test');
  const seed = seeded();
  if (seed) console.log(`Demo VPC: ${seed.vpcId}; all of it: curl ${url}/_aws/seed`);
  if (options.dataPlane) console.log(`Load balancers forward traffic; where they are: curl ${url}/_aws/load-balancers`);
  if (dns !== undefined) console.log(`Their names resolve at ${dns}.`);
  console.log(`Calls so far: curl ${url}/_aws/calls; start over: curl -X POST ${url}/_aws/reset`);
}

async function run(): Promise<void> {
  const {
    quota,
    quotas,
    policy,
    dataPlane: addresses,
    dataPlaneIpv6: addresses6,
    dataPlanePortOffset: portOffset,
    mapTargets,
    ...given
  } = readArguments();
  const dataPlane: DataPlaneOptions | undefined =
    addresses === undefined ? undefined : { addresses, addresses6, portOffset, mapTargets };
  const policies = policy === undefined ? {} : { '*': policy };
  const aws = await startAws({ ...given, dataPlane, policies, quotas: quotas ? { ...quota } : unlimited });
  greet(aws);
  const stop = () => {
    aws.close().catch(fail);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

await run().catch(fail);
