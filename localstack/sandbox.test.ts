import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { isInSandbox, sandboxObstacle } from './sandbox.ts';

const obstacle = sandboxObstacle();

/** Runs a module that first enters a sandbox. */
function begin(body: string, options = '{}'): ChildProcess {
  const source = `import { enterSandbox } from ${JSON.stringify(join(import.meta.dirname, 'sandbox.ts'))};
import { execSync } from 'node:child_process';
const sh = (command) => execSync(command, { encoding: 'utf8' });
await enterSandbox(${options});
${body}`;
  const { GATEHOUSE_SANDBOX: _, ...env } = process.env;
  return spawn(process.execPath, ['--input-type=module', '--eval', source], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function outcome(child: ChildProcess): Promise<{ readonly output: string; readonly status: number | string }> {
  const output = child.stdout ? text(child.stdout) : '';
  const [code, signal]: [number | null, string | null] = await once(child, 'exit').then(([a, b]) => [a, b]);
  return { output: await output, status: code ?? signal ?? '' };
}

const nextLine = async ({ stdout }: ChildProcess): Promise<string> =>
  stdout ? String((await once(stdout, 'data'))[0]).trim() : '';

/** The processes in a network namespace. @param namespace its name in /proc */
const processesIn = (namespace: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === namespace;
    } catch {
      return false;
    }
  });

const foldersOf = (pid: number | undefined): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`gatehouse-sandbox-${pid}-`));

test('this process is in no sandbox', () => {
  expect(isInSandbox()).toBe(false);
});

describe.skipIf(obstacle !== undefined)(`a sandbox${obstacle ? ` (skipped: ${obstacle})` : ''}`, () => {
  test('has a network of its own with loopback alone, and ends with the status of what ran in it', async () => {
    const { output, status } = await outcome(begin(`console.log(sh('ip -br address')); process.exitCode = 7;`));
    expect(output).toMatch(/^lo +UNKNOWN +127\.0\.0\.1\/8/);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(7);
  });

  test('lets every program in it ask the name server that it was given', async () => {
    const options = `{ nameserver: '192.0.2.53', prepare: async () => console.log('prepared') }`;
    const { output } = await outcome(begin(`console.log(sh('cat /etc/resolv.conf'));`, options));
    expect(output).toMatch(/^prepared\nnameserver 192\.0\.2\.53\n/);
  });

  test('passes signals on to those who handle them, and ends those who do not', async () => {
    const handling = begin(`process.on('SIGTERM', () => process.exit(3));
setInterval(() => {}, 1000);
console.log('running');`);
    expect(await nextLine(handling)).toBe('running');
    handling.kill('SIGTERM');
    expect((await outcome(handling)).status).toBe(3);

    const other = begin(`setInterval(() => {}, 1000); console.log('running');`);
    expect(await nextLine(other)).toBe('running');
    other.kill('SIGTERM');
    expect((await outcome(other)).status).toBe(143);
  });

  test('is gone with all its processes after kill -9, and its folder when the next one starts', async () => {
    const killed = begin(`import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
setInterval(() => {}, 1000);
console.log(readlinkSync('/proc/self/ns/net'));`);
    const namespace = await nextLine(killed);
    expect(processesIn(namespace).length).toBeGreaterThanOrEqual(3);
    killed.kill('SIGKILL');
    await expect.poll(() => processesIn(namespace), { timeout: 20_000 }).toEqual([]);
    expect(foldersOf(killed.pid)).toHaveLength(1);

    const next = begin('');
    await outcome(next);
    expect(foldersOf(killed.pid)).toEqual([]);
    expect(foldersOf(next.pid)).toEqual([]);
  });
});
