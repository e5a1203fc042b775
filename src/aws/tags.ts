// The ownership tags of resources in AWS, and the lists in which AWS reads and writes tags.
import { type ClusterIdentity, resourceId } from './model/naming.ts';
import type { ResourceId, Tags } from './model/resources.ts';
import { TAG } from './observed.ts';

/** The ownership tags. `gateway` is the value of the gateway tag; absent for what Gateways share. */
export const ownershipTags = (cluster: ClusterIdentity, id: ResourceId, gateway?: string): Tags => ({
  [TAG.cluster]: cluster.clusterName,
  [TAG.clusterUid]: cluster.clusterUid,
  ...(gateway === undefined ? {} : { [TAG.gateway]: gateway }),
  [TAG.resource]: id,
});

/** What the tags of a resource say of its owner. */
export type Ownership =
  /** `gateway` is the value of the gateway tag; absent for what Gateways share. */
  | { readonly kind: 'ours'; readonly id: ResourceId; readonly gateway?: string }
  /** Made by a Gatehouse in another cluster with the same name. */
  | { readonly kind: 'namesake'; readonly clusterUid: string }
  | { readonly kind: 'foreign' };

export function ownerOf(tags: Tags, cluster: ClusterIdentity): Ownership {
  const uid = tags[TAG.clusterUid];
  const id = tags[TAG.resource];
  const gateway = tags[TAG.gateway];
  if (uid === undefined || id === undefined || tags[TAG.cluster] !== cluster.clusterName) return { kind: 'foreign' };
  if (uid !== cluster.clusterUid) return { kind: 'namesake', clusterUid: uid };
  return { kind: 'ours', id: resourceId(id), ...(gateway === undefined ? {} : { gateway }) };
}

/** AWS's form of tags: in the SDK's types every field is optional. */
type TagList = readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[];

export const fromTagList = (list: TagList | undefined): Tags =>
  Object.fromEntries((list ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));

export const toTagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
