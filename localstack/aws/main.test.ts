import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { ownBlocks } from './dataplane/own-blocks.ts';

// A process starts slowly on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const main = fileURLToPath(new URL('main.ts', import.meta.url));

function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const url = new Promise<string>((resolve) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const found = /AWS_ENDPOINT_URL=(\S+)/.exec(printed)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const code = new Promise<number | null>((resolve) => {
    child.on('exit', resolve);
  });
  return { child, url, code, output: () => printed };
}

test('it says where it listens, seeds a VPC, and ends on SIGTERM with an open connection', async () => {
  const aws = run('--port', '0', '--seed-nodes', '1');
  const seed: unknown = await (await fetch(`${await aws.url}/_aws/seed`)).json();
  expect(seed).toMatchObject({ clusterName: 'demo', nodes: [{ zone: 'us-east-1a' }] });
  aws.child.kill('SIGTERM');
  expect(await aws.code).toBe(0);
});

test('a quota it does not know is refused with those it does', async () => {
  const aws = run('--quota', 'rules=5');
  expect(await aws.code).not.toBe(0);
  expect(aws.output()).toContain('rules-per-application-load-balancer');
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aws-flags-'));
});

async function file(name: string, value: object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(value));
  return path;
}

const statement = { Effect: 'Allow', Action: 'ec2:DescribeVpcs', Resource: '*' };

test('a policy and faults from files count from the start', async () => {
  const policy = await file('policy.json', { Version: '2012-10-17', Statement: [statement] });
  const faults = await file('faults.json', { rules: [{ kind: 'throttle', action: 'DescribeVpcs', times: 1 }] });
  const aws = run('--port', '0', '--policy', policy, '--faults', faults);
  const call = async (version: string, action: string) =>
    await (await fetch(`${await aws.url}/?Version=${version}&Action=${action}`)).text();
  expect(await call('2015-12-01', 'DescribeLoadBalancers')).toContain('<Code>AccessDenied</Code>');
  expect(await call('2016-11-15', 'DescribeVpcs')).toContain('RequestLimitExceeded');
  expect(await call('2016-11-15', 'DescribeVpcs')).toContain('vpcSet');
  aws.child.kill('SIGTERM');
  await aws.code;
});

test('a policy that is not filled in is refused, and so are faults that are none', async () => {
  const Resource = 'arn:aws:acm:*:\u0024{ACCOUNT}:*';
  const template = await file('template.json', { Version: '2012-10-17', Statement: [{ ...statement, Resource }] });
  const unfilled = run('--policy', template);
  expect(await unfilled.code).not.toBe(0);
  expect(unfilled.output()).toContain('ACCOUNT');
  const faults = run('--faults', await file('none.json', { rules: [{ kind: 'fire' }] }));
  expect(await faults.code).not.toBe(0);
  expect(faults.output()).toContain('rules.0.kind');
});

test('a DNS server is where it says, and refused where there is nothing to resolve', async () => {
  const alone = run('--port', '0', '--dns', '127.0.0.1:0');
  expect(await alone.code).toBe(1);
  expect(alone.output()).toContain('needs a data plane');
  const aws = run('--port', '0', '--no-seed', '--data-plane', ownBlocks(process.pid).addresses, '--dns', '127.0.0.1:0');
  await aws.url;
  await vi.waitFor(() => expect(aws.output()).toMatch(/names resolve at 127\.0\.0\.1:[1-9]/));
  aws.child.kill('SIGTERM');
  expect(await aws.code).toBe(0);
});

test('a port that is taken is said, and no more', async () => {
  const first = run('--port', '0', '--no-seed');
  const { port } = new URL(await first.url);
  const second = run('--port', port);
  expect(await second.code).toBe(1);
  expect(second.output()).toBe(`listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`);
  first.child.kill('SIGTERM');
  await first.code;
});
