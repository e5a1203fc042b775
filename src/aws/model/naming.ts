// The names of load balancers, target groups and security groups in AWS: at most 32 characters of a-z, 0-9 and '-',
// `gh-{cluster 4}{gateway 8}-{readable, up to 9}-{hash 6}`. All names of a cluster or a Gateway have the same prefix. So Describe
// calls find resources that the tagging index does not show yet.
import type { ObjectKey } from '../../kube/object.ts';
import { hash, shortHash } from './hash.ts';
import type { ResourceId } from './resources.ts';

export interface ClusterIdentity {
  readonly clusterName: string;
  readonly clusterUid: string;
}

const MAX_READABLE = 9;
const MAX_TAG_VALUE = 256;

/** The prefix of all names of the cluster. */
export function clusterPrefix({ clusterName, clusterUid }: ClusterIdentity): string {
  return `gh-${shortHash([clusterUid, clusterName], 4)}`;
}

/** The prefix of all names of the Gateway. */
export function gatewayPrefix(cluster: ClusterIdentity, gateway: ObjectKey): string {
  return `${clusterPrefix(cluster)}${shortHash(gateway, 8)}-`;
}

/** @param immutable everything that AWS cannot change in the resource, also its id. Another value gives another name */
export function awsName(prefix: string, readable: string, immutable: unknown): string {
  const word = readable
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, MAX_READABLE)
    .replace(/-+$/, '');
  return `${prefix}${word === '' ? 'x' : word}-${shortHash(immutable, 6)}`;
}

/** The value of the gateway tag: the key, or `sha256:HEX` of a key that is too long for a tag. */
export function gatewayTagValue(gateway: ObjectKey): string {
  return gateway.length <= MAX_TAG_VALUE ? gateway : `sha256:${hash(gateway)}`;
}

/** Joins the parts to a logical id. An id that is too long for a tag is cut and ends in a hash. */
export function resourceId(...parts: readonly (string | number)[]): ResourceId {
  const id = parts.join('/');
  if (isResourceId(id)) return id;
  return resourceId(`${id.slice(0, MAX_TAG_VALUE - 21)}-${shortHash(id, 20)}`);
}

/** Whether it is an NLB's, or belongs to one: then the second segment names it. */
export const isOfNetwork = (id: string): boolean => id.split('/')[1]?.startsWith('nlb-') === true;

/** Whether it is a group that never has a target, `target-group/SEGMENT/empty…`. A backend's id has more parts. */
export function isEmptyGroup(id: ResourceId): boolean {
  const [, , name = '', ...more] = id.split('/');
  return name.startsWith('empty') && more.length < 2;
}

const isResourceId = (id: string): id is ResourceId => id.length <= MAX_TAG_VALUE;
