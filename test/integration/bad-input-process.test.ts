// Wrong flags, wrong credentials and unreachable servers: the process ends with a status and a message, or continues and says
// what it waits for.
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { freePorts } from '../../localstack/cluster/ports.ts';
import { rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { startNeighbour } from './support/neighbour.ts';
import { httpRoute } from './support/objects.ts';
import { program } from './support/program.ts';

// Some tests wait for retries with growing pauses.
vi.setConfig({ testTimeout: 150_000 });

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

interface Ended {
  readonly status: number | string;
  readonly stderr: string;
}

const killAfterMs = 60_000;

/** Starts `gatehouse run`, with the rig's cluster and AWS unless `env` says otherwise. */
function start(flags: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [program, 'run', ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: rig.cluster.dir,
      KUBECONFIG: rig.cluster.kubeconfig,
      AWS_ENDPOINT_URL: rig.aws.url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
  });
  const output = { stderr: '' };
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  });
  return { child, output, ended };
}

/** Runs it until it ends by itself. */
async function run(flags: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { child, output, ended } = start(flags, env);
  const stop = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const status = await ended;
  clearTimeout(stop);
  return { status, stderr: output.stderr };
}

const quiet = ['--metrics-bind-addr=0', '--health-probe-bind-addr=0'];
const named = ['--cluster-name=demo', ...quiet];

test('without --cluster-name it ends with status 2 and says what the flag is for', async () => {
  expect(await run(quiet)).toEqual({
    status: 2,
    stderr: '--cluster-name is required: the name under which this cluster owns things in AWS\n',
  });
});

test('all malformed flags are reported at once, each with its value and source', async () => {
  const flags = ['--cluster-name=-x', '--audit-period=soon', '--default-target-type=pod', '--default-tags=aws:x=y'];
  const { status, stderr } = await run([...flags, ...quiet], { GATEHOUSE_AWS_VPC_ID: 'main' });
  expect(status).toBe(2);
  expect(stderr.trimEnd().split('\n')).toEqual([
    '--cluster-name must be 1 to 100 letters, digits, ., _ or -, got "-x"',
    '--aws-vpc-id must be a VPC id, vpc-…, got "main" (from GATEHOUSE_AWS_VPC_ID)',
    '--default-target-type must be ip or instance, got "pod"',
    '--default-tags keys that begin with aws: or gatehouse.dev/ are reserved, got "aws:x=y"',
    '--audit-period must be a duration such as 90s, 10m or 1h30m, got "soon"',
  ]);
});

test('an unknown flag is reported by name', async () => {
  const { status, stderr } = await run(['--cluster-nmae=x', ...quiet]);
  expect(status).toBe(2);
  expect(stderr).toContain("unknown option '--cluster-nmae=x'");
});

test('an unreachable API server is reported with its address and KUBECONFIG, and the process ends', async () => {
  const [port] = await freePorts(1);
  const text = await readFile(rig.cluster.kubeconfig, 'utf8');
  const kubeconfig = join(rig.cluster.dir, 'kubeconfig-elsewhere');
  await writeFile(kubeconfig, text.replace(/server: \S+/, `server: https://127.0.0.1:${port}`));
  const { status, stderr } = await run(named, { KUBECONFIG: kubeconfig });
  expect(status).toBe(1);
  expect(stderr.trimEnd().split('\n').at(-1)).toContain(`The Kubernetes API server https://127.0.0.1:${port}`);
  expect(stderr.trimEnd().split('\n').at(-1)).toContain(kubeconfig);
});

test('a missing KUBECONFIG is reported with its path, without a stack trace', async () => {
  const { status, stderr } = await run(named, { KUBECONFIG: '/nowhere/kubeconfig' });
  expect(status).toBe(2);
  expect(stderr).toBe('Could not read the kubeconfig /nowhere/kubeconfig: ENOENT\n');
});

test('a user without permissions gets a message with the missing permission', async () => {
  const { status, stderr } = await run(named, { KUBECONFIG: await rig.cluster.userKubeconfig('nobody') });
  expect(status).toBe(1);
  expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/namespaces kube-system.*Forbidden.*"nobody" cannot get/);
});

test('missing permissions are reported by kind: the process continues, and becomes ready as soon as it has them', async () => {
  const [port = 0] = await freePorts(1);
  const user = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'half' };
  const role = (verbs: readonly string[]): readonly KubeObject[] => [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'half' },
      rules: [
        { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
        { apiGroups: ['*'], resources: ['*'], verbs },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'half' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'half' },
      subjects: [user],
    },
  ];
  await rig.apply(role(['get']));
  const flags = ['--cluster-name=half', '--metrics-bind-addr=0', `--health-probe-bind-addr=127.0.0.1:${port}`];
  const { child, output, ended } = start(flags, { KUBECONFIG: await rig.cluster.userKubeconfig('half') });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
  await eventually(async () =>
    expect(await ready()).toMatch(/^waiting for the first lists of GatewayClass, Gateway, .* from https:/),
  );
  await eventually(() => expect(output.stderr).toMatch(/"kind":"Gateway".*Forbidden.*cannot list resource/));
  await rig.apply(role(['get', 'list', 'watch']));
  await eventually(async () => expect(await ready()).toBe('ok'));
});

test('a port that is in use is reported', async () => {
  const taken = new URL(rig.aws.url).host;
  const { status, stderr } = await run([
    '--cluster-name=demo',
    `--metrics-bind-addr=${taken}`,
    '--health-probe-bind-addr=0',
  ]);
  expect(status).toBe(1);
  expect(stderr).toBe(`--metrics-bind-addr: could not listen on ${taken}: EADDRINUSE\n`);
});

test('an API server that goes away is waited for: the process lives on, and catches up', async () => {
  const { ns, rule, stillServes } = await startNeighbour(rig, 'outage');
  const { pid } = rig.gatehouse;
  await rig.cluster.killApiServer();
  await sleep(3000);
  stillServes();
  await rig.cluster.restartApiServer();
  await rig.apply([
    httpRoute(
      ns,
      'late',
      ['web'],
      [{ matches: [{ path: { type: 'Exact', value: '/late' } }], backendRefs: [{ name: 'good', port: 80 }] }],
    ),
  ]);
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(2));
  expect(rulesOf(rig, `${ns}/web`)).toContain(rule);
  expect(rig.gatehouse.pid).toBe(pid);
});
