// MetalLB keeps the contract of all providers before a real API server, and with the real MetalLB. Only pods don't run: Envoys are
// simulated, with tokens of the API server.
import { afterAll, beforeAll } from 'vitest';
import { applyYaml, deleteObjects } from '../../localstack/cluster/apply.ts';
import { type Cluster, startCluster } from '../../localstack/cluster/cluster.ts';
import type { Daemon } from '../../localstack/cluster/daemon.ts';
import { definitions } from '../../localstack/gatehouse.ts';
import * as kinds from '../../src/api/kinds.ts';
import type { Pod } from '../../src/api/workloads.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { connect } from '../../src/kube/connect.ts';
import { type KubeObject, objectKey } from '../../src/kube/object.ts';
import { audience } from '../../src/metallb/ads-client.ts';
import { fleetKinds } from '../../src/metallb/caches.ts';
import { boundTo } from '../../src/metallb/slots.ts';
import {
  type Addresses,
  makeAuthority,
  metallbRig,
  ownNamespace,
  skippedCases,
  until,
} from '../../src/metallb/testing/contract-rig.ts';
import { describeProvider } from '../../src/provider/contract.ts';
import { startMetallbController } from './support/metallb-controller.ts';
import { namespace } from './support/objects.ts';

let cluster: Cluster;
let metallb: Daemon;
let client: KubeClient;
const { signal } = new AbortController();

// The first time on a machine it builds MetalLB.
beforeAll(async () => {
  cluster = await startCluster();
  await applyYaml(cluster.admin, await definitions());
  metallb = await startMetallbController(cluster);
  await applyYaml(cluster.admin, [namespace('shop'), namespace(ownNamespace)]);
  const { kubeconfig } = cluster;
  client = await connect({ kubeconfig, userAgent: 'gatehouse', clock: systemClock, random: Math.random, env: {} });
  await makeAuthority(client);
}, 1_800_000);
afterAll(async () => {
  await metallb.kill('SIGKILL');
  client.close();
  await cluster.stop();
});

const pool = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'default', namespace: 'metallb-system' },
  spec: { addresses: ['10.249.0.1-10.249.0.9'] },
};

async function tokenOf({ metadata: { namespace: ns = '', name, uid }, spec }: Pod): Promise<string> {
  const path = `/api/v1/namespaces/${ns}/serviceaccounts/${spec.serviceAccountName}/token`;
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
  const { status } = await cluster.admin.request<{ readonly status: { readonly token: string } }>('POST', path, {
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], boundObjectRef },
    },
  });
  return status.token;
}

async function openPool(): Promise<Addresses> {
  let isGiven = true;
  const giveAgain = async (): Promise<void> => {
    await applyYaml(cluster.admin, [pool]);
    isGiven = true;
  };
  await giveAgain();
  return {
    settle: () =>
      until(async () => {
        const { items } = await client.list(kinds.services, {}, signal);
        return !isGiven || items.every((each) => each.spec.type !== 'LoadBalancer' || boundTo(each).length > 0);
      }),
    withhold: async () => {
      await deleteObjects(cluster.admin, [pool]);
      isGiven = false;
    },
    giveAgain,
  };
}

/** The next case begins with nothing. */
async function clear(): Promise<void> {
  const { gatewayClasses, gateways, httpRoutes, endpointSlices, pods } = kinds;
  for (const kind of [gateways, httpRoutes, endpointSlices, ...fleetKinds, pods, gatewayClasses]) {
    const within = kind.namespaced ? { namespace: 'shop' } : {};
    const { items } = await client.list<KubeObject>(kind, within, signal);
    for (const { metadata } of items) await client.delete(kind, objectKey(metadata), signal);
  }
}

describeProvider(
  'MetalLB, the real one,',
  async () => await metallbRig({ client, addresses: await openPool(), tokenOf, close: clear }),
  skippedCases,
);
