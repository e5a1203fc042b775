// The embedded AWS as a process of its own.
import { Command, InvalidArgumentError } from 'commander';
import { type AwsOptions, defaultOptions, switches } from './options.ts';
import { isQuotaName, type Quotas, unlimited } from './quotas.ts';
import { type Aws, startAws } from './server.ts';

const numbers: readonly (keyof AwsOptions)[] = [
  'port',
  'provisioningSeconds',
  'releaseSeconds',
  'healthSeconds',
  'drainingSecondsMax',
  'issuingSeconds',
  'taggingLagSeconds',
  'seedNodes',
];

function readNumber(value: string): number {
  if (/^[0-9]+(\.[0-9]+)?$/.test(value)) return Number(value);
  throw new InvalidArgumentError(`Expected a number, got '${value}'.`);
}

function readQuota(value: string, before: Partial<Quotas>): Partial<Quotas> {
  const [name = '', number = ''] = value.split('=');
  if (isQuotaName(name)) return { ...before, [name]: readNumber(number) };
  throw new InvalidArgumentError(`Expected NAME=NUMBER with one of ${Object.keys(unlimited).join(', ')}.`);
}

interface Flags extends Omit<AwsOptions, 'quotas'> {
  readonly quota: Partial<Quotas>;
  readonly quotas: boolean;
}

function readFlags(): Flags {
  const command = new Command('aws')
    .description('An embedded AWS: what a load balancer controller needs of ELBv2, EC2, ACM, tagging and STS.')
    .option('--no-quotas', 'no quotas at all');
  for (const name of Object.keys(switches) as (keyof AwsOptions)[]) {
    const { flag, help, value } = switches[name];
    if (name === 'quotas') command.option(flag, help, readQuota, {});
    else if (name === 'seed' || name === 'log' || name === 'throttling') command.option(flag, help);
    else if (numbers.includes(name)) command.option(flag, help, readNumber, value as number);
    else command.option(flag, help, value as string | undefined);
  }
  return command.parse().opts<Flags>();
}

function greet({ url, options, seeded }: Aws): void {
  console.log(`The embedded AWS listens on ${url} (region ${options.region}, account ${options.accountId}).`);
  console.log('Any AWS SDK or CLI uses it by these variables; signatures are not verified:');
  console.log(`  export AWS_ENDPOINT_URL=${url} AWS_REGION=${options.region}`);
  console.log('  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test');
  const seed = seeded();
  if (seed) console.log(`Demo VPC: ${seed.vpcId}; all of it: curl ${url}/_aws/seed`);
  console.log(`Calls so far: curl ${url}/_aws/calls; start over: curl -X POST ${url}/_aws/reset`);
}

const { quota, quotas, ...flags } = readFlags();
const aws = await startAws({ ...defaultOptions, ...flags, quotas: quotas ? quota : unlimited });
greet(aws);

const stop = () => {
  aws.close().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
