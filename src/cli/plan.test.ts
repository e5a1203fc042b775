import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { plan } from './plan.ts';
import { gatewayManifests } from './testing/manifests.ts';

const samples = join(import.meta.dirname, '../../deploy/samples');
const samplesOnAws = [join(samples, 'aws'), join(samples, 'any-class')];
const testdata = join(import.meta.dirname, 'testdata');
const certificates = join(import.meta.dirname, '../gateway/testdata/certificates');
const now = Date.parse('2026-11-23T12:00:00Z');

async function* bytes(text = ''): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const run = (options: Partial<Parameters<typeof plan>[0]>) =>
  plan({ filename: ['-'], output: 'tree', given: {}, stdin: bytes(), now, ...options });

const encoded = async (file: string) => (await readFile(join(certificates, file))).toString('base64');

/** The Secret that the samples name but do not contain. */
async function sampleSecret(): Promise<string> {
  return `
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: { name: example-com-cert, namespace: gatehouse-samples }
data: { tls.crt: ${await encoded('wildcard.crt')}, tls.key: ${await encoded('wildcard.key')} }
`;
}

test('the samples become seven load balancers, shown as trees', async () => {
  const { stdout, stderr, exitCode } = await run({
    filename: [...samplesOnAws, '-'],
    stdin: bytes(await sampleSecret()),
  });
  await expect(stdout).toMatchFileSnapshot(join(testdata, 'samples.txt'));
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
});

test("ListenerSets' listeners are planned with their Gateway's", async () => {
  const file = join(import.meta.dirname, '../gateway/testdata/listener-sets/routes/in.yaml');
  const { stdout, stderr } = await run({ filename: [file], output: 'json' });
  expect(stdout).toContain('"object": "ListenerSet ');
  expect(stderr).not.toContain('ListenerSet');
});

test.each(['subnet-mappings-dualstack', 'tcp-and-udp', 'tls'])(
  'a Network Load Balancer is shown with its listeners and their routes: %s',
  async (name) => {
    const filename = [join(import.meta.dirname, '../gateway/testdata/nlb', name, 'in.yaml')];
    const { stdout } = await run({ filename });
    await expect(stdout).toMatchFileSnapshot(join(testdata, `nlb-${name}.txt`));
  },
);

test('problems are shown in the words of the conditions, beside the planned load balancer', async () => {
  const { stdout, stderr, exitCode } = await run({ filename: [join(testdata, 'faulty.yaml')] });
  await expect(stdout).toMatchFileSnapshot(join(testdata, 'faulty.txt'));
  expect(stderr).toBe('warning: Deployment of apps/v1 is ignored: load balancers do not depend on it\n');
  expect(exitCode).toBe(1);
});

test('JSON and YAML say the same', async () => {
  const filename = [join(testdata, 'faulty.yaml')];
  const json = await run({ filename, output: 'json' });
  const yaml = await run({ filename, output: 'yaml' });
  expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
  expect(JSON.parse(json.stdout)).toMatchObject({ gateways: [{ gateway: 'shop/web', gatewayClass: 'external-lb' }] });
});

test('with --assume-secrets, missing Secrets are planned as if they existed, and the plan says so', async () => {
  const without = await run({ filename: samplesOnAws });
  expect(without.exitCode).toBe(1);
  expect(without.stderr).toContain('with --assume-secrets the plan assumes that they exist');
  const { stdout, stderr, exitCode } = await run({ filename: samplesOnAws, assumeSecrets: true });
  expect(stdout).toContain('HTTPS :443');
  expect(stdout).toContain('certificates: Secret gatehouse-samples/example-com-cert (assumed to exist)');
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const json = JSON.parse((await run({ filename: samplesOnAws, assumeSecrets: true, output: 'json' })).stdout);
  expect(json.gateways.flatMap((each: { assumedSecrets: string[] }) => each.assumedSecrets)).toContain(
    'gatehouse-samples/example-com-cert',
  );
});

test('the order of the files changes no rule', async () => {
  const files = [
    'aws/10-class.yaml',
    ...['15-services.yaml', '20-http.yaml', '40-canary.yaml'].map((file) => `any-class/${file}`),
  ].map((file) => join(samples, file));
  expect((await run({ filename: files.toReversed() })).stdout).toBe((await run({ filename: files })).stdout);
});

test('the flags of the controller are the defaults for configurations', async () => {
  const given = { 'cluster-name': 'plan', 'default-load-balancer-scheme': 'internet-facing', 'default-tags': 'a=b' };
  const { stdout } = await run({ filename: [join(testdata, 'faulty.yaml')], given });
  expect(stdout).toContain('load balancer: internet-facing');
  expect(stdout).toContain('tags: a=b');
});

test('subnets that a configuration names are assumed to exist', async () => {
  const configuration = `
apiVersion: gatehouse.dev/v1alpha1
kind: LoadBalancerConfiguration
metadata: { name: external-lb, namespace: gatehouse-samples }
spec: { scheme: internal, subnets: [subnet-1, subnet-2] }
`;
  const filename = ['aws/10-class.yaml', 'any-class/15-services.yaml', 'any-class/20-http.yaml'].map((file) =>
    join(samples, file),
  );
  const { stdout, stderr, exitCode } = await run({ filename: [...filename, '-'], stdin: bytes(configuration) });
  expect(stdout).toContain('load balancer: internal');
  expect(stderr).toContain('LoadBalancerConfiguration gatehouse-samples/external-lb occurs more than once');
  expect(exitCode).toBe(0);
});

test('a manifest that an API server would refuse is named with its field', async () => {
  const { stdout, exitCode } = await run({
    stdin: bytes('{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: web}, spec: {}}'),
  });
  expect(stdout).toContain('Gateway default/web: spec.gatewayClassName:');
  expect(exitCode).toBe(1);
});

test.each([
  ['a missing file', { filename: ['/nowhere/at-all.yaml'] }, '/nowhere/at-all.yaml: ENOENT'],
  ['invalid YAML', { stdin: bytes('kind: Gateway\nspec: [1, 2\n') }, 'standard input:3:1: '],
  ['a document that is not an object', { stdin: bytes('---\n- 1\n') }, 'standard input:2: is not a Kubernetes object'],
  ['an alias bomb', { stdin: bytes(bomb()) }, 'standard input: Excessive alias count'],
  [
    'no Gateway of ours',
    { stdin: bytes('apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {}\n') },
    'got none',
  ],
  ['an invalid flag', { given: { 'cluster-name': '' } }, '--cluster-name must be'],
])('%s ends with status 2', async (_, options, message) => {
  const { stdout, stderr, exitCode } = await run(options);
  expect(stderr).toContain(message);
  expect(stdout).toBe('');
  expect(exitCode).toBe(2);
});

/** Nine levels of ten aliases each: a billion strings. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const item = level === 0 ? 'x' : `*l${level - 1}`;
    return `l${level}: &l${level} [${Array.from({ length: 10 }, () => item).join(', ')}]`;
  });
  return `apiVersion: v1\nkind: ConfigMap\n${levels.join('\n')}\n`;
}

const inCluster = `${gatewayManifests}---
`;

test('a misspelt field is an error, with the likely name', async () => {
  const route = `${inCluster}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec: { parentRefs: [{ name: web }], hostname: [shop.example.com] }
`;
  const { stdout, exitCode } = await run({ stdin: bytes(route) });
  expect(stdout).toContain('HTTPRoute default/shop: spec.hostname is unknown: did you mean hostnames?');
  expect(exitCode).toBe(1);
  const json = JSON.parse((await run({ stdin: bytes(route), output: 'json' })).stdout);
  expect(json.unknownFields).toEqual([
    { object: 'HTTPRoute default/shop', field: 'spec.hostname', hint: 'did you mean hostnames?' },
  ]);
});

test('an invalid route shows its field error, and no warning that it names no Gateway', async () => {
  const route = `${inCluster}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec: { parentRefs: [{ name: web }], hostnames: shop.example.com }
`;
  const { stdout, stderr, exitCode } = await run({ stdin: bytes(route) });
  expect(stdout).toContain('HTTPRoute default/shop: spec.hostnames: ');
  expect(stderr).toBe('');
  expect(exitCode).toBe(1);
});

test.each(['GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'])(
  'a %s that names an HTTP listener of a planned Gateway says that it is not served',
  async (kind) => {
    const gatewayApi = 'apiVersion: gateway.networking.k8s.io/v1';
    const manifests = [
      `${gatewayApi}\nkind: GatewayClass\nmetadata: { name: aws }\nspec: { controllerName: gatehouse.dev/aws }`,
      `${gatewayApi}\nkind: Gateway\nmetadata: { name: web }\nspec: { gatewayClassName: aws, listeners: [{ name: http, port: 80, protocol: HTTP }] }`,
      `${gatewayApi}\nkind: ${kind}\nmetadata: { name: api }\nspec: { parentRefs: [{ name: web }] }`,
    ];
    const { stdout, stderr, exitCode } = await run({ stdin: bytes(manifests.join('\n---\n')) });
    expect(stdout).toContain(`${kind} default/api: Accepted=False (NotAllowedByListeners)`);
    expect(stdout).toContain(`"http" takes no ${kind}s. Attach the route to a listener of protocol `);
    expect(stderr).toBe('');
    expect(exitCode).toBe(1);
  },
);

test('a rule that can never answer is a note, and not a problem', async () => {
  const route = (name: string, age: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, creationTimestamp: "2026-01-0${age}T00:00:00Z" }
spec: { parentRefs: [{ name: web }], rules: [{ backendRefs: [{ name: ${name}, port: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ports: [{ port: 80 }] }
---`;
  const { stdout, exitCode } = await run({ stdin: bytes(`${inCluster}${route('first', 1)}${route('second', 2)}`) });
  expect(stdout).toContain(
    'HTTPRoute default/second, rule 0 never answers: HTTPRoute default/first, rule 0 takes its requests',
  );
  expect(exitCode).toBe(0);
});
