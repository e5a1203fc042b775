// Runs the commands as processes on a cluster and AWS, with only the policy's permissions in AWS.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { gateway, http, httpRoute, https } from './support/objects.ts';
import { program } from './support/program.ts';
import { shippedPolicy } from './support/roles.ts';
import { programmed, removeAndWait } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ aws: { policies: { '*': await shippedPolicy('demo') } } });
});
afterAll(() => rig.stop());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = {
    PATH: process.env['PATH'],
    HOME: tmpdir(),
    KUBECONFIG: rig.cluster.kubeconfig,
    AWS_ENDPOINT_URL: rig.aws.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...variables,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** The cluster name of the rig. */
const compare = (...args: readonly string[]) => run(['plan', '--from-cluster', '--cluster-name=demo', ...args]);

async function file(objects: readonly object[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-command-line-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'manifests.yaml');
  await writeFile(path, objects.map((object) => stringify(object)).join('---\n'));
  return path;
}

const metadata = { name: 'gatehouse', namespace: 'default', labels: { 'app.kubernetes.io/name': 'gatehouse' } };
const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { GATEHOUSE_CLUSTER_NAME: 'demo' } };
const container = {
  name: 'gatehouse',
  image: 'gatehouse',
  args: ['run', '--default-tags=team=shop', '--log-level=debug'],
  envFrom: [{ configMapRef: { name: 'gatehouse' } }],
};
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata,
  spec: {
    selector: { matchLabels: metadata.labels },
    template: { metadata: { labels: metadata.labels }, spec: { containers: [container] } },
  },
};

test('plan --from-cluster shows what the next pass would change in AWS, and changes nothing', async () => {
  const ns = await rig.freshNamespace('compare');
  await rig.backend(ns, 'web');
  const object = gateway(ns, 'gw', [http(), https(['cert'])]);
  const route = httpRoute(ns, 'web', ['gw'], ['web'], { hostnames: ['one.example.com'] });
  await rig.apply([await tlsSecret(ns, 'cert', ['one.example.com']), object, route]);
  await programmed(rig, object);
  await untilQuiet(rig);

  const same = await compare();
  expect(same).toMatchObject({ code: 0, stderr: '' });
  expect(same.stdout).toContain(`Gateway ${ns}/gw (class aws)`);
  expect(same.stdout).toContain('AWS is as planned: nothing changes.');

  await rig.gatehouse.stop();
  await rig.backend(ns, 'api');
  await rig.apply([httpRoute(ns, 'web', ['gw'], ['api'], { hostnames: ['two.example.com'] })]);
  const before = rig.aws.calls.counts().byAction;
  const { code, stdout } = await compare();
  expect(code).toBe(0);
  expect(stdout).toContain('What the next pass changes in AWS:');
  expect(stdout).toMatch(/\+ create target-group\/internal\/.*\/api\/80/);
  expect(stdout).toMatch(/~ change rule\/internal\/80\/.*\/web\/0/);
  const after = rig.aws.calls.counts().byAction;
  const made = Object.keys(after).filter((action) => after[action] !== before[action]);
  expect(made.filter((action) => !/:(Describe|Get|List)/.test(action))).toEqual([]);

  // The name and the controller's flags come from its Deployment.
  await rig.apply([settings, deployment]);
  const unnamed = await run(['plan', '--from-cluster']);
  expect(unnamed).toMatchObject({ code: 0, stderr: '' });
  expect(unnamed.stdout).toMatch(/\+ create target-group\/internal\/.*\/api\/80/);
  expect(unnamed.stdout).toContain('tags: team=shop');
  await rig.remove([settings, deployment]);

  const json = JSON.parse((await compare('-o', 'json')).stdout);
  expect(json.gateways[0].aws.changes).toContainEqual(
    expect.objectContaining({ change: 'create', resource: expect.stringMatching(/^target-group/) }),
  );
  const assumed = await compare('--assume-secrets');
  expect(assumed.stdout).toContain('(assumed to exist)');
  expect(assumed.stdout).not.toMatch(/change certificate/);
  await rig.restart();
  await removeAndWait(rig, object);
});

test('a file with a route only is planned against the Gateways of the cluster', async () => {
  const ns = await rig.freshNamespace('overlay');
  await rig.backend(ns, 'web');
  const theirs = httpRoute(ns, 'theirs', ['gw'], ['gone'], { hostnames: ['theirs.example.com'] });
  const object = gateway(ns, 'gw');
  await rig.apply([object, gateway(ns, 'other'), theirs]);
  const mine = httpRoute(ns, 'mine', ['gw'], ['web'], { hostnames: ['mine.example.com'] });

  // Without a cluster name, and without AWS. Older problems of other objects do not count.
  const good = await run(['plan', '--from-cluster', '-f', await file([mine])], {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  });
  expect(good).toMatchObject({ code: 0, stderr: '' });
  expect(good.stdout).toContain(`HTTPRoute ${ns}/mine, rule 0`);
  expect(good.stdout).toContain(`HTTPRoute ${ns}/theirs: ResolvedRefs=False`);
  expect(good.stdout).not.toContain('/other');

  const bad = await run(['plan', '--from-cluster', '-f', await file([httpRoute(ns, 'mine', ['gw'], ['nowhere'])])]);
  expect(bad.stdout).toContain(`Service ${ns}/nowhere does not exist`);
  expect(bad.code).toBe(1);

  const lost = await run(['plan', '--from-cluster', '-f', await file([httpRoute(ns, 'mine', ['nope'], ['web'])])]);
  expect(lost.stderr).toContain(`HTTPRoute ${ns}/mine is not planned: none of its parentRefs names a Gateway`);
  expect(lost).toMatchObject({ code: 2, stdout: '' });

  const live = await compare('--live', '-f', await file([mine]));
  expect(live.stdout).toContain(`+ create rule/internal/80/${ns}/mine/0`);
  await removeAndWait(rig, object);
});

test('status shows what there is in the cluster and in AWS, what is wrong first', { timeout: 120_000 }, async () => {
  const ns = await rig.freshNamespace('status');
  await rig.backend(ns, 'web');
  const good = gateway(ns, 'good');
  const bad = gateway(ns, 'bad', [http(), https(['gone'])]);
  const route = httpRoute(ns, 'web', ['good', 'bad'], ['web'], { hostnames: ['web.example.com'] });
  await rig.apply([good, bad, route, httpRoute(ns, 'broken', ['bad'], ['nowhere'])]);
  await programmed(rig, good);
  await eventually(async () => {
    const { stdout } = await run(['status', '-n', ns]);
    expect(stdout).toContain(`HTTPRoute ${ns}/broken`);
    expect(stdout).toContain('ResolvedRefs=False (BackendNotFound)');
  });
  const { code, stdout, stderr } = await run(['status', '-n', ns]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(stdout.indexOf(`Gateway ${ns}/bad`)).toBeLessThan(stdout.indexOf(`Gateway ${ns}/good`));
  expect(stdout).toMatch(/✗ listener "https": HTTPS :443/);
  expect(stdout).toContain(`Secret ${ns}/gone`);
  expect(stdout).toContain('2 Gateways, 1 with something wrong');
  expect(stdout).not.toContain('\u001b[');

  await eventually(async () => {
    const live = await run(['status', `${ns}/good`, '--live']);
    expect(live).toMatchObject({ code: 0, stderr: '' });
    expect(live.stdout).toMatch(/✓ load balancer gh-\w+-good-\w+ \(internal, active\)/);
    expect(live.stdout).toMatch(/\d+\. host web\.example\.com/);
    expect(live.stdout).toContain('2 of 2 healthy');
  });
  const json = JSON.parse((await run(['status', 'good', '-n', ns, '--live', '-o', 'json'])).stdout);
  expect(json.gateways).toHaveLength(1);
  expect(json.gateways[0].loadBalancers[0].listeners[0]).toMatchObject({ port: 80, protocol: 'HTTP' });
  const coloured = await run(['status', '-n', ns], { FORCE_COLOR: '1' });
  expect(coloured.stdout).toContain('\u001b[31m✗');

  const unread = await run(['status', '-n', ns, '--live'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  expect(unread.stdout).toContain(`Gateway ${ns}/good`);
  expect(unread.stderr).toMatch(/^AWS can't be read: /);
  expect(unread.code).toBe(2);
  await removeAndWait(rig, good);
  await removeAndWait(rig, bad);
});

test.each([
  ['nothing to plan', ['plan'], '-f or --from-cluster is required'],
  ['AWS without a cluster', ['plan', '-f', '-', '--live'], '--live needs --from-cluster'],
  ['AWS without a name', ['plan', '--from-cluster'], '--cluster-name is required'],
  [
    'a context that is not there',
    ['plan', '--from-cluster', '--cluster-name=demo', '--context', 'nope'],
    'There is no context "nope"',
  ],
  [
    'a kubeconfig that is not there',
    ['plan', '--from-cluster', '--cluster-name=demo', '--kubeconfig', '/nope'],
    'Could not read the kubeconfig',
  ],
])('%s ends with status 2 and a line', async (_, args, message) => {
  const { code, stdout, stderr } = await run(args);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('an AWS that refuses ends with status 2, and names the action', async () => {
  const { code, stderr } = await run(['plan', '--from-cluster', '--cluster-name=demo'], {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  });
  expect(stderr).toMatch(/^\w+:\w+: /);
  expect(code).toBe(2);
});
