import { expect, test } from 'vitest';
import { flagNames } from './cli/flag-options.ts';
import { runCommand } from './cli/run.ts';
import { ConfigError, defaultText, environmentVariable, flags, readConfig } from './config.ts';

const least = { 'cluster-name': 'blue' };

test('only the name of the cluster is required, and the other values are the defaults', () => {
  expect(readConfig(least, {})).toEqual({
    providers: ['aws', 'metallb'],
    clusterName: 'blue',
    awsControllerName: 'gatehouse.dev/aws',
    metallbControllerName: 'gatehouse.dev/metallb',
    awsRegion: undefined,
    awsRateFactor: 1,
    awsVpcId: undefined,
    defaultTargetType: 'ip',
    defaultLoadBalancerScheme: 'internal',
    defaultSslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    defaultTags: {},
    watchNamespace: undefined,
    auditPeriod: 600_000,
    handoverPeriod: 600_000,
    enableLeaderElection: true,
    leaderElectionNamespace: undefined,
    adsBindAddr: ':18000',
    adsAddress: undefined,
    metricsBindAddr: ':8080',
    healthProbeBindAddr: ':61779',
    logLevel: 'info',
    logFormat: 'json',
  });
});

test('a flag wins over its environment variable, and the variable wins over the default', () => {
  const env = { GATEHOUSE_LOG_LEVEL: 'debug', GATEHOUSE_CLUSTER_NAME: 'green', GATEHOUSE_AUDIT_PERIOD: '1h30m' };
  expect(readConfig({ 'log-level': 'warn' }, env)).toMatchObject({
    logLevel: 'warn',
    clusterName: 'green',
    auditPeriod: 5_400_000,
  });
});

test.each(flagNames)('--%s is in --help, with its default and its environment variable', (name) => {
  const { value, description } = flags[name];
  const inForce = defaultText(name);
  const notes = inForce === undefined ? '' : `default: ${inForce}, `;
  const help = runCommand()
    .configureOutput({ getOutHelpWidth: () => 1000 })
    .helpInformation();
  expect(help).toContain(`--${name} <${value}>`);
  expect(help).toContain(`${description} (${notes}env: ${environmentVariable(name)})`);
});

test('--help has only flags that are used', () => {
  const own = runCommand().options.map(({ long }) => long?.slice(2));
  expect(own).toEqual(Object.keys(flags));
});

test.each([
  ['aws-region', 'Europe', '--aws-region must be a region such as eu-central-1, got "Europe"'],
  ['aws-vpc-id', 'vpc', '--aws-vpc-id must be a VPC id, vpc-…, got "vpc"'],
  ['audit-period', '10', '--audit-period must be a duration such as 90s, 10m or 1h30m, got "10"'],
  ['audit-period', '0s', '--audit-period must be longer than 0s, got "0s"'],
  ['metrics-bind-addr', '8080', '--metrics-bind-addr must be [HOST]:PORT, or 0 to turn it off, got "8080"'],
  ['providers', 'aws,gcp', '--providers must be some of aws,metallb, got "aws,gcp"'],
  ['ads-bind-addr', '0', '--ads-bind-addr must be [HOST]:PORT, got "0"'],
  ['ads-address', 'gatehouse', '--ads-address must be HOST:PORT, got "gatehouse"'],
  ['metrics-bind-addr', ':65536', '--metrics-bind-addr must be [HOST]:PORT, or 0 to turn it off, got ":65536"'],
  ['default-tags', 'team', '--default-tags must be KEY=VALUE,KEY=VALUE, got "team"'],
  [
    'default-tags',
    'cost#centre=x',
    '--default-tags keys may have letters, digits, spaces and _ . : / = + - @ only, got "cost#centre=x"',
  ],
  ['default-tags', '__proto__=x', '--default-tags can not have the key __proto__, got "__proto__=x"'],
  [
    'default-tags',
    'gatehouse.dev/cluster=x',
    '--default-tags keys that begin with aws: or gatehouse.dev/ are reserved, got "gatehouse.dev/cluster=x"',
  ],
])('--%s=%s is refused, and the message names the flag', (name, value, message) => {
  expect(() => readConfig({ ...least, [name]: value }, {})).toThrow(new ConfigError(message));
});

test.each([
  ['metrics-bind-addr', '0'],
  ['metrics-bind-addr', '127.0.0.1:9090'],
  ['health-probe-bind-addr', '[::1]:65535'],
])('--%s=%s is accepted', (name, value) => {
  expect(Object.values(readConfig({ ...least, [name]: value }, {}))).toContain(value);
});

test('without AWS the cluster needs no name', () => {
  expect(readConfig({ providers: 'metallb' }, {}).providers).toEqual(['metallb']);
  expect(readConfig({}, { GATEHOUSE_PROVIDERS: 'metallb' }).providers).toEqual(['metallb']);
  expect(() => readConfig({ providers: 'metallb,aws' }, {})).toThrow('--cluster-name is required');
});

test('a value of a tag may have =, and an empty list has no tags', () => {
  expect(readConfig({ ...least, 'default-tags': 'a=b=c,d=' }, {}).defaultTags).toEqual({ a: 'b=c', d: '' });
  expect(readConfig({ ...least, 'default-tags': '' }, {}).defaultTags).toEqual({});
});

test('all invalid values are reported at once, with their sources', () => {
  expect(() => readConfig({ 'log-level': 'loud' }, { GATEHOUSE_DEFAULT_TARGET_TYPE: 'pod' })).toThrow(
    /^--cluster-name is required: .*\n--default-target-type .*, got "pod" \(from GATEHOUSE_DEFAULT_TARGET_TYPE\)\n--log-level .*, got "loud"$/,
  );
});

test('--help shows the defaults that are used', () => {
  const given = Object.fromEntries(flagNames.map((name) => [name, defaultText(name)]).filter(([, text]) => text));
  expect(readConfig({ ...least, ...given }, {})).toEqual(readConfig(least, {}));
  expect(given).toMatchObject({ 'audit-period': '10m', 'aws-rate-factor': '1', 'enable-leader-election': 'true' });
});
