// Runs against the embedded AWS, with the shipped policy.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import { ensureBackendSecurityGroup } from '../aws/network/backend-group.ts';
import { Admissions } from '../aws/reach/admissions.ts';
import { type Controller, eachTestOnAws, cluster as old } from '../aws/testing/aws-under-test.ts';
import { systemClock } from '../kube/clock.ts';
import { objectKey } from '../kube/object.ts';
import { ApiServer } from '../kube/testing/api-server.ts';
import { type CleanupInput, cleanup } from './cleanup.ts';
import { iamPolicy } from './iam-policy.ts';

const living = '0d9e1c52-0000-4000-8000-000000000002';

const policy = iamPolicy({ clusterName: 'demo', partition: 'aws', region: '*', account: '*' });
if (policy.kind === 'invalid') throw new Error(policy.detail);
const rig = eachTestOnAws({ policies: { '*': policy.document } });
let controller: Controller;

/** A dead cluster that left a Gateway with all its resources. A new cluster of the same name is alive. */
beforeEach(async () => {
  controller = await rig.start();
  const secret = objectKey({ namespace: 'shop', name: 'tls' });
  const material = await selfSigned(['a.example.com'], 'EC_prime256v1', Date.now(), '01');
  rig.kept.secrets.set(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'tls' },
    type: 'kubernetes.io/tls',
    data: {
      'tls.crt': btoa(material.certificatePem),
      'tls.key': btoa(String(material.privateKey.export({ type: 'pkcs8', format: 'pem' }))),
    },
  });
  await controller.apply(rig.model({ secret, services: ['api', 'web'] }));
  const { clients } = controller;
  const backend = await ensureBackendSecurityGroup(clients, old, rig.seed.vpcId);
  const source = backend.kind === 'ready' ? backend.groupId : '';
  const admission = { groupId: rig.seed.nodeSecurityGroupId, protocol: 'tcp', fromPort: 8080, toPort: 8080 };
  await new Admissions(clients, old).apply([admission], source, true);
  await ensureBackendSecurityGroup(clients, { clusterName: 'demo', clusterUid: living }, rig.seed.vpcId);
});

/** The number of resources with the UID's tag, by kind. */
function owned(uid: string): number {
  const { elbv2, ec2, acm } = rig.aws.world();
  const all = [
    elbv2.loadBalancers,
    elbv2.targetGroups,
    elbv2.listeners,
    elbv2.rules,
    ec2.securityGroups,
    ec2.securityGroupRules,
    acm.certificates,
  ];
  return all
    .flatMap((records): { tags: ReadonlyMap<string, string> }[] => [...records.values()])
    .filter(({ tags }) => tags.get('gatehouse.dev/cluster-uid') === uid).length;
}

/** The kubeconfig of a cluster with this UID. */
async function kubeconfig(uid: string): Promise<string> {
  const server = await ApiServer.start(({ json }) =>
    json(200, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid } }),
  );
  onTestFinished(() => server[Symbol.asyncDispose]());
  return await kubeconfigOf(`http://127.0.0.1:${server.port}`);
}

async function kubeconfigOf(server: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-cleanup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** A clock where every sleep takes no real time. */
function fastClock(): CleanupInput['clock'] {
  let slept = 0;
  return {
    now: () => systemClock.now() + slept,
    monotonic: () => systemClock.monotonic() + slept,
    sleep: async (ms) => {
      slept += ms;
    },
  };
}

async function run(options: Partial<CleanupInput['options']>, KUBECONFIG: string) {
  const printed: string[] = [];
  const complained: string[] = [];
  const code = await cleanup({
    options: { cluster: true, ...options },
    given: { 'cluster-name': 'demo', 'aws-region': rig.seed.region },
    env: { KUBECONFIG },
    clock: fastClock(),
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line),
    signal: new AbortController().signal,
  });
  return { code, out: printed.join('\n'), err: complained.join('\n') };
}

test('without --yes it lists what each cluster of the name has, deletes nothing, and says how to', async () => {
  const before = [owned(old.clusterUid), owned(living)];
  const { code, out, err } = await run({}, await kubeconfig(living));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect([owned(old.clusterUid), owned(living)]).toEqual(before);
  expect(out).toContain(`Cluster "demo", UID ${living}: the living cluster of KUBECONFIG. Nothing of it is deleted.`);
  expect(out).toContain('  Gateway shop/web\n');
  expect(out).toContain('    load-balancer/internal  arn:aws:elasticloadbalancing:');
  expect(out).toContain('    with 1 listener and 2 rules');
  expect(out).toContain('    certificate/shop/tls  arn:aws:acm:');
  expect(out).toMatch(/sgr-[0-9a-f]+ of sg-[0-9a-f]+, port 8080/);
  expect(out).toContain(`gatehouse cleanup --cluster-name demo --cluster-uid ${old.clusterUid} --yes`);
  expect(out).not.toContain(`--cluster-uid ${living}`);
});

test('with --yes it deletes everything that the dead cluster left, and nothing of the living one', async () => {
  rig.aws.faults.set({ seed: 1, readLagSeconds: 0, rules: [], releaseSeconds: 1 });
  const before = owned(living);
  const { code, out, err } = await run({ clusterUid: old.clusterUid, yes: true }, await kubeconfig(living));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(owned(old.clusterUid)).toBe(0);
  expect(owned(living)).toBe(before);
  expect(out).toContain('deleted load-balancer/internal arn:');
  expect(out).toContain('AWS does not release the rest yet');
  expect(out).toContain('Nothing is left.');
  expect(rig.aws.iam.report().denied).toEqual([]);
});

test('resources of the living cluster are never deleted', async () => {
  const before = owned(living);
  const { code, err } = await run({ clusterUid: living, yes: true }, await kubeconfig(living));
  expect(code).toBe(2);
  expect(err).toContain(`${living} is the living cluster of KUBECONFIG`);
  expect(owned(living)).toBe(before);
});

test('if no cluster answers which UID is alive, nothing is deleted without --no-cluster', async () => {
  const nowhere = await kubeconfigOf('http://127.0.0.1:9');
  const before = owned(old.clusterUid);
  const unsure = await run({ clusterUid: old.clusterUid, yes: true }, nowhere);
  expect(unsure.code).toBe(1);
  expect(unsure.err).toContain('No cluster says which UID is alive');
  expect(owned(old.clusterUid)).toBe(before);
  expect(await run({ clusterUid: old.clusterUid, yes: true, cluster: false }, nowhere)).toMatchObject({ code: 0 });
  expect(owned(old.clusterUid)).toBe(0);
});

test('--yes alone deletes nothing: it needs a UID', async () => {
  const before = owned(old.clusterUid);
  const { code, err } = await run({ yes: true }, await kubeconfig(living));
  expect(code).toBe(2);
  expect(err).toContain('--yes needs --cluster-uid');
  expect(owned(old.clusterUid)).toBe(before);
});

test('a resource that is still in use is reported at the end, with what uses it', async () => {
  const group = controller.inventory.owned('shop/web').find(({ kind }) => kind === 'security-group');
  const GroupId = rig.seed.nodeSecurityGroupId;
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId: group?.arn }] }];
  const { SecurityGroupRules: [rule] = [] } = await controller.clients.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }),
  );
  const { code, err } = await run({ clusterUid: old.clusterUid, yes: true }, await kubeconfig(living));
  expect(code).toBe(1);
  expect(err).toContain(`1 left: ${group?.arn}`);
  expect(err).toContain(`It is still used by rule ${rule?.SecurityGroupRuleId} of security group ${GroupId}.`);
});

test('if nothing is left of a cluster, the command says so', async () => {
  const { code, out } = await run({ clusterUid: 'another' }, await kubeconfig(living));
  expect({ code, out }).toEqual({ code: 0, out: 'AWS has nothing of a cluster named "demo" with UID another here.' });
});
