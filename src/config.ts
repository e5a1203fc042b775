// Flags and environment → one validated Config. The table below is also what `--help` and docs/cli.md show.
import { z } from 'zod';
import { hasDroppedKey, sslPolicyName, userTags } from './api/load-balancer-configuration.ts';
import type { SettingsDefaults } from './aws/settings.ts';

const isAddress = (text: string): boolean =>
  Number(/^(?:\[[0-9a-fA-F:]+\]|[^:]*):(\d{1,5})$/.exec(text)?.[1]) <= 65_535;

const listenAddress = z.string().refine(isAddress, { error: 'must be [HOST]:PORT' });

const bindAddress = z.string().refine((text) => text === '0' || isAddress(text), {
  error: 'must be [HOST]:PORT, or 0 to turn it off',
});

/** The providers that there are, in the order of the documentation. */
export const providerNames = ['aws', 'metallb'] as const;

const providers = z
  .string()
  .transform((text) => [...new Set(text.split(','))])
  .pipe(z.array(z.enum(providerNames, { error: `must be some of ${providerNames.join(',')}` })));

const boolean = z.stringbool({
  truthy: ['true', '1', 'yes', ''],
  falsy: ['false', '0', 'no'],
  error: 'must be true or false',
});

/** A duration in Go's format, such as `90s`, `10m` or `1h30m`, in milliseconds. */
const duration = z
  .string()
  .regex(/^(\d+h)?(\d+m)?(\d+s)?$/, { error: 'must be a duration such as 90s, 10m or 1h30m' })
  .transform((text) => {
    const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000 };
    return [...text.matchAll(/(\d+)([hms])/g)].reduce(
      (sum, [, n, unit]) => sum + Number(n) * (units[unit ?? ''] ?? 0),
      0,
    );
  })
  .refine((ms) => ms > 0, { error: 'must be longer than 0s' });

const tags = z
  .string()
  .transform((text) => text.split(',').filter((pair) => pair !== ''))
  .pipe(z.array(z.string().regex(/^[^=]{1,128}=.{0,256}$/, { error: 'must be KEY=VALUE,KEY=VALUE' })))
  .transform((pairs) =>
    Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
  )
  .refine((given) => !hasDroppedKey(given), { error: 'can not have the key __proto__' })
  .pipe(userTags);

const controllerName = z.string().regex(/^[a-z0-9.-]+\/[A-Za-z0-9/._-]+$/, { error: 'must be DOMAIN/PATH' });

interface Flag {
  readonly schema: z.ZodType;
  /** The placeholder for the value in `--help`. */
  readonly value: string;
  readonly description: string;
}

/** By flag, without its dashes. The environment variable is `GATEHOUSE_` and the flag in upper case with underscores. */
export const flags = {
  providers: {
    schema: providers.prefault(providerNames.join(',')),
    value: 'NAME,…',
    description: 'which providers serve GatewayClasses. One that no GatewayClass needs does nothing',
  },
  'cluster-name': {
    schema: z
      .string({ error: 'is required: the name under which this cluster owns things in AWS' })
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { error: 'must be 1 to 100 letters, digits, ., _ or -' }),
    value: 'NAME',
    description: 'the name under which this cluster owns things in AWS; required with AWS',
  },
  'aws-region': {
    schema: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: 'must be a region such as eu-central-1' })
      .optional(),
    value: 'REGION',
    description: "the AWS region; else AWS_REGION, the Nodes' own, or instance metadata",
  },
  'aws-vpc-id': {
    schema: z
      .string()
      .regex(/^vpc-[0-9a-f]+$/, { error: 'must be a VPC id, vpc-…' })
      .optional(),
    value: 'ID',
    description: "the VPC of the load balancers; else the Nodes' own, or instance metadata",
  },
  'aws-controller-name': {
    schema: controllerName.default('gatehouse.dev/aws'),
    value: 'DOMAIN/PATH',
    description: 'the controllerName of the GatewayClasses to serve on AWS',
  },
  'metallb-controller-name': {
    schema: controllerName.default('gatehouse.dev/metallb'),
    value: 'DOMAIN/PATH',
    description: 'the controllerName of the GatewayClasses to serve with MetalLB and Envoy',
  },
  'aws-rate-factor': {
    schema: z
      .string()
      .regex(/^\d{1,3}(\.\d+)?$/, { error: 'must be a number such as 0.5 or 2' })
      .transform(Number)
      .refine((factor) => factor > 0, { error: 'must be greater than 0' })
      .prefault('1'),
    value: 'NUMBER',
    description: "the share of AWS's documented request rates to use: below 1 leaves room for others in the account",
  },
  'default-target-type': {
    schema: z.enum(['ip', 'instance'], { error: 'must be ip or instance' }).default('ip'),
    value: 'ip|instance',
    description: 'whether target groups point at pod IPs or at node ports',
  },
  'default-load-balancer-scheme': {
    schema: z
      .enum(['internal', 'internet-facing'], { error: 'must be internal or internet-facing' })
      .default('internal'),
    value: 'internal|internet-facing',
    description: 'where load balancers are reachable from',
  },
  'default-ssl-policy': {
    schema: sslPolicyName.default('ELBSecurityPolicy-TLS13-1-2-2021-06'),
    value: 'POLICY',
    description: 'the security policy of HTTPS and TLS listeners',
  },
  'default-tags': {
    schema: tags.prefault(''),
    value: 'KEY=VALUE,…',
    description: 'tags on everything that Gatehouse creates in AWS',
  },
  'watch-namespace': {
    schema: z.string().min(1).max(63).optional(),
    value: 'NAMESPACE',
    description: 'the only namespace to serve; default: all',
  },
  'audit-period': {
    schema: duration.prefault('10m'),
    value: 'DURATION',
    description: 'how often each Gateway is compared with what exists in AWS',
  },
  'handover-period': {
    schema: duration.prefault('10m'),
    value: 'DURATION',
    description:
      "how long an old load balancer still serves after the Gateway's address has changed to or from an NLB, an old zone after an NLB has got others, and an old address of MetalLB after a new one",
  },
  'enable-leader-election': {
    schema: boolean.prefault('true'),
    value: 'true|false',
    description: 'whether replicas elect a leader with a Lease',
  },
  'leader-election-namespace': {
    schema: z.string().min(1).max(63).optional(),
    value: 'NAMESPACE',
    description: "where the Lease and the controller's own ConfigMap are; else the pod's namespace",
  },
  'ads-bind-addr': {
    schema: listenAddress.default(':18000'),
    value: '[HOST]:PORT',
    description: 'where Envoys get their configuration',
  },
  'ads-address': {
    schema: z
      .string()
      .regex(/^(\[[0-9a-fA-F:]+\]|[^:]+):\d{1,5}$/, { error: 'must be HOST:PORT' })
      .optional(),
    value: 'HOST:PORT',
    description: 'how Envoys call it; else the Service gatehouse-ads in the namespace of the Lease, port 18000',
  },
  'metrics-bind-addr': {
    schema: bindAddress.default(':8080'),
    value: '[HOST]:PORT',
    description: 'where Prometheus metrics are served; 0 turns them off',
  },
  'health-probe-bind-addr': {
    schema: bindAddress.default(':61779'),
    value: '[HOST]:PORT',
    description: 'where /healthz and /readyz are served; 0 turns them off',
  },
  'log-level': {
    schema: z.enum(['debug', 'info', 'warn', 'error'], { error: 'must be debug, info, warn or error' }).default('info'),
    value: 'debug|info|warn|error',
    description: 'how much is logged',
  },
  'log-format': {
    schema: z.enum(['json', 'text'], { error: 'must be json or text' }).default('json'),
    value: 'json|text',
    description: 'JSON lines for machines, or text for people',
  },
} as const satisfies Readonly<Record<string, Flag>>;

/** The flag's default, in the form that a user would write; undefined if it has none. */
export function defaultText(flag: keyof typeof flags): string | undefined {
  const { schema }: Flag = flags[flag];
  if (!(schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)) return undefined;
  const { defaultValue } = schema.def;
  return typeof defaultValue === 'string' && defaultValue !== '' ? defaultValue : undefined;
}

type Camel<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Text;

export type Config = { readonly [Name in keyof typeof flags as Camel<Name>]: z.output<(typeof flags)[Name]['schema']> };

export const environmentVariable = (flag: string): string => `GATEHOUSE_${flag.toUpperCase().replaceAll('-', '_')}`;

const camel = (flag: string): string => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** The message has one line per invalid flag: its name, what is wrong, and where the value came from. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * @param given the command line's flags, by name without dashes
 * @throws ConfigError
 */
export function readConfig(given: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Config {
  const config: Record<string, unknown> = {};
  const faults: string[] = [];
  const chosen = given['providers'] ?? env[environmentVariable('providers')] ?? providerNames.join(',');
  const unneeded: Readonly<Record<string, string>> = chosen.split(',').includes('aws')
    ? {}
    : { 'cluster-name': 'none' };
  for (const [name, { schema }] of Object.entries<Flag>(flags)) {
    const variable = environmentVariable(name);
    const value = given[name] ?? env[variable] ?? unneeded[name];
    const parsed = schema.safeParse(value);
    if (parsed.success) config[camel(name)] = parsed.data;
    else {
      const source = given[name] === undefined && env[variable] !== undefined ? ` (from ${variable})` : '';
      const got = value === undefined ? '' : `, got "${value}"`;
      faults.push(`--${name} ${parsed.error.issues[0]?.message ?? 'is invalid'}${got}${source}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the loop has put every flag's parsed value in it
  return config as unknown as Config;
}

/** The settings of a Gateway that has no configuration. */
export const settingsDefaults = (config: Config): SettingsDefaults => ({
  scheme: config.defaultLoadBalancerScheme,
  ipAddressType: 'ipv4',
  targetType: config.defaultTargetType,
  sslPolicy: config.defaultSslPolicy,
  tags: config.defaultTags,
});
