// npm run conformance [-- --class NAME] [-- TEST]: the Gateway API's own conformance suite against Gatehouse, in a cluster with
// running pods, and with an embedded AWS that forwards traffic, or with MetalLB and Envoys. Writes the suite's report beside this
// file, unless only a part is run.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import { applyYaml, waitFor } from '../../localstack/cluster/apply.ts';
import { enterSandbox } from '../../localstack/sandbox.ts';
import { script } from '../../localstack/script.ts';
import { describeUsage, usageOf } from '../bench/usage.ts';
import { bundle } from '../bundle.ts';
import { onAws } from './on-aws.ts';
import { onMetallb } from './on-metallb.ts';
import { coreOfHttp, profilesOf } from './profiles.ts';
import type { Started, Subject } from './subject.ts';
import { buildSuite, type Run, runSuite, type TestResult } from './suite.ts';
import { line, summary } from './table.ts';

interface Values {
  readonly class: string;
  readonly core: boolean;
  readonly report?: string;
  readonly results?: string;
}

const subjects: ReadonlyMap<string, Subject> = new Map([onAws, onMetallb].map((each) => [each.controllerName, each]));
const classes = new Option('--class <name>', 'the controllerName of the GatewayClass')
  .choices([...subjects.keys()])
  .default(onAws.controllerName);

const command = script('conformance', "Runs the Gateway API's own conformance suite. Exits with 1 when a test failed.")
  .argument('[test]', 'the one test to run, such as HTTPRouteWeight (default: all)')
  .addOption(classes)
  .option('--core', 'only the core tests of GATEWAY-HTTP, without a report', false)
  .option('--report <file>', "where the suite's report of all tests goes (default: beside this program)")
  .option('--results <file>', 'where the results go as JSON (default: nowhere)')
  .parse();
const values = command.opts<Values>();
const [only] = command.args;
const subject = subjects.get(values.class) ?? onAws;

const className = 'gatehouse';

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
const { signal } = interruption;

const say = (text: string): void => console.log(text);

async function main(): Promise<number> {
  await enterSandbox({ ...subject.sandbox, prepare });
  const suite = await buildSuite({ log: say, signal });
  say(`Starting a cluster whose pods run, for ${subject.controllerName} …`);
  const environment = await subject.start({ log: say, signal });
  try {
    await using built = await bundle();
    const gatehouse = await environment.startGatehouse({ program: built.program, logFile: log('gatehouse') });
    const supported = await makeClass(environment);
    const profiles = profilesOf(values.core ? coreOfHttp : supported);
    say(`Running the suite; what it says is in ${log('suite')}.`);
    const started = performance.now();
    const run = await runSuite(suite, {
      flags: flags(profiles),
      place: environment.suite,
      logFile: log('suite'),
      signal,
      onEnd: (result) => counts(result) && say(line(result)),
    });
    const minutes = ((performance.now() - started) / 60_000).toFixed(1);
    const cost = [`${minutes} minutes`, environment.cost(), `Gatehouse: ${describeUsage(usageOf(gatehouse.pid))}`];
    say(`\n${cost.filter((words) => words !== '').join('; ')}`);
    return await conclude(run, profiles);
  } finally {
    await environment.stop();
  }
}

/** Prepares everything that needs the internet, because the sandbox has none. */
async function prepare(): Promise<void> {
  await subject.prepare({ log: say, signal });
  await buildSuite({ log: say, signal });
}

/** Tests for the table: those that ran, and those in `skips`. */
const counts = ({ name, outcome }: TestResult): boolean => {
  if (only !== undefined) return name === only;
  return outcome !== 'unclaimed' && (outcome !== 'skipped' || name in subject.skips);
};

const log = (name: string): string => join(import.meta.dirname, `${name}.log`);

const gatewayClass = ({ parametersRef }: Started) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: className },
  spec: { controllerName: subject.controllerName, ...(parametersRef && { parametersRef }) },
});

interface GatewayClass {
  readonly status?: { readonly supportedFeatures?: readonly { readonly name: string }[] };
}

/** The suite begins with the features in the class's status, and does not wait for them. @returns these features. */
async function makeClass(environment: Started): Promise<readonly string[]> {
  const { cluster } = environment;
  await applyYaml(cluster.admin, [gatewayClass(environment)]);
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
  ...subject.flags,
  ...(values.core && { 'supported-features': coreOfHttp.join(',') }),
  ...(only === undefined ? { 'skip-tests': Object.keys(subject.skips).join(',') } : { 'run-test': only }),
  ...(only === undefined && !values.core && { 'report-output': report, ...implementation }),
});

const report = values.report ?? join(import.meta.dirname, subject.report);

/** Names for the report. */
const implementation = {
  organization: 'gatehouse',
  project: 'gatehouse',
  url: 'https://gatehouse.dev',
  version: 'v0.1.0',
  contact: 'https://gatehouse.dev',
};

async function conclude(run: Run, profiles: readonly string[]): Promise<number> {
  const results = run.results.filter(counts);
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  for (const { name, lines } of failed) say(`\n${name} failed:\n${lines.slice(-20).join('\n')}`);
  if (results.length === 0) say(run.lines.slice(-20).join('\n'));
  if (values.results !== undefined) await writeFile(values.results, JSON.stringify(results));
  say('');
  for (const text of summary(results, profiles, subject.skips)) say(text);
  return run.status === 0 && failed.length === 0 && results.length > 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!signal.aborted) console.error(error);
  process.exitCode = signal.aborted ? 130 : 1;
}
