// Stores the state of a cluster and its AWS in files, and starts an environment from them.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { get, type KubeObject } from '../../../localstack/cluster/apply.ts';
import type { Connection } from '../../../localstack/cluster/connection.ts';
import { storeObject } from '../../../localstack/cluster/etcd.ts';
import { type Environment, startEnvironment } from '../../../localstack/environment.ts';

const folder = join(import.meta.dirname, 'recorded');
const awsFile = join(folder, 'aws.json');
/** One object per line. */
const objectsFile = join(folder, 'objects.jsonl');

interface Resource {
  /** In the API. */
  readonly path: string;
  /** In etcd, without the prefix of the registry. */
  readonly stored: string;
}

const core = (plural: string, stored = plural): Resource => ({ path: `/api/v1/${plural}`, stored });
const custom = (group: string, version: string, plural: string): Resource => ({
  path: `/apis/${group}/${version}/${plural}`,
  stored: `${group}/${plural}`,
});
const gatewayApi = (plural: string): Resource => custom('gateway.networking.k8s.io', 'v1', plural);

/** The kinds that Gatehouse reads or writes. */
const resources: Readonly<Record<string, Resource>> = {
  Namespace: core('namespaces'),
  Node: core('nodes', 'minions'),
  Secret: core('secrets'),
  ConfigMap: core('configmaps'),
  Service: core('services', 'services/specs'),
  EndpointSlice: { path: '/apis/discovery.k8s.io/v1/endpointslices', stored: 'endpointslices' },
  LoadBalancerConfiguration: custom('gatehouse.dev', 'v1alpha1', 'loadbalancerconfigurations'),
  GatewayClass: gatewayApi('gatewayclasses'),
  Gateway: gatewayApi('gateways'),
  ListenerSet: gatewayApi('listenersets'),
  HTTPRoute: gatewayApi('httproutes'),
  ReferenceGrant: gatewayApi('referencegrants'),
};

interface List {
  readonly apiVersion: string;
  /** Each without its apiVersion and kind. */
  readonly items: readonly KubeObject[];
}

/** The current objects, without those that an API server creates for itself. */
export async function readObjects(admin: Connection): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(
    Object.entries(resources).map(async ([kind, { path }]) => {
      const { apiVersion = '', items = [] } = (await get<List>(admin, path)) ?? {};
      return items.map((item) => ({ ...item, apiVersion, kind }));
    }),
  );
  return lists.flat().filter(({ metadata: { namespace = '' } }) => !/^(default|kube-.*)$/.test(namespace));
}

export async function saveRecording({ cluster, aws }: Environment): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(awsFile, aws.save());
  const lines = (await readObjects(cluster.admin)).map((object) => `${JSON.stringify(object)}\n`);
  await writeFile(objectsFile, lines.join(''));
}

export interface Recorded {
  readonly environment: Environment;
  readonly objects: readonly KubeObject[];
}

/** An API server and an AWS with the recorded state, and today's CRDs. No Gatehouse runs. */
export async function startRecorded(): Promise<Recorded> {
  const state = await readFile(awsFile, 'utf8');
  const lines = (await readFile(objectsFile, 'utf8')).trimEnd().split('\n');
  const objects = lines.map((line): KubeObject => JSON.parse(line));
  const environment = await startEnvironment({ aws: { port: 0, state } });
  for (const object of objects) {
    const { namespace = [], name } = object.metadata;
    const key = [resources[object.kind]?.stored ?? [], namespace, name].flat().join('/');
    await storeObject(environment.cluster.etcdUrl, key, object);
  }
  return { environment, objects };
}
