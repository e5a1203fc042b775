// npm run bench: what the main job costs, in calls to AWS, seconds, memory and CPU, beside the AWS Load Balancer
// Controller's numbers for the same workload. Exit status 1 when a number is over its limit. `npm run bench -- scale` is the
// long one: many Gateways under AWS's documented throttling.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { StartOptions } from '../../localstack/aws/server.ts';
import { type Environment, startEnvironment } from '../../localstack/environment.ts';
import { type Made, measureMade, measureScale } from './scale.ts';
import { growthCells, scaleRows } from './scale-rows.ts';
import { measureMany, measureOne, measurePod } from './scenarios.ts';
import { printCells, printTable, type Row } from './table.ts';

const root = join(import.meta.dirname, '..', '..');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    gateways: { type: 'string', default: '10,30,100' },
    changes: { type: 'string', default: '200' },
    minutes: { type: 'string', default: '10' },
    'per-second': { type: 'string', default: '50' },
  },
});

/** As the peer was measured, but for provisioning and releases, which it had at once. */
const unthrottled: StartOptions = { provisioningSeconds: 5, releaseSeconds: 5, throttling: false, port: 0 };
/** An account whose quotas were raised for so many load balancers, but not its request rates. */
const throttled: StartOptions = {
  provisioningSeconds: 3,
  throttling: true,
  quotas: { 'application-load-balancers': 1000, 'target-groups': 10_000 },
  port: 0,
};

async function inEnvironment<T>(
  name: string,
  aws: StartOptions,
  measure: (environment: Environment) => Promise<T>,
): Promise<T> {
  console.log(`${name} …`);
  const environment = await startEnvironment({ aws, log: (line) => console.log(`  ${line}`) });
  try {
    return await measure(environment);
  } finally {
    await environment.stop();
  }
}

/** All but the last size are made, and no more; on the last one pods change. */
async function scale(): Promise<readonly Row[]> {
  const sizes = values.gateways.split(',').map(Number);
  const largest = Math.max(...sizes);
  const made: Made[] = [];
  for (const size of sizes.filter((each) => each !== largest)) {
    made.push(await inEnvironment(`${size} Gateways, throttled`, throttled, (each) => measureMade(each, size)));
  }
  const options = {
    changes: Number(values.changes),
    minutes: Number(values.minutes),
    perSecond: Number(values['per-second']),
  };
  const scaled = await inEnvironment(`${largest} Gateways, throttled`, throttled, (each) =>
    measureScale(each, largest, options),
  );
  printCells(growthCells([...made, scaled.made]));
  return scaleRows(scaled);
}

const scenarios: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  one: () => inEnvironment('1 Gateway with 90 routes', unthrottled, measureOne),
  many: () => inEnvironment('20 Gateways with 5 routes each', unthrottled, measureMany),
  pod: () => inEnvironment('a pod more', unthrottled, measurePod),
  scale,
};

const chosen = (positionals.length === 0 ? ['one', 'many', 'pod'] : positionals).map((name) => {
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
  if (scenario === undefined) throw new Error(`${name} is none of ${Object.keys(scenarios).join(', ')}`);
  return scenario;
});

console.log('Building dist/main.js: what is measured is what the image runs …');
execFileSync(join(root, 'node_modules', '.bin', 'rolldown'), ['-c'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});

const rows: Row[] = [];
for (const scenario of chosen) rows.push(...(await scenario()));
printTable(rows);
process.exit(rows.every(({ withinLimit }) => withinLimit) ? 0 : 1);
