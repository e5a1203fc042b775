// npm run bench: what the main job costs, in calls to AWS, seconds, memory and CPU, beside the AWS Load Balancer
// Controller's numbers for the same workload. Exit status 1 when a count is over its limit.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Environment, startEnvironment } from '../../localstack/environment.ts';
import { measureMany, measureOne, measurePod } from './scenarios.ts';
import { printTable, type Row } from './table.ts';

const root = join(import.meta.dirname, '..', '..');

console.log('Building dist/main.js: what is measured is what the image runs …');
execFileSync(join(root, 'node_modules', '.bin', 'rolldown'), ['-c'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});

/** As the peer was measured, but for provisioning and releases, which it had at once. */
const aws = { provisioningSeconds: 5, releaseSeconds: 5, throttling: false, port: 0 } as const;

async function inEnvironment<T>(name: string, measure: (environment: Environment) => Promise<T>): Promise<T> {
  console.log(`${name} …`);
  const environment = await startEnvironment({ aws, log: (line) => console.log(`  ${line}`) });
  try {
    return await measure(environment);
  } finally {
    await environment.stop();
  }
}

const one = await inEnvironment('1 Gateway with 90 routes', measureOne);
const many = await inEnvironment('20 Gateways with 5 routes each', measureMany);
const pod = await inEnvironment('a pod more', measurePod);
const rows: readonly Row[] = [...one, ...many, ...pod];
printTable(rows);
process.exit(rows.every(({ withinLimit }) => withinLimit) ? 0 : 1);
