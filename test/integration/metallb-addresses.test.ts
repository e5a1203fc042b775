// What the real MetalLB does with the Services of a Gateway. Echo servers stand for the Envoys behind them.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyYaml, deleteObjects, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import { sandboxObstacle } from '../../localstack/sandbox.ts';
import type { AddressPlan } from '../../src/metallb/addresses.ts';
import { announced } from '../../src/metallb/announced.ts';
import { metallbFinding } from '../../src/metallb/findings.ts';
import { AddressedGateway, type Asked, ipAddresses, objectName } from './support/addressed.ts';
import { deployment, service } from './support/balanced.ts';
import { type PodsCluster, startPodsCluster } from './support/pods-cluster.ts';

const obstacle = sandboxObstacle();
const waitMs = 30_000;
const handoverMs = 61_000;
const echoImage = 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0';

const namespace = (ns: string, labels = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: ns, labels },
});

const pool = (named: string, addresses: readonly string[], more: object = {}): KubeObject => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: named, namespace: 'metallb-system' },
  spec: { addresses, autoAssign: false, ...more },
});

/** A pod with the label by which the Services select Envoys. */
function envoy(ns: string): KubeObject {
  const readinessProbe = { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 };
  const pod = { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
  const made = deployment(ns, 'envoy', {
    containers: [{ name: 'echo', image: echoImage, env: [pod], readinessProbe }],
  });
  const labels = { 'gatehouse.dev/gateway': objectName };
  const template = { ...Object(made['spec']).template, metadata: { labels } };
  return { ...made, spec: { ...Object(made['spec']), selector: { matchLabels: labels }, template } };
}

const http = [{ name: 'http', port: 80, targetPort: 3000 }];

describe.skipIf(obstacle !== undefined)(`addresses of MetalLB${obstacle ? ` (skipped: ${obstacle})` : ''}`, () => {
  let cluster: PodsCluster;

  // The first time on a machine it builds MetalLB.
  beforeAll(async () => {
    cluster = await startPodsCluster('--metallb');
  }, 1_800_000);
  afterAll(async () => {
    cluster.process.kill('SIGKILL');
    await cluster.admin.close();
  });

  async function gatewayIn(ns: string, labels = {}): Promise<AddressedGateway> {
    await applyYaml(cluster.admin, [namespace(ns, labels)]);
    return new AddressedGateway(cluster.admin, ns);
  }

  /** Passes until the plan is as wanted. */
  async function settle(
    gateway: AddressedGateway,
    asked: Asked,
    done: (plan: AddressPlan) => boolean,
  ): Promise<AddressPlan> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const plan = await gateway.pass(asked);
      if (done(plan)) return plan;
      if (performance.now() > deadline) throw new Error(`The plan is still ${JSON.stringify(plan)}`);
      await sleep(100);
    }
  }

  const has =
    (...addresses: readonly string[]) =>
    (plan: AddressPlan): boolean =>
      JSON.stringify(valuesOf(plan)) === JSON.stringify(addresses) && plan.problems.length === 0;
  const saysBy =
    (author: string) =>
    ({ problems }: AddressPlan): boolean =>
      problems.some((problem) => metallbFinding(problem).words.includes(author));
  const valuesOf = ({ addresses }: AddressPlan) => addresses.map(({ value }) => value);
  const wordsOf = ({ problems }: AddressPlan) => problems.map((problem) => metallbFinding(problem).words);

  const reach = async (address: string): Promise<string> => {
    const { pod } = Object(await (await cluster.client.fetch(`http://${address}/`)).json());
    return pod;
  };
  const eventuallyReach = (address: string) =>
    expect.poll(() => reach(address).catch(String), { timeout: waitMs, interval: 100 }).toMatch(/^envoy-/);

  const startEnvoy = async (ns: string): Promise<void> => {
    await applyYaml(cluster.admin, [envoy(ns)]);
    const isAvailable = (found?: { readonly status?: { readonly availableReplicas?: number } }): boolean =>
      found?.status?.availableReplicas === 1;
    await waitFor(cluster.admin, `/apis/apps/v1/namespaces/${ns}/deployments/envoy`, isAvailable, {
      timeoutMs: waitMs,
    });
  };

  test('a Gateway gets the address that it asks for, and clients reach it', async () => {
    const gateway = await gatewayIn('pinned');
    await startEnvoy('pinned');
    await settle(gateway, { addresses: ipAddresses('10.249.0.150') }, has('10.249.0.150'));
    await eventuallyReach('10.249.0.150');
    const plan = await gateway.pass({ addresses: ipAddresses('10.249.0.150') });
    const saysNode = async () => announced(plan.announced, await gateway.world())?.message;
    await expect.poll(saysNode, { timeout: waitMs }).toMatch(/^Node \S+ announces 10\.249\.0\.150\.$/);
  });

  test('each of several addresses has its Service, also two of one family, and of both', async () => {
    const gateway = await gatewayIn('several');
    const asked = ['10.249.0.151', '10.249.0.152', 'fd00:10:249::1:51'];
    await settle(gateway, { addresses: ipAddresses(...asked) }, has(...asked));
    expect(await gateway.services()).toHaveLength(3);
  });

  test('an address of a pool that the Gateway names', async () => {
    await applyYaml(cluster.admin, [pool('named', ['10.249.0.200-10.249.0.201'])]);
    const gateway = await gatewayIn('named');
    const addresses = [{ field: 'addresses[0].value', type: 'metallb.io/IPAddressPool', value: 'named' }];
    const plan = await settle(gateway, { addresses, settings: { allowedPools: ['named'] } }, has('10.249.0.200'));
    expect(plan.services[0]?.metadata.annotations).toEqual({ 'metallb.io/address-pool': 'named' });
  });

  test('an address outside of all pools is not usable, in our words and in those of MetalLB', async () => {
    const gateway = await gatewayIn('outside');
    const addresses = ipAddresses('192.0.2.1', '10.249.0.153');
    const plan = await settle(gateway, { addresses }, saysBy('MetalLB says'));
    expect(wordsOf(plan)).toEqual([
      expect.stringMatching(
        /^spec\.addresses\[0\]\.value: the address 192\.0\.2\.1 cannot be assigned\. No IPAddressPool has the address.* MetalLB says: Failed to allocate IP for "outside\/.*is not allowed in config$/,
      ),
    ]);
    expect(valuesOf(plan)).toEqual(['10.249.0.153']);
    // After a correction, nothing is left of the Service that waited.
    await settle(gateway, { addresses: addresses.slice(1) }, has('10.249.0.153'));
    expect(await gateway.services()).toHaveLength(1);
  });

  test('an address of another Service becomes usable when that Service is gone', async () => {
    const other = service('taken', 'other', http);
    const pinned = {
      ...other,
      metadata: { ...other.metadata, annotations: { 'metallb.io/loadBalancerIPs': '10.249.0.154' } },
    };
    const gateway = await gatewayIn('taken');
    await applyYaml(cluster.admin, [pinned]);
    const addresses = ipAddresses('10.249.0.154');
    const plan = await settle(
      gateway,
      { addresses },
      (found) => saysBy('MetalLB says')(found) && saysBy('Service taken/other has')(found),
    );
    expect(valuesOf(plan)).toEqual([]);
    await deleteObjects(cluster.admin, [pinned]);
    await settle(gateway, { addresses }, has('10.249.0.154'));
  });

  test('an address moves while a client keeps using the old one, and no request fails', async () => {
    const gateway = await gatewayIn('moves');
    await startEnvoy('moves');
    await settle(gateway, { addresses: ipAddresses('10.249.0.155') }, has('10.249.0.155'));
    await eventuallyReach('10.249.0.155');

    const failures: unknown[] = [];
    let answered = 0;
    const stop = new AbortController();
    const client = (async () => {
      while (!stop.signal.aborted) {
        await reach('10.249.0.155').then(
          () => (answered += 1),
          (failure: unknown) => failures.push(failure),
        );
      }
    })();
    const addresses = ipAddresses('10.249.0.156');
    await settle(gateway, { addresses }, has('10.249.0.156'));
    await eventuallyReach('10.249.0.156');
    await gateway.pass({ addresses });
    stop.abort();
    await client;
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(5);
    expect(await gateway.services()).toHaveLength(2);

    await gateway.pass({ addresses, laterMs: handoverMs });
    expect(await gateway.services()).toHaveLength(1);
    await expect.poll(() => cluster.client.whoHas('10.249.0.155'), { timeout: waitMs }).toBeUndefined();
    await eventuallyReach('10.249.0.156');
  });

  test('the old address serves on while the new one cannot be had', async () => {
    const gateway = await gatewayIn('stays');
    await startEnvoy('stays');
    await settle(gateway, { addresses: ipAddresses('10.249.0.157') }, has('10.249.0.157'));
    const addresses = ipAddresses('192.0.2.2');
    const plan = await settle(gateway, { addresses }, saysBy('MetalLB says'));
    expect(valuesOf(plan)).toEqual(['10.249.0.157']);
    await gateway.pass({ addresses, laterMs: 10 * handoverMs });
    await eventuallyReach('10.249.0.157');
  });

  test('a Gateway that no longer asks for its address keeps it, and so does one that begins to', async () => {
    const gateway = await gatewayIn('keeps');
    const [first = ''] = valuesOf(await settle(gateway, {}, ({ addresses }) => addresses.length === 1));
    await settle(gateway, { addresses: ipAddresses(first) }, has(first));
    await gateway.pass({});
    await settle(gateway, {}, has(first));
    expect(await gateway.services()).toHaveLength(1);
  });

  test('the addresses of a dual-stack Service stay when they are asked for', async () => {
    const gateway = await gatewayIn('dual');
    const settings = { ipFamilyPolicy: 'RequireDualStack' as const };
    const both = valuesOf(await settle(gateway, { settings }, ({ addresses }) => addresses.length === 2));
    const addresses = ipAddresses(...both.map((value) => value ?? ''));
    await gateway.pass({ addresses });
    await sleep(1000);
    expect(valuesOf(await gateway.pass({ addresses }))).toEqual(both);
    expect(await gateway.services()).toHaveLength(1);
  });

  test('a pool is taken away and given back', async () => {
    const lent = pool('lent', ['10.249.0.210/32']);
    await applyYaml(cluster.admin, [lent]);
    const gateway = await gatewayIn('lent');
    const addresses = ipAddresses('10.249.0.210');
    await settle(gateway, { addresses }, has('10.249.0.210'));
    await deleteObjects(cluster.admin, [lent]);
    const plan = await settle(
      gateway,
      { addresses },
      ({ addresses: found, problems }) => found.length === 0 && problems.length > 0,
    );
    expect(wordsOf(plan)).toEqual([expect.stringContaining('No IPAddressPool has the address 10.249.0.210.')]);
    await applyYaml(cluster.admin, [lent]);
    await settle(gateway, { addresses }, has('10.249.0.210'));
  });

  test('all addresses stay when MetalLB restarts', async () => {
    const gateway = await gatewayIn('restart');
    const addresses = ipAddresses('10.249.0.158');
    await settle(gateway, { addresses }, has('10.249.0.158'));
    const pods = '/api/v1/namespaces/metallb-system/pods?labelSelector=component=controller';
    await cluster.admin.request('DELETE', pods);
    const controller = '/apis/apps/v1/namespaces/metallb-system/deployments/controller';
    const isBack = (found?: { readonly status?: { readonly availableReplicas?: number } }): boolean =>
      found?.status?.availableReplicas === 1;
    await waitFor(cluster.admin, controller, (found?: object) => !isBack(found), { timeoutMs: waitMs });
    await waitFor(cluster.admin, controller, isBack, { timeoutMs: waitMs });
    // It works again, and has taken nothing away.
    await settle(
      gateway,
      { addresses: ipAddresses('10.249.0.158', '10.249.0.159') },
      has('10.249.0.158', '10.249.0.159'),
    );
  });

  test('a Service of a class that no controller has is never claimed, and after 30 seconds it is said', async () => {
    const gateway = await gatewayIn('nobody');
    const settings = { loadBalancerClass: 'example.com/nobody' };
    await gateway.pass({ settings });
    expect(wordsOf(await gateway.pass({ settings }))).toEqual(['An address is not assigned yet.']);
    expect(wordsOf(await gateway.pass({ settings, laterMs: 31_000 }))).toEqual([
      expect.stringMatching(/^No load balancer controller has claimed Service nobody\/.*--lb-class/),
    ]);
    // Without the class, another Service takes its place.
    const plan = await settle(gateway, {}, ({ addresses }) => addresses.length === 1);
    expect(plan.problems).toEqual([]);
    expect(await gateway.services()).toHaveLength(1);
    // Now that it has an address, it keeps the class that it has.
    expect(wordsOf(await gateway.pass({ settings }))).toEqual([
      expect.stringContaining('Kubernetes does not allow the change'),
    ]);
    expect(valuesOf(await gateway.pass({ settings }))).toEqual(valuesOf(plan));
  });

  test('a port that a sharer of the address has is not added, because MetalLB would take the address away', async () => {
    const other = service('shares', 'other', [{ name: 'http', port: 8080, targetPort: 3000 }]);
    const annotations = { 'metallb.io/loadBalancerIPs': '10.249.0.160', 'metallb.io/allow-shared-ip': 'k' };
    const gateway = await gatewayIn('shares');
    await applyYaml(cluster.admin, [{ ...other, metadata: { ...other.metadata, annotations } }]);
    const asked: Asked = { addresses: ipAddresses('10.249.0.160'), settings: { sharingKey: 'k' } };
    await settle(gateway, asked, has('10.249.0.160'));
    const ports = [80, 8080].map((port) => ({ port, transport: 'TCP' as const, target: 3000 }));
    const plan = await gateway.pass({ ...asked, ports });
    expect(wordsOf(plan)).toEqual([expect.stringContaining('has port TCP 8080, too')]);
    await sleep(1000);
    expect(valuesOf(await gateway.pass({ ...asked, ports }))).toEqual(['10.249.0.160']);

    // This is what it prevents.
    const body = { spec: { ports: ports.map(({ port }) => ({ name: `tcp-${port}`, port, targetPort: 3000 })) } };
    await cluster.admin.request('PATCH', `/api/v1/namespaces/shares/services/${objectName}`, {
      contentType: 'application/merge-patch+json',
      body,
    });
    await expect
      .poll(async () => (await gateway.services()).flatMap(({ status }) => status?.loadBalancer?.ingress ?? []), {
        timeout: waitMs,
      })
      .toEqual([]);
  });

  test('a pool that is not for the namespace is an obstacle, as MetalLB says, too', async () => {
    const serviceAllocation = { namespaceSelectors: [{ matchLabels: { team: 'a' } }] };
    await applyYaml(cluster.admin, [
      namespace('team-a', { team: 'a' }),
      pool('of-a', ['10.249.0.220/32'], { serviceAllocation }),
    ]);
    const addresses = ipAddresses('10.249.0.220');
    const foreign = await settle(await gatewayIn('team-b', { team: 'b' }), { addresses }, saysBy('MetalLB says'));
    expect(wordsOf(foreign)).toEqual([
      expect.stringMatching(/"of-a" does not admit this namespace.*not compatible for ip assignment$/),
    ]);
    await settle(await gatewayIn('team-a', { team: 'a' }), { addresses }, has('10.249.0.220'));
  });
});
