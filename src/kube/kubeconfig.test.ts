import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Credentials } from './credentials.ts';
import { loadKubeConfig } from './kubeconfig.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const config = (user: object, cluster: object = {}, name = 'main') =>
  JSON.stringify({
    clusters: [{ name, cluster: { server: `https://${name}.example:6443`, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `${name}-namespace` } }],
    'current-context': name,
  });

async function credentialsOf(user: object, cluster: object = {}): Promise<Credentials> {
  return new Credentials(await loadKubeConfig({ kubeconfig: await write('config', config(user, cluster)), env: {} }));
}

test('KUBECONFIG may name several files: the first that names a current context, or has an entry, wins', async () => {
  const files = [await write('one', config({}, {}, 'one')), await write('two', config({}, {}, 'two'))];
  const env = { KUBECONFIG: files.join(':') };
  expect((await loadKubeConfig({ env })).cluster.server).toBe('https://one.example:6443');
  const other = await loadKubeConfig({ env, context: 'two' });
  expect([other.cluster.server, other.namespace]).toEqual(['https://two.example:6443', 'two-namespace']);
});

test('without KUBECONFIG the file in the home folder is used', async () => {
  await mkdir(join(folder, '.kube'));
  await write('.kube/config', config({}));
  expect((await loadKubeConfig({ env: { HOME: folder } })).cluster.server).toBe('https://main.example:6443');
});

test('without any configuration, the error says how to provide one', async () => {
  const loading = loadKubeConfig({ env: { HOME: folder } });
  await expect(loading).rejects.toThrow('set KUBECONFIG, or write ~/.kube/config, or run in a pod');
});

test.each([
  ['a missing file', undefined, 'Could not read the kubeconfig .*: ENOENT'],
  ['a file that is not YAML', 'a: [secret', 'Could not read the kubeconfig .*: [A-Z_]+$'],
  ['an empty file', '', 'is empty'],
  ['a file without a current context', '{}', 'No current context .* kubectl config use-context'],
  [
    'a context whose cluster is missing',
    '{contexts: [{name: a, context: {cluster: b}}], current-context: a}',
    'There is no cluster "b"',
  ],
])('the error for %s names the file, without its content', async (_what, content, message) => {
  const kubeconfig = content === undefined ? join(folder, 'none') : await write('config', content);
  const error = await loadKubeConfig({ kubeconfig, env: {} }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'KubeConfigError', message: expect.stringMatching(message) });
  expect(String(error)).toContain(folder);
  expect(String(error)).not.toContain('secret');
});

test('paths of certificates are relative to the kubeconfig, and the files are read again for each connection', async () => {
  await write('ca.crt', 'authority');
  await write('client.crt', 'certificate');
  await write('client.key', 'key');
  const credentials = await credentialsOf(
    { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
    { 'certificate-authority': 'ca.crt', 'tls-server-name': 'other' },
  );
  expect((await credentials.tls()).cert?.toString()).toBe('certificate');
  await write('client.crt', 'rotated');
  expect((await credentials.tls()).cert?.toString()).toBe('rotated');
  expect((await credentials.tls()).ca?.toString()).toBe('authority');
  expect((await credentials.tls()).servername).toBe('other');
});

test('certificates in the kubeconfig itself are decoded', async () => {
  const data = Buffer.from('authority').toString('base64');
  const credentials = await credentialsOf({}, { 'certificate-authority-data': data, 'insecure-skip-tls-verify': true });
  const tls = await credentials.tls();
  expect([tls.ca?.toString(), tls.rejectUnauthorized]).toEqual(['authority', false]);
});

test('a token from a file is read again after it is refused', async () => {
  await write('token', 'first\n');
  const credentials = await credentialsOf({ tokenFile: 'token', token: 'ignored' });
  expect(await credentials.headers()).toEqual({ authorization: 'Bearer first' });
  await write('token', 'second\n');
  credentials.renew();
  expect(await credentials.headers()).toEqual({ authorization: 'Bearer second' });
});

test('a token, a password and an impersonated user become headers', async () => {
  expect(await (await credentialsOf({ token: 'abc' })).headers()).toEqual({ authorization: 'Bearer abc' });
  expect(await (await credentialsOf({ username: 'u', password: 'p', as: 'other' })).headers()).toEqual({
    authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
    'impersonate-user': 'other',
  });
});

test('an exec plugin runs once for parallel requests, as non-interactive', async () => {
  await write(
    'plugin.mjs',
    `import { appendFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(join(folder, 'runs'))}, 'x');
     const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
     console.log(JSON.stringify({ status: { token: 'interactive-' + spec.interactive } }));`,
  );
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [join(folder, 'plugin.mjs')],
    env: [{ name: 'A', value: 'b' }],
  };
  const credentials = await credentialsOf({ exec });
  const answers = await Promise.all([credentials.headers(), credentials.headers(), credentials.tls()]);
  expect(answers[0]).toEqual({ authorization: 'Bearer interactive-false' });
  expect(answers[1]).toEqual(answers[0]);
  expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('x');
});

test("the error for a failing exec plugin names its user, without the plugin's output", async () => {
  const exec = { command: process.execPath, args: ['-e', 'console.error("secret"); process.exit(1)'] };
  const error = await (await credentialsOf({ exec })).headers().catch((thrown: unknown) => thrown);
  expect(String(error)).toMatch(/Could not get credentials for user main of .*: the credential plugin failed/);
  expect(String(error)).not.toContain('secret');
  const missing = await credentialsOf({ exec: { command: 'no-such-plugin' } });
  await expect(missing.headers()).rejects.toThrow('ENOENT');
});

test('an auth-provider that Kubernetes removed is refused, and the error says what to use instead', async () => {
  const credentials = await credentialsOf({ 'auth-provider': { name: 'gcp', config: {} } });
  await expect(credentials.headers()).rejects.toThrow(
    'The auth-provider "gcp" is not supported: use an exec credential',
  );
});
