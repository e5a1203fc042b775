import { readFileSync } from 'node:fs';
import type { DataPlaneOptions } from './dataplane/options.ts';
import { type FaultPlan, noFaults, readFaultPlan } from './faults/plan.ts';
import { readPolicy } from './iam/policy.ts';
import type { Policies } from './iam/principal.ts';
import { defaultQuotas, isQuotaName, type Quotas } from './quotas.ts';

/** Every switch of the embedded AWS. Durations are seconds; fractions are allowed. */
export interface AwsOptions {
  readonly port: number;
  readonly region: string;
  readonly accountId: string;
  readonly provisioningSeconds: number;
  readonly releaseSeconds: number;
  readonly healthSeconds: number;
  readonly drainingSecondsMax: number;
  readonly networkRegistrationSeconds: number;
  readonly networkDeregistrationSeconds: number;
  readonly issuingSeconds: number;
  readonly taggingLagSeconds: number;
  readonly quotas: Quotas;
  readonly throttling: boolean;
  readonly credentials: readonly string[] | undefined;
  readonly policies: Policies;
  readonly faults: FaultPlan;
  readonly seed: boolean;
  readonly seedNodes: number;
  readonly seedClusterName: string;
  readonly log: boolean;
  /** Where load balancers forward real traffic; undefined: they do not. */
  readonly dataPlane: DataPlaneOptions | undefined;
  /** `ADDRESS:PORT` of the DNS server for load balancers that forward traffic; undefined: no server. */
  readonly dns: string | undefined;
}

/** The defaults. Only the command line creates the demo VPC by default. */
export const defaultOptions: AwsOptions = {
  port: 4566,
  region: 'us-east-1',
  accountId: '123456789012',
  provisioningSeconds: 3,
  releaseSeconds: 0,
  healthSeconds: 2,
  drainingSecondsMax: 10,
  networkRegistrationSeconds: 1,
  networkDeregistrationSeconds: 1,
  issuingSeconds: 2,
  taggingLagSeconds: 0,
  quotas: defaultQuotas,
  throttling: false,
  credentials: undefined,
  policies: {},
  faults: noFaults,
  seed: false,
  seedNodes: 3,
  seedClusterName: 'demo',
  log: false,
  dataPlane: undefined,
  dns: undefined,
};

/** A switch of the command line. */
export interface Flag {
  readonly flag: string;
  readonly help: string;
  /** Throws an Error if the value is invalid. `before` is the value of an earlier occurrence. */
  readonly parse?: (text: string, before: unknown) => unknown;
}

function number(text: string): number {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text);
  throw new Error(`Expected a number, got '${text}'.`);
}

function accountId(text: string): string {
  if (/^[0-9]{12}$/.test(text)) return text;
  throw new Error(`Expected 12 digits, got '${text}'.`);
}

function quota(text: string, before: unknown): Partial<Quotas> {
  const [name = '', value = ''] = text.split('=');
  if (isQuotaName(name)) return { ...(typeof before === 'object' ? before : {}), [name]: number(value) };
  throw new Error(`Expected NAME=NUMBER with one of these names: ${Object.keys(defaultQuotas).join(', ')}.`);
}

function jsonFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`Expected a file of JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

type Flags<Name extends string> = Readonly<Record<Name, Flag>>;

export const flags: Flags<Exclude<keyof AwsOptions, 'dataPlane'>> = {
  port: { flag: '--port <number>', help: 'port on 127.0.0.1; 0 takes any free one', parse: number },
  region: { flag: '--region <name>', help: 'region of unsigned requests and of the demo VPC' },
  accountId: { flag: '--account-id <digits>', help: 'the account', parse: accountId },
  provisioningSeconds: {
    flag: '--provisioning-seconds <seconds>',
    help: 'how long a new load balancer is provisioning',
    parse: number,
  },
  releaseSeconds: {
    flag: '--release-seconds <seconds>',
    help: 'how long a deleted load balancer still holds its network interfaces, target groups and certificates',
    parse: number,
  },
  healthSeconds: {
    flag: '--health-seconds <seconds>',
    help: 'how long a target in use is initial before it is healthy',
    parse: number,
  },
  drainingSecondsMax: {
    flag: '--draining-seconds-max <seconds>',
    help: "caps a target group's deregistration delay",
    parse: number,
  },
  networkRegistrationSeconds: {
    flag: '--network-registration-seconds <seconds>',
    help: 'how long a Network Load Balancer takes before it checks a new target; 180 to 300 in AWS',
    parse: number,
  },
  networkDeregistrationSeconds: {
    flag: '--network-deregistration-seconds <seconds>',
    help: 'how long a Network Load Balancer sends new flows to a deregistered target; 120 to 300 in AWS',
    parse: number,
  },
  issuingSeconds: {
    flag: '--issuing-seconds <seconds>',
    help: 'how long a requested certificate is pending validation',
    parse: number,
  },
  taggingLagSeconds: {
    flag: '--tagging-lag-seconds <seconds>',
    help: 'how far GetResources is behind',
    parse: number,
  },
  quotas: { flag: '--quota <name=number>', help: 'another quota than the default; may be repeated', parse: quota },
  throttling: { flag: '--throttling', help: "refuse calls above AWS's request rates" },
  credentials: {
    flag: '--credentials <id...>',
    help: 'the access key ids that exist (default: all; signatures are never verified)',
  },
  policies: {
    flag: '--policy <file>',
    help: 'the IAM policy by which every call is allowed or denied (default: everything is allowed)',
    parse: (path) => {
      const document = jsonFile(path);
      readPolicy(document);
      return document;
    },
  },
  faults: {
    flag: '--faults <file>',
    help: 'what goes wrong, as POST /_aws/faults takes it',
    parse: (path) => readFaultPlan(jsonFile(path)),
  },
  seed: { flag: '--no-seed', help: 'start without the demo VPC' },
  seedNodes: { flag: '--seed-nodes <number>', help: 'how many instances the demo VPC has', parse: number },
  seedClusterName: { flag: '--seed-cluster-name <name>', help: "the cluster of the demo VPC's tags" },
  log: { flag: '--log', help: 'print a line a call' },
  dns: {
    flag: '--dns <address:port>',
    help: 'a DNS server that knows the addresses of the data plane by name; port 0 takes any free one',
  },
};

/** The data plane's switches. */
export const dataPlaneFlags: Flags<'dataPlane' | 'dataPlaneIpv6' | 'dataPlanePortOffset' | 'mapTargets'> = {
  dataPlane: {
    flag: '--data-plane <cidr>',
    help: 'forward traffic: each active load balancer gets an address of this block, such as 127.64.0.0/16',
  },
  dataPlaneIpv6: {
    flag: '--data-plane-ipv6 <cidr>',
    help: 'each dualstack load balancer also gets an address of this block, which the machine must have',
  },
  dataPlanePortOffset: {
    flag: '--data-plane-port-offset <number>',
    help: "added to the listeners' ports, as those below 1024 need root",
    parse: number,
  },
  mapTargets: {
    flag: '--map-targets <from=to...>',
    help: 'where targets are really reached: 10.0.0.0/16=127.10.0.0/16',
  },
};
