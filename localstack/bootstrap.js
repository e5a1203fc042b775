// Runs a TypeScript entry point of this repository. The machine needs npm and any Node from version 20.
//   node localstack/bootstrap.js ENTRY [ARGS…]
// This is plain JavaScript, because the machine's Node may be too old to strip types. It installs the locked dependencies
// if they are missing or out of date. One of them is the Node that runs everything else. Relative paths start at the user's
// folder: npm changes to this repository's root, and sets INIT_CWD to the user's folder.
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
    // A terminal sends Ctrl-C to the whole group, so the child gets it too. This process only waits.
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
  // Only the entry point may write to standard output, because its output may be JSON.
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
