// The controller with only the permissions that deploy/ has for its provider.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyYaml, get, waitFor } from '../../localstack/cluster/apply.ts';
import { freePorts } from '../../localstack/cluster/ports.ts';
import { type Environment, endpointSlice, startEnvironment } from '../../localstack/environment.ts';
import type { Gatehouse } from '../../localstack/gatehouse.ts';
import type { BackendTlsPolicy, Gateway, HttpRoute } from '../../src/api/gateway-api.ts';
import { kustomize } from './kustomize.ts';
import { authority } from './support/authority.ts';
import { openAws } from './support/gatehouse.ts';
import { backendTlsPolicy, gateway, gatewayClass, http, httpRoute, service } from './support/objects.ts';
import { gatewayPath, policyPath, routePath, said } from './support/status.ts';

const waitMs = 45_000;
const deploy = join(import.meta.dirname, '../../deploy');

/** The conditions of the policy's first ancestor. Empty if it has none. */
const ancestorOf = (policy: BackendTlsPolicy | undefined): string =>
  said(policy?.status?.ancestors?.[0]?.conditions).join(', ');

let environment: Environment;
let gatehouse: Gatehouse;

beforeAll(async () => {
  environment = await startEnvironment({ openAws, aws: { port: 0, provisioningSeconds: 0.3 } });
  await applyYaml(environment.cluster.admin, await kustomize(join(deploy, 'aws')));
  gatehouse = await environment.startGatehouse({
    flags: { providers: 'aws', 'enable-leader-election': 'true', 'leader-election-namespace': 'gatehouse-system' },
    env: { KUBECONFIG: await environment.cluster.serviceAccountKubeconfig('gatehouse-system', 'gatehouse') },
  });
});
afterAll(() => environment.stop());

test('the ServiceAccount that is shipped may do all that a Gateway takes, from its first call to its end', async () => {
  const { admin } = environment.cluster;
  const ns = 'default';
  await applyYaml(admin, [
    gatewayClass('aws'),
    service(ns, 'web'),
    endpointSlice(ns, 'web', ['10.0.48.20'], 8080, { portName: 'http' }),
    gateway(ns, 'gw'),
    httpRoute(ns, 'web', ['gw'], ['web']),
    service(ns, 'checked'),
    httpRoute(ns, 'checked', ['gw'], ['checked'], { hostnames: ['checked.example.com'] }),
    backendTlsPolicy(ns, 'checked'),
  ]);
  const refused = 'Accepted=False/Invalid, ResolvedRefs=True/ResolvedRefs';
  await waitFor<BackendTlsPolicy>(admin, policyPath(ns, 'checked'), (policy) => ancestorOf(policy) === refused, {
    timeoutMs: waitMs,
  });
  await waitFor<Gateway>(
    admin,
    gatewayPath(ns, 'gw'),
    (current) => said(current?.status?.conditions).includes('Programmed=True/Programmed'),
    { timeoutMs: waitMs },
  );
  await waitFor<HttpRoute>(
    admin,
    routePath(ns, 'web'),
    (current) => said(current?.status?.parents?.[0]?.conditions).includes('Accepted=True/Accepted'),
    { timeoutMs: waitMs },
  );
  const own = 'namespaces/gatehouse-system';
  await waitFor(admin, `/apis/coordination.k8s.io/v1/${own}/leases/gatehouse`, Boolean);
  await waitFor(admin, `/api/v1/${own}/configmaps/gatehouse-targets`, Boolean, { timeoutMs: waitMs });
  await waitFor<{ readonly items: readonly unknown[] }>(
    admin,
    `/apis/events.k8s.io/v1/namespaces/${ns}/events`,
    (events) => (events?.items.length ?? 0) > 0,
    { timeoutMs: waitMs },
  );
  await admin.request('DELETE', gatewayPath(ns, 'gw'));
  await waitFor(admin, gatewayPath(ns, 'gw'), (current) => current === undefined, { timeoutMs: waitMs });
  await gatehouse.stop();
  expect(await readFile(gatehouse.logFile, 'utf8')).not.toMatch(/forbidden/i);
});

test('the ServiceAccount that is shipped may do all that a Gateway with Envoys takes, within the policies', async () => {
  const { admin } = environment.cluster;
  const ns = 'proxies';
  await applyYaml(admin, await kustomize(join(deploy, 'metallb')));
  const [adsPort] = await freePorts(1);
  const running = await environment.startGatehouse({
    flags: {
      providers: 'metallb',
      'ads-bind-addr': `127.0.0.1:${adsPort}`,
      'enable-leader-election': 'true',
      'leader-election-namespace': 'gatehouse-system',
    },
    env: { KUBECONFIG: await environment.cluster.serviceAccountKubeconfig('gatehouse-system', 'gatehouse') },
  });
  await applyYaml(admin, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ns } },
    gatewayClass('metallb', { controllerName: 'gatehouse.dev/metallb' }),
    service(ns, 'web'),
    gateway(ns, 'gw', [http()], { gatewayClassName: 'metallb' }),
    httpRoute(ns, 'web', ['gw'], ['web']),
    backendTlsPolicy(ns, 'web'),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ca', namespace: ns },
      data: { 'ca.crt': (await authority('ca')).certificate },
    },
  ]);
  const accepted = 'Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs';
  await waitFor<BackendTlsPolicy>(admin, policyPath(ns, 'web'), (policy) => ancestorOf(policy) === accepted, {
    timeoutMs: waitMs,
  });
  const made = [
    `/apis/apps/v1/namespaces/${ns}/deployments`,
    `/apis/policy/v1/namespaces/${ns}/poddisruptionbudgets`,
    `/api/v1/namespaces/${ns}/services?labelSelector=gatehouse.dev/gateway`,
  ];
  const count = (list: { readonly items: readonly unknown[] } | undefined): number => list?.items.length ?? 0;
  for (const path of made) {
    await waitFor<{ readonly items: readonly unknown[] }>(admin, path, (list) => count(list) === 1, {
      timeoutMs: waitMs,
    });
  }
  await admin.request('DELETE', gatewayPath(ns, 'gw'));
  await waitFor(admin, gatewayPath(ns, 'gw'), (current) => current === undefined, { timeoutMs: waitMs });
  for (const path of made) {
    await waitFor<{ readonly items: readonly unknown[] }>(admin, path, (list) => count(list) === 0, {
      timeoutMs: waitMs,
    });
  }
  expect(ancestorOf(await get<BackendTlsPolicy>(admin, policyPath(ns, 'web')))).toBe('');
  await running.stop();
  expect(await readFile(running.logFile, 'utf8')).not.toMatch(/forbidden|denied request/i);
});
