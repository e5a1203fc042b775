// What a process of Gatehouse loads, so that nobody pays with memory for a provider that is not chosen.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const url = (path: string): string => new URL(path, import.meta.url).href;

/** Loads what `gatehouse run --providers NAMES` loads, and prints the URL of each module. */
const source = `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({ resolve: (name, context, next) => { const found = next(name, context); loaded.add(found.url); return found; } });
const { program } = await import('${url('./run-alone.ts')}');
const { chosenProviders } = await import('${url('./providers.ts')}');
program();
const config = { providers: process.argv[1].split(','), awsControllerName: 'a/b', metallbControllerName: 'a/c' };
await chosenProviders(config);
if (process.argv[2] === 'fed') await import('${url('../metallb/feed.ts')}');
console.log([...loaded].join('\\n'));`;

async function modules(...args: readonly string[]): Promise<readonly string[]> {
  const run = ['--input-type=module', '--eval', source, ...args];
  const { stdout } = await promisify(execFile)(process.execPath, run, { maxBuffer: 16 * 1024 * 1024 });
  return stdout.split('\n');
}

const ofAwsSdk = (urls: readonly string[]) => urls.filter((each) => /@aws-sdk|@smithy/.test(each));
const ofEnvoy = (urls: readonly string[]) => urls.filter((each) => /src\/envoy\/xds|@connectrpc|@bufbuild/.test(each));

test('without AWS no module of its SDK is loaded, also not when Envoys are fed', async () => {
  const urls = await modules('metallb', 'fed');
  expect(ofEnvoy(urls)).not.toEqual([]);
  expect(ofAwsSdk(urls)).toEqual([]);
});

test('until a class needs MetalLB, nothing of Envoy is loaded', async () => {
  const urls = await modules('aws,metallb');
  expect(ofAwsSdk(urls)).not.toEqual([]);
  expect(ofEnvoy(urls)).toEqual([]);
});
