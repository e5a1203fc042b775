// Runs a TypeScript entry point of this repository on a machine that has just any Node 20+ and npm.
//   node localstack/bootstrap.js ENTRY [ARGS…]
// Plain JavaScript, because the Node that runs it may be too old to strip types. It installs the locked dependencies
// when they are missing or out of date; among them is the Node that runs everything else. Relative files are those of the
// folder that the user is in: npm changes to this repository's root, and names the user's folder in INIT_CWD.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lock = join(root, 'package-lock.json');
const installed = join(root, 'node_modules', '.gatehouse-lock');
const node = join(root, 'node_modules', '.bin', 'node');

function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    // A terminal sends Ctrl-C to the whole group, so the child has it already; this process only waits.
    const forward = (signal) => () => signal === 'SIGTERM' && child.kill(signal);
    const handlers = ['SIGINT', 'SIGTERM'].map((signal) => [signal, forward(signal)]);
    for (const [signal, handler] of handlers) process.on(signal, handler);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const [name, handler] of handlers) process.off(name, handler);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

const isInstalled = () =>
  existsSync(node) && existsSync(installed) && readFileSync(installed).equals(readFileSync(lock));

if (!isInstalled()) {
  console.error('Installing the locked dependencies (npm ci); this takes about a minute the first time …');
  // Standard output is the entry point's alone: it may be JSON.
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], options);
  if (code !== 0) {
    console.error(`npm ci failed with exit status ${code}.`);
    process.exit(code);
  }
  writeFileSync(installed, readFileSync(lock));
}

const [entry, ...args] = process.argv.slice(2);
if (!entry) {
  console.error('Usage: node localstack/bootstrap.js ENTRY [ARGS…]');
  process.exit(2);
}
const here = process.cwd();
const cwd = relative(root, here) === '' ? (process.env.INIT_CWD ?? here) : here;
process.exit(await run(node, [join(root, entry), ...args], { cwd }));
