import { defaultQuotas, type Quotas } from './quotas.ts';

/** Every switch of the embedded AWS. Durations are seconds; fractions are allowed. */
export interface AwsOptions {
  readonly port: number;
  readonly region: string;
  readonly accountId: string;
  readonly provisioningSeconds: number;
  readonly releaseSeconds: number;
  readonly healthSeconds: number;
  readonly drainingSecondsMax: number;
  readonly issuingSeconds: number;
  readonly taggingLagSeconds: number;
  readonly quotas: Quotas;
  readonly throttling: boolean;
  readonly credentials: readonly string[] | undefined;
  readonly seed: boolean;
  readonly seedNodes: number;
  readonly seedClusterName: string;
  readonly log: boolean;
}

interface Switch<Value> {
  readonly value: Value;
  /** The command line's flag, as commander reads it. */
  readonly flag: string;
  readonly help: string;
}

/** The one table of switches: default, flag and meaning. */
export const switches: { readonly [Name in keyof AwsOptions]: Switch<AwsOptions[Name]> } = {
  port: { value: 4566, flag: '--port <number>', help: 'port on 127.0.0.1; 0 takes any free one' },
  region: { value: 'us-east-1', flag: '--region <name>', help: 'region of unsigned requests and of the seed' },
  accountId: { value: '123456789012', flag: '--account-id <digits>', help: 'the account' },
  provisioningSeconds: {
    value: 3,
    flag: '--provisioning-seconds <seconds>',
    help: 'how long a new load balancer is provisioning',
  },
  releaseSeconds: {
    value: 0,
    flag: '--release-seconds <seconds>',
    help: 'how long a deleted load balancer still holds its network interfaces, target groups and certificates',
  },
  healthSeconds: {
    value: 2,
    flag: '--health-seconds <seconds>',
    help: 'how long a target in use is initial before it is healthy',
  },
  drainingSecondsMax: {
    value: 10,
    flag: '--draining-seconds-max <seconds>',
    help: "caps a target group's deregistration delay",
  },
  issuingSeconds: {
    value: 2,
    flag: '--issuing-seconds <seconds>',
    help: 'how long a requested certificate is pending validation',
  },
  taggingLagSeconds: { value: 0, flag: '--tagging-lag-seconds <seconds>', help: 'how far GetResources is behind' },
  quotas: {
    value: defaultQuotas,
    flag: '--quota <name=value...>',
    help: 'another quota than the default, by its name',
  },
  throttling: { value: false, flag: '--throttling', help: "refuse calls above AWS's request rates" },
  credentials: {
    value: undefined,
    flag: '--credentials <id...>',
    help: 'the access key ids that exist (default: all; signatures are never verified)',
  },
  /** The command line seeds unless told not to; an embedded one does not unless told to. */
  seed: { value: false, flag: '--no-seed', help: 'start with an empty account, without the demo VPC' },
  seedNodes: { value: 3, flag: '--seed-nodes <number>', help: 'how many instances the demo VPC has' },
  seedClusterName: { value: 'demo', flag: '--seed-cluster-name <name>', help: "the cluster of the demo VPC's tags" },
  log: { value: false, flag: '--log', help: 'print a line a call' },
};

export const defaultOptions = Object.fromEntries(
  Object.entries(switches).map(([name, { value }]) => [name, value]),
) as unknown as AwsOptions;
