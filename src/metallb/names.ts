// The names and labels of the objects of a Gateway.
import { createHash } from 'node:crypto';
import { GATEWAY_LABEL } from '../envoy/fleet/options.ts';
import { type KubeObject, type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';

/** The label of everything that we make. */
const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'gatehouse' } as const;

/** The Gateway API's label. */
const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';

const longest = 63;

/** What a further Service has behind the name: `-2`, or up to `-999`. */
const suffix = 4;

/**
 * A name that a Service may have: letters, digits and hyphens, and a letter is the first. The hash keeps the names of two Gateways
 * apart, and a Gateway's from those of other Deployments.
 */
export function objectNameOf(gateway: ObjectKey): string {
  const name = parseObjectKey(gateway).name.replaceAll('.', '-');
  return cut(/^[a-z]/.test(name) ? name : `g-${name}`, hashOf(gateway), longest - suffix);
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

const cut = (name: string, hash: string, length: number): string =>
  `${name.slice(0, length - hash.length - 1).replace(/[^a-z0-9]+$/, '')}-${hash}`;

export function labelsOf(gateway: ObjectKey): Readonly<Record<string, string>> {
  const { name } = parseObjectKey(gateway);
  const label = name.length <= longest ? name : cut(name, hashOf(name), longest);
  return { ...MANAGED_BY, [gatewayNameLabel]: label, [GATEWAY_LABEL]: objectNameOf(gateway) };
}

/** Selects everything that we make. */
export const managedSelector = selectorOf(MANAGED_BY);

/** Selects what one Gateway has. The namespace is not part of it. */
export const gatewaySelector = (gateway: ObjectKey): string =>
  selectorOf({ ...MANAGED_BY, [GATEWAY_LABEL]: objectNameOf(gateway) });

function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

/** The index of objects by Gateway: the namespace, and the name of the Gateway's objects. */
export const fleetOf = ({ metadata }: KubeObject): readonly ObjectKey[] => {
  const name = metadata.labels?.[GATEWAY_LABEL];
  return name === undefined ? [] : [objectKey({ namespace: metadata.namespace, name })];
};

/** The key of a Gateway in the index of `fleetOf`. */
export const fleetKey = (gateway: ObjectKey): ObjectKey =>
  objectKey({ namespace: parseObjectKey(gateway).namespace, name: objectNameOf(gateway) });
