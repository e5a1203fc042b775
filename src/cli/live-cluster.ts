// Reads once all objects of a cluster that a plan needs.
import type { Node } from '../api/core.ts';
import * as kinds from '../api/kinds.ts';
import { type Route, servedKinds } from '../api/route-kinds.ts';
import { frontendConfigMaps, policyConfigMaps } from '../gateway/references.ts';
import type { KubeClient, Selection } from '../kube/client.ts';
import { inEachVersion, type Kind } from '../kube/kinds.ts';
import { isForbidden, isNotFound } from '../kube/kube-error.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { UnreadableError } from './manifest-files.ts';

export interface LiveCluster {
  readonly objects: readonly KubeObject[];
  readonly nodes: readonly Node[];
  /** The UID of the namespace kube-system. */
  readonly uid: string;
}

const planned: readonly Kind[] = [
  kinds.gatewayClasses,
  kinds.listenerSets,
  kinds.referenceGrants,
  kinds.loadBalancerConfigurations,
  kinds.proxyConfigurations,
  kinds.services,
  kinds.endpointSlices,
  kinds.namespaces,
];

const pageSize = 500;

/**
 * @param secrets whether TLS Secrets are read, too
 * @throws KubeError, or UnreadableError if this user may not read Secrets
 */
export async function readCluster(
  client: KubeClient,
  { secrets }: { readonly secrets: boolean },
  signal: AbortSignal,
): Promise<LiveCluster> {
  const [objects, gateways, policies, routes, tls, nodes, kubeSystem] = await Promise.all([
    Promise.all(planned.map((kind) => listAll(client, kind, signal))),
    listAll(client, kinds.gateways, signal),
    listAll(client, kinds.backendTlsPolicies, signal),
    listRoutes((kind) => listAll(client, kind, signal)),
    secrets ? listSecrets(client, signal) : [],
    listAll(client, kinds.nodes, signal),
    client.get(kinds.namespaces, objectKey({ name: 'kube-system' }), signal),
  ]);
  const authorities = await configMapsOf(
    client,
    [...gateways.flatMap(frontendConfigMaps), ...policies.flatMap(policyConfigMaps)],
    signal,
  );
  return {
    objects: [...objects.flat(), ...gateways, ...policies, ...authorities, ...routes, ...tls],
    nodes,
    uid: kubeSystem.metadata.uid ?? '',
  };
}

/** The CA certificates that Gateways and policies name. The other ConfigMaps of a cluster are many. */
async function configMapsOf(
  client: KubeClient,
  keys: readonly ObjectKey[],
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const found = await Promise.all(
    [...new Set(keys)].map((key) =>
      client.get(kinds.configMaps, key, signal).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      }),
    ),
  );
  return found.filter((configMap) => configMap !== undefined);
}

/** Routes of all kinds. If a kind is optional in a cluster, a user without permission to read it gets none of its routes. */
export async function listRoutes(list: (kind: Kind<Route>) => Promise<readonly Route[]>): Promise<readonly Route[]> {
  const all = servedKinds.map(({ resource, optional }) =>
    optional ? list(resource).catch(noneIfForbidden) : list(resource),
  );
  return (await Promise.all(all)).flat();
}

function noneIfForbidden(error: unknown): readonly never[] {
  if (!isForbidden(error)) throw error;
  return [];
}

async function listSecrets(client: KubeClient, signal: AbortSignal): Promise<readonly KubeObject[]> {
  try {
    return await listAll(client, kinds.secrets, signal, { fieldSelector: 'type=kubernetes.io/tls' });
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new UnreadableError(`${error.message}\nWith --assume-secrets they are not read, but assumed to exist.`);
  }
}

/** Lists the kind in the version that the server has. Empty if the kind is not installed. */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  signal: AbortSignal,
  selection: Selection = {},
): Promise<readonly T[]> {
  for (const version of inEachVersion(kind)) {
    try {
      return await pagesOf(client, version, signal, selection);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return [];
}

async function pagesOf<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  signal: AbortSignal,
  selection: Selection,
): Promise<readonly T[]> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const page = await client.list(kind, { ...selection, limit: pageSize, continue: next }, signal);
    items.push(...page.items);
    next = page.continue;
  } while (next !== undefined);
  return items;
}
