// Gatehouse on MetalLB. The suite runs on the machine outside of the cluster, and finds addresses by ARP.
import { join } from 'node:path';
import { serviceAddress } from '../../localstack/cluster/api-server.ts';
import { applyYaml } from '../../localstack/cluster/apply.ts';
import { prepareCluster } from '../../localstack/cluster/cluster.ts';
import { readKubeconfig, writeKubeconfig } from '../../localstack/cluster/kubeconfig.ts';
import { clientNamespace } from '../../localstack/cluster/outside/link.ts';
import { startMetallbEnvironment } from '../../localstack/metallb-environment.ts';
import type { Subject } from './subject.ts';

/** One Envoy a Gateway, because two cores carry everything. */
const configuration = {
  apiVersion: 'gatehouse.dev/v1alpha1',
  kind: 'ProxyConfiguration',
  metadata: { name: 'conformance', namespace: 'gatehouse-system' },
  spec: { replicas: 1 },
};

export const onMetallb: Subject = {
  controllerName: 'gatehouse.dev/metallb',
  sandbox: {},
  report: 'report-metallb.yaml',
  // Of GatewayStaticAddresses: an address of the pool, and one that no pool has.
  flags: { mode: 'metallb', 'usable-address': '10.249.0.190', 'unusable-address': '192.0.2.1' },
  skips: {},
  prepare: (options) => prepareCluster({ ...options, metallb: true }),
  start: async (options) => {
    const environment = await startMetallbEnvironment(options);
    const { cluster } = environment;
    await applyYaml(cluster.admin, [configuration]);
    // The machine reaches the API server through the nodes, at the address of its Service.
    const kubeconfig = join(cluster.dir, 'outside.kubeconfig');
    await writeKubeconfig(kubeconfig, {
      ...(await readKubeconfig(cluster.kubeconfig)),
      url: `https://${serviceAddress}`,
    });
    const { apiVersion, kind, metadata } = configuration;
    return {
      ...environment,
      suite: { kubeconfig, launcher: ['ip', 'netns', 'exec', clientNamespace] },
      parametersRef: { group: apiVersion.split('/')[0], kind, ...metadata },
      cost: () => '',
    };
  },
};
