// npm run conformance [-- TEST]: the Gateway API's own conformance suite against Gatehouse, in a cluster with running pods and
// an embedded AWS that forwards traffic. Writes the suite's report beside this file, unless only one TEST is run.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyYaml, waitFor } from '../../localstack/cluster/apply.ts';
import { prepareCluster } from '../../localstack/cluster/cluster.ts';
import { type Environment, startEnvironment } from '../../localstack/environment.ts';
import { enterSandbox } from '../../localstack/sandbox.ts';
import { script } from '../../localstack/script.ts';
import { describeUsage, usageOf } from '../bench/usage.ts';
import { bundle } from '../bundle.ts';
import { profilesOf } from './profiles.ts';
import { skips } from './skips.ts';
import { buildSuite, type Run, runSuite, type TestResult } from './suite.ts';
import { line, summary } from './table.ts';

const command = script('conformance', "Runs the Gateway API's own conformance suite. Exits with 1 when a test failed.")
  .argument('[test]', 'the one test to run, such as HTTPRouteWeight (default: all)')
  .option('--report <file>', "where the suite's report of all tests goes", join(import.meta.dirname, 'report.yaml'))
  .option('--results <file>', 'where the results go as JSON (default: nowhere)')
  .parse();
const values = command.opts<{ readonly report: string; readonly results?: string }>();
const [only] = command.args;

const className = 'gatehouse';
/** The DNS server for the sandbox's programs. The sandbox has no other one. */
const nameserver = '127.0.0.53';
/** A real load balancer needs minutes for this. The states are the same. */
const aws = {
  port: 0,
  provisioningSeconds: 1,
  releaseSeconds: 1,
  throttling: true,
  dns: `${nameserver}:53`,
  dataPlane: { addresses: '127.64.0.0/16' },
} as const;

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
const { signal } = interruption;

const say = (text: string): void => console.log(text);

async function main(): Promise<number> {
  await enterSandbox({ nameserver, prepare });
  const suite = await buildSuite({ log: say, signal });
  say('Starting a cluster whose pods run, and the embedded AWS …');
  const environment = await startEnvironment({ aws, pods: true, log: say, signal });
  try {
    await using built = await bundle();
    const gatehouse = await environment.startGatehouse({ program: built.program, logFile: log('gatehouse') });
    const profiles = profilesOf(await makeClass(environment));
    say(`Running the suite; what it says is in ${log('suite')}.`);
    const started = performance.now();
    const run = await runSuite(suite, {
      flags: flags(profiles),
      kubeconfig: environment.cluster.kubeconfig,
      logFile: log('suite'),
      signal,
      onEnd: (result) => counts(result) && say(line(result)),
    });
    const minutes = ((performance.now() - started) / 60_000).toFixed(1);
    say(
      `\n${minutes} minutes; ${calls(environment)} calls to AWS; Gatehouse: ${describeUsage(usageOf(gatehouse.pid))}`,
    );
    return await conclude(run, profiles);
  } finally {
    await environment.stop();
  }
}

/** Prepares everything that needs the internet, because the sandbox has none. */
async function prepare(): Promise<void> {
  await prepareCluster({ log: say, signal });
  await buildSuite({ log: say, signal });
}

/** Tests for the table: those that ran, and those in `skips`. */
const counts = ({ name, outcome }: TestResult): boolean => {
  if (only !== undefined) return name === only;
  return outcome !== 'unclaimed' && (outcome !== 'skipped' || name in skips);
};

const log = (name: string): string => join(import.meta.dirname, `${name}.log`);

const gatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: className },
  spec: { controllerName: 'gatehouse.dev/aws' },
};

interface GatewayClass {
  readonly status?: { readonly supportedFeatures?: readonly { readonly name: string }[] };
}

/** The suite begins with the features in the class's status, and does not wait for them. @returns these features. */
async function makeClass({ cluster }: Environment): Promise<readonly string[]> {
  await applyYaml(cluster.admin, [gatewayClass]);
  const path = `/apis/gateway.networking.k8s.io/v1/gatewayclasses/${className}`;
  const claims = (found?: GatewayClass): boolean => found?.status?.supportedFeatures !== undefined;
  const found = await waitFor<GatewayClass>(cluster.admin, path, claims, { timeoutMs: 60_000, signal });
  return (found?.status?.supportedFeatures ?? []).map(({ name }) => name);
}

/** The suite's own timeouts apply. It reads the supported features from the GatewayClass. */
const flags = (profiles: readonly string[]): Readonly<Record<string, string>> => ({
  'gateway-class': className,
  'conformance-profiles': profiles.join(','),
  // The tests share two cores with everything that they test.
  'disable-parallel-tests': 'true',
  // The cluster ends with the run.
  'cleanup-base-resources': 'false',
  // Of GatewayStaticAddresses: an address of a subnet without nodes, and one that is not the account's.
  'usable-address': '10.0.16.250',
  'unusable-address': '192.0.2.1',
  ...(only === undefined
    ? { 'skip-tests': Object.keys(skips).join(','), 'report-output': values.report, ...implementation }
    : { 'run-test': only }),
});

/** Names for the report. */
const implementation = {
  organization: 'gatehouse',
  project: 'gatehouse',
  url: 'https://gatehouse.dev',
  version: 'v0.1.0',
  contact: 'https://gatehouse.dev',
};

const calls = ({ aws: { calls: of } }: Environment): number => of.counts().total;

async function conclude(run: Run, profiles: readonly string[]): Promise<number> {
  const results = run.results.filter(counts);
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  for (const { name, lines } of failed) say(`\n${name} failed:\n${lines.slice(-20).join('\n')}`);
  if (results.length === 0) say(run.lines.slice(-20).join('\n'));
  if (values.results !== undefined) await writeFile(values.results, JSON.stringify(results));
  say('');
  for (const text of summary(results, profiles)) say(text);
  return run.status === 0 && failed.length === 0 && results.length > 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!signal.aborted) console.error(error);
  process.exitCode = signal.aborted ? 130 : 1;
}
