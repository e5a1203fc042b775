#!/usr/bin/env node
// The commands `gatehouse` and `kubectl-gatehouse`. A checkout runs its sources, by the Node that it installs for itself; a
// package runs the bundle that it brings. Plain JavaScript, because the Node that starts it may be too old for the rest.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';

const leastNode = 24;
const invokedAs = basename(process.argv[1] ?? '');
if (invokedAs.startsWith('kubectl-')) process.env.GATEHOUSE_INVOKED_AS = 'kubectl gatehouse';

if (existsSync(new URL('../src/main.ts', import.meta.url))) {
  process.argv.splice(2, 0, 'src/main.ts');
  await import('../localstack/bootstrap.js');
} else if (Number(process.versions.node.split('.')[0]) < leastNode) {
  process.stderr.write(`gatehouse needs Node ${leastNode} or newer; this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  await import('../dist/main.js');
}
