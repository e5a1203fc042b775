// npm run check: types, lint with the layers, format, unused code. Every check runs, also after one has failed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { script } from '../localstack/script.ts';

script('check', 'Checks types, lint with the layers, format and unused code. Exits with 1 when one failed.').parse();

const root = join(import.meta.dirname, '..');
const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ['lint and layers', 'oxlint', '--type-aware', '--deny-warnings'],
  ['format', 'biome', 'check', '.'],
  ['unused code', 'knip'],
];

let failed = 0;
for (const [name, command, ...args] of checks) {
  const started = performance.now();
  const { status } = spawnSync(join(root, 'node_modules', '.bin', command), args, { cwd: root, stdio: 'inherit' });
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (status !== 0) failed += 1;
}
console.log(`${checks.length - failed} of ${checks.length} checks passed`);
process.exit(failed === 0 ? 0 : 1);
