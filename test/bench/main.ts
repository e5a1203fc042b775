// npm run bench: measures what Gatehouse costs in calls to AWS, seconds, memory and CPU, beside the AWS Load Balancer
// Controller's numbers for the same workload. The exit status is 1 if a number is over its limit. `npm run bench -- scale` is
// longer: many Gateways with AWS's documented throttling. `npm run bench -- envoy` measures Gateways on MetalLB: it needs root.
import { Argument, Option } from 'commander';
import type { StartOptions } from '../../localstack/aws/server.ts';
import { prepareCluster } from '../../localstack/cluster/cluster.ts';
import { type Environment, startEnvironment } from '../../localstack/environment.ts';
import { enterSandbox } from '../../localstack/sandbox.ts';
import { script, wholeNumber } from '../../localstack/script.ts';
import { delegateSubnets } from '../../localstack/vpc-nodes.ts';
import { bundle } from '../bundle.ts';
import { published } from './envoy/rows.ts';
import { type EnvoyName, envoyNames, measureEnvoy } from './envoy/scenarios.ts';
import { type Made, measureMade, measureScale } from './scale.ts';
import { growthCells, scaleRows } from './scale-rows.ts';
import { measureConnections, measureMany, measureMixed, measureOne, measurePod } from './scenarios.ts';
import { printCells, printTable, type Row } from './table.ts';

const names = ['one', 'many', 'pod', 'connections', 'mixed', 'scale'] as const;
type Name = (typeof names)[number];
const ofEnvoy = ['envoy', ...envoyNames] as const;

interface Flags {
  readonly gateways: readonly number[];
  readonly changes: number;
  readonly minutes: number;
  readonly perSecond: number;
  readonly routes: number;
  readonly loads: readonly number[];
}

const numbers = (text: string): readonly number[] => text.split(',').map(wholeNumber(1));

const command = script('bench', 'Measures what Gatehouse costs. Exits with 1 when a number is over its limit.')
  .addArgument(
    new Argument('[scenario...]', 'what is measured; scale takes an hour, envoy needs root')
      .choices([...names, ...ofEnvoy])
      .default(names.slice(0, -1)),
  )
  .addOption(
    new Option('--gateways <numbers>', 'scale: how many Gateways, run by run')
      .argParser(numbers)
      .default([10, 30, 100], '10,30,100'),
  )
  .option('--changes <number>', 'scale: pods that change one at a time', wholeNumber(1), 200)
  .option('--minutes <number>', 'scale: how long pods change all over', wholeNumber(1), 10)
  .option('--per-second <number>', 'scale: how many of them a second', wholeNumber(1), 50)
  .option('--routes <number>', 'envoy-routes: how many routes are added one by one', wholeNumber(1), 3000)
  .addOption(
    new Option('--loads <numbers>', 'envoy-load: how many routes there are, step by step')
      .argParser(numbers)
      .default([500, 5000], '500,5000'),
  )
  .parse();
const flags = command.opts<Flags>();
const [chosen = []]: readonly (readonly (Name | (typeof ofEnvoy)[number])[])[] = command.processedArgs;
const onAws = names.filter((name) => chosen.includes(name));
const onEnvoy = envoyNames.filter((name) => chosen.includes(name) || chosen.includes('envoy'));
// Pods need a network of their own.
if (onEnvoy.length > 0) await enterSandbox({ prepare: () => prepareCluster({ metallb: true, log: console.log }) });

/** Only calls are counted here, so AWS's rates do not matter. */
const unthrottled: StartOptions = { provisioningSeconds: 5, releaseSeconds: 5, throttling: false, port: 0 };
/** An account with higher quotas for this many load balancers, but with the normal request rates. */
const throttled: StartOptions = {
  provisioningSeconds: 3,
  throttling: true,
  quotas: { 'application-load-balancers': 1000, 'target-groups': 10_000 },
  port: 0,
};

console.log('Bundling the program: what is measured is what the image runs …');
await using bundled = await bundle();
const { program } = bundled;

async function inEnvironment<T>(
  name: string,
  aws: StartOptions,
  measure: (environment: Environment) => Promise<T>,
): Promise<T> {
  console.log(`${name} …`);
  const environment = await startEnvironment({ aws, log: (line) => console.log(`  ${line}`) });
  delegateSubnets(environment.aws.world(), environment.seed);
  try {
    return await measure(environment);
  } finally {
    await environment.stop();
  }
}

const named = (size: number): string => `${size} Gateways, throttled`;

/** The pods change only in the largest size. The other sizes only create their Gateways. */
async function scale(): Promise<readonly Row[]> {
  const sizes = flags.gateways;
  const gateways = Math.max(...sizes);
  const made: Made[] = [];
  for (const size of sizes.filter((each) => each !== gateways)) {
    made.push(await inEnvironment(named(size), throttled, (each) => measureMade(each, program, size)));
  }
  const scaled = await inEnvironment(named(gateways), throttled, (each) =>
    measureScale(each, program, { ...flags, gateways }),
  );
  printCells(growthCells([...made, scaled.made]));
  return scaleRows(scaled);
}

const scenarios: Readonly<Record<Name, () => Promise<readonly Row[]>>> = {
  one: () => inEnvironment('1 Gateway with 90 routes', unthrottled, (each) => measureOne(each, program)),
  many: () => inEnvironment('20 Gateways with 5 routes each', unthrottled, (each) => measureMany(each, program)),
  pod: () => inEnvironment('a pod more', unthrottled, (each) => measurePod(each, program)),
  connections: () =>
    inEnvironment('20 TCP, 5 UDP and 5 TLS listeners', unthrottled, (each) => measureConnections(each, program)),
  mixed: () => inEnvironment('an NLB in front of an ALB', unthrottled, (each) => measureMixed(each, program)),
  scale,
};

async function measured<T>(some: readonly T[], measure: (name: T) => Promise<readonly Row[]>, peer: string) {
  const rows: Row[] = [];
  for (const name of some) rows.push(...(await measure(name)));
  if (rows.length > 0) printTable(rows, peer);
  return rows.every(({ withinLimit }) => withinLimit);
}

const aws = await measured(onAws, (name) => scenarios[name](), 'AWS LBC 3.5');
const envoy = await measured(onEnvoy, (name: EnvoyName) => measureEnvoy(program, name, flags), published);
process.exitCode = aws && envoy ? 0 : 1;
