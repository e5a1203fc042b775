// What the tags of a resource in AWS say of its owner, and the lists in which AWS gives and takes them.
import { type ClusterIdentity, resourceId } from './model/naming.ts';
import type { ResourceId, Tags } from './model/resources.ts';
import { TAG } from './observed.ts';

/** The tags that carry ownership. `gateway` is the tag's value; without one for what the cluster shares. */
export const ownershipTags = (cluster: ClusterIdentity, id: ResourceId, gateway?: string): Tags => ({
  [TAG.cluster]: cluster.clusterName,
  [TAG.clusterUid]: cluster.clusterUid,
  ...(gateway === undefined ? {} : { [TAG.gateway]: gateway }),
  [TAG.resource]: id,
});

/** What the tags of a resource say of its owner. */
export type Ownership =
  /** `gateway` is the tag's value; absent for what the cluster shares. */
  | { readonly kind: 'ours'; readonly id: ResourceId; readonly gateway?: string }
  /** Made by a Gatehouse in another cluster that goes by the same name. */
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

/** What AWS's APIs give and take: every field is optional in the SDK's types. */
type TagList = readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[];

export const fromTagList = (list: TagList | undefined): Tags =>
  Object.fromEntries((list ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));

export const toTagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
