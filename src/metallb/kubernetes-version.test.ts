import { expect, onTestFinished, test } from 'vitest';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { gatewayClass } from '../provider/testing/cluster.ts';
import { openLab } from '../provider/testing/lab.ts';
import { KubernetesVersion } from './kubernetes-version.ts';
import { makeAuthority, metallbRig } from './testing/contract-rig.ts';

const { signal } = new AbortController();

test.each([
  ['v1.30.0', true],
  ['v1.31.4-eks-7f9249a', true],
  ['v1.29.15', false],
  ['v1.9.0', false],
  ['unlike any', true],
])('Envoys run on Kubernetes %s: %s', async (version, isEnough) => {
  const kubernetes = new KubernetesVersion({ version: async () => version }, silentLogger);
  await kubernetes.read(signal);
  expect(kubernetes.findings.map(({ words }) => words)).toEqual(
    isEnough ? [] : [`The cluster has Kubernetes ${version}, and Envoys need v1.30 or newer. Upgrade the cluster.`],
  );
});

test('the log says once that Kubernetes is old', async () => {
  const logged: string[] = [];
  const logger = { ...silentLogger, error: (_: object, message: string) => void logged.push(message) };
  const kubernetes = new KubernetesVersion({ version: async () => 'v1.29.3' }, logger);
  for (let pass = 0; pass < 3; pass += 1) await kubernetes.read(signal);
  expect(logged).toEqual([expect.stringContaining('v1.29.3')]);
});

test('a Gateway waits in an old cluster, its class says so, and after an upgrade it is served', async () => {
  const client = new MemoryClient();
  client.serverVersion = 'v1.29.3';
  await makeAuthority(client);
  const nothing = async (): Promise<void> => undefined;
  const addresses = { settle: nothing, withhold: nothing, giveAgain: nothing };
  const lab = await openLab(() => metallbRig({ client, addresses, tokenOf: async () => '' }));
  onTestFinished(lab.close);
  const { provider, input } = await lab.start();
  const { gateway } = input();
  expect(await provider.ready(gateway)).toMatchObject([{ problem: 'kubernetes-too-old' }]);
  expect(provider.checkClass(gatewayClass('gatehouse.dev/metallb'))).toMatchObject([{ problem: 'kubernetes-too-old' }]);
  client.serverVersion = 'v1.30.2';
  expect(await provider.ready(gateway)).toEqual([]);
  expect(provider.checkClass(gatewayClass('gatehouse.dev/metallb'))).toEqual([]);
});
