import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { plan } from './plan.ts';

const testdata = join(import.meta.dirname, 'testdata');
const samples = join(import.meta.dirname, '../../deploy/samples');
const certificates = join(import.meta.dirname, '../gateway/testdata/certificates');
const now = Date.parse('2026-11-23T12:00:00Z');
const encoded = async (file: string) => (await readFile(join(certificates, file))).toString('base64');

async function* shop(): AsyncGenerator<Uint8Array> {
  const text = await readFile(join(testdata, 'metallb.yaml'), 'utf8');
  const [certificate, key] = await Promise.all(['wildcard.crt', 'wildcard.key'].map(encoded));
  yield Buffer.from(text.replace('CERTIFICATE', String(certificate)).replace('KEY', String(key)));
}

const run = (options: Partial<Parameters<typeof plan>[0]> = {}) =>
  plan({ filename: ['-'], output: 'tree', given: {}, stdin: shop(), now, ...options });

// No cluster name, region or credentials.
beforeEach(() => {
  for (const name of Object.keys(process.env).filter((each) => /^(GATEHOUSE|AWS)_/.test(each)))
    vi.stubEnv(name, undefined);
});

test("a Gateway on MetalLB is shown with Envoy's routes in order of precedence, and its problems", async () => {
  const { stdout, stderr, exitCode } = await run();
  await expect(stdout).toMatchFileSnapshot(join(testdata, 'metallb.txt'));
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 1 });
});

test("JSON has the tree's model, and YAML says the same", async () => {
  const json = JSON.parse((await run({ output: 'json' })).stdout);
  expect(parse((await run({ output: 'yaml' })).stdout)).toEqual(json);
  expect(json.gateways).toMatchObject([
    { provider: 'metallb', gateway: 'shop/web', model: { ports: [{ port: 80 }, { port: 443 }] } },
  ]);
});

test('the Envoy configuration is printed whole, with certificates and without their keys', async () => {
  const { stdout } = await run({ output: 'envoy' });
  // src/envoy/model/testdata has what is in the resources.
  expect(parse(stdout)).toMatchObject({
    gateways: [
      {
        gateway: 'shop/web',
        listeners: [{ name: 'tcp/80' }, { name: 'tcp/443', filterChains: [{ name: 'http/443/https' }] }],
        routes: [{ name: 'http/80' }, { name: 'http/443/https', virtualHosts: [{}, {}, {}] }],
        clusters: [{ name: 'shop/api/80' }, { name: 'shop/audit/80' }, { name: 'shop/api-beta/80/h2' }],
        endpoints: [{ clusterName: 'shop/api/80', endpoints: [{}] }, {}, {}],
        secrets: [{ name: 'shop/example-com https' }],
      },
    ],
  });
  // The file ends with the public key, which the certificate has, too.
  const [, secret = ''] = (await readFile(join(certificates, 'wildcard.key'), 'utf8')).split('\n');
  expect(secret).toHaveLength(64);
  expect(stdout).not.toContain(secret);
  expect(stdout).toContain('BEGIN CERTIFICATE');
});

test('with --assume-secrets, an HTTPS listener is planned without its Secret, and the plan says so', async () => {
  const text = (await readFile(join(testdata, 'metallb.yaml'), 'utf8')).replace(
    'name: example-com }\ndata',
    'name: other }\ndata',
  );
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  const { stdout } = await run({ stdin: stdin(), assumeSecrets: true });
  expect(stdout).toContain('certificates: Secret shop/example-com (assumed to exist)');
});

/** The conditions of a plan's objects, without the provider's words. */
async function conditionsOf(folders: readonly string[]): Promise<unknown> {
  const filename = folders.map((folder) => join(samples, folder));
  const { gateways } = JSON.parse((await run({ filename, assumeSecrets: true, output: 'json' })).stdout);
  const objects: readonly Planned[] = gateways.flatMap(
    (each: { readonly objects: readonly Planned[] }) => each.objects,
  );
  return objects.map(({ object, part, conditions }) => [
    object,
    part,
    conditions.map(({ type, status, reason }) => `${type}=${status} (${reason})`),
  ]);
}

interface Planned {
  readonly object: string;
  readonly part?: string;
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
}

test('the samples for any class are accepted alike on AWS and on MetalLB', async () => {
  const onAws = await conditionsOf(['aws/10-class.yaml', 'any-class']);
  expect(await conditionsOf(['metallb/10-class.yaml', 'any-class'])).toEqual(onAws);
  expect(JSON.stringify(onAws)).toContain('HTTPRoute gatehouse-samples/shop-route');
  expect(JSON.stringify(onAws)).not.toMatch(/(Accepted|ResolvedRefs)=False/);
});

test('the samples on MetalLB are shown as trees', async () => {
  const filename = ['metallb', 'any-class'].map((folder) => join(samples, folder));
  const { stdout, stderr, exitCode } = await run({ filename, assumeSecrets: true });
  await expect(stdout).toMatchFileSnapshot(join(testdata, 'samples-on-metallb.txt'));
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
});

test('a class that another controllerName serves is not planned', async () => {
  const { stderr, exitCode } = await run({ given: { 'metallb-controller-name': 'example.com/other' } });
  expect(stderr).toContain('controllerName gatehouse.dev/aws or example.com/other');
  expect(exitCode).toBe(2);
});
