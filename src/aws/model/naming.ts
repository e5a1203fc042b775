// The names of load balancers, target groups and security groups in AWS: at most 32 characters of a-z, 0-9 and '-',
// `gh-{cluster 4}{gateway 8}-{readable, up to 9}-{hash 6}`. All of a Gateway's begin alike, and all of a cluster's, so
// that what the tagging index does not show yet is found by Describe.
import type { ObjectKey } from '../../kube/object.ts';
import { hash, shortHash } from './hash.ts';
import type { ResourceId } from './resources.ts';

export interface ClusterIdentity {
  readonly clusterName: string;
  readonly clusterUid: string;
}

const MAX_READABLE = 9;
const MAX_TAG_VALUE = 256;

/** What every name of the cluster begins with. */
export function clusterPrefix({ clusterName, clusterUid }: ClusterIdentity): string {
  return `gh-${shortHash([clusterUid, clusterName], 4)}`;
}

/** What every name of the Gateway begins with. */
export function gatewayPrefix(cluster: ClusterIdentity, gateway: ObjectKey): string {
  return `${clusterPrefix(cluster)}${shortHash(gateway, 8)}-`;
}

/** @param immutable all that AWS can't change of the resource, its id included: another value gives another name. */
export function awsName(prefix: string, readable: string, immutable: unknown): string {
  const word = readable
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, MAX_READABLE)
    .replace(/-+$/, '');
  return `${prefix}${word === '' ? 'x' : word}-${shortHash(immutable, 6)}`;
}

/** The value of the gateway tag: the key itself, or `sha256:HEX` of it where that is too long for a tag. */
export function gatewayTagValue(gateway: ObjectKey): string {
  return gateway.length <= MAX_TAG_VALUE ? gateway : `sha256:${hash(gateway)}`;
}

/** A logical id of its parts; one that is too long for a tag keeps its kind and its beginning, and ends in a hash. */
export function resourceId(...parts: readonly (string | number)[]): ResourceId {
  const id = parts.join('/');
  if (isResourceId(id)) return id;
  return resourceId(`${id.slice(0, MAX_TAG_VALUE - 21)}-${shortHash(id, 20)}`);
}

const isResourceId = (id: string): id is ResourceId => id.length <= MAX_TAG_VALUE;
