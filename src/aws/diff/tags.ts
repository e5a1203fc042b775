// What the tags of a resource say, and should say. Ownership's own tags are the executor's; here are the hash tags and the
// user's. A tag that someone else put on a resource is never touched: the record of our keys tells them apart.
import { isReservedTag } from '../../api/load-balancer-configuration.ts';
import { hash } from '../model/hash.ts';
import type { Resource, ResourceId, Tags } from '../model/resources.ts';
import { TAG } from '../observed.ts';

export type HashTag = 'spec' | 'attributes' | 'ingress' | 'certificates';

export function hashTag(tag: HashTag, value: unknown): Tags {
  return { [TAG[tag]]: hash(value) };
}

export function hasHash(tags: Tags, tag: HashTag, value: unknown): boolean {
  return tags[TAG[tag]] === hash(value);
}

export function resourceTag(id: ResourceId): Tags {
  return { [TAG.resource]: id };
}

/** Which routes share a rule. */
export function sharesTags(resource: Resource): Tags {
  return resource.kind === 'rule' && resource.shares !== undefined ? { [TAG.routes]: resource.shares } : {};
}

/** The user's tags, with the record of their keys. Keys that are AWS's or ours are left out. */
export function userTags(resource: Resource): Tags {
  const own = Object.entries(resource.tags).filter(([key]) => !isReservedTag(key));
  if (own.length === 0) return {};
  const record = own.map(([key]) => keyMark(key)).toSorted();
  return { ...Object.fromEntries(own), [TAG.tags]: record.join('') };
}

export interface TagChange {
  readonly add: Tags;
  readonly remove: readonly string[];
}

/** What has to change for `present` to be right; undefined where nothing has. */
export function tagChange(wanted: Tags, present: Tags): TagChange | undefined {
  const record = present[TAG.tags] ?? '';
  const marks = new Set(record.match(/.{6}/g));
  const add = Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => !Object.hasOwn(present, key) || present[key] !== value),
  );
  const remove = Object.keys(present)
    .filter(
      (key) =>
        !Object.hasOwn(wanted, key) &&
        (key === TAG.tags || key === TAG.routes || (!isReservedTag(key) && marks.has(keyMark(key)))),
    )
    .toSorted();
  return Object.keys(add).length + remove.length === 0 ? undefined : { add, remove };
}

/** A tag's value has room for 256 characters, a resource for 50 tags, of which at least 8 are ours: 42 marks of six. */
function keyMark(key: string): string {
  return hash(key).slice(0, 6);
}
