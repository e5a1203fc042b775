// The hash tags and the user's tags of a resource. The executor writes the ownership tags. We never change a tag that someone
// else added. So we record the keys of our tags.
import { isReservedTag } from '../../api/load-balancer-configuration.ts';
import { hash } from '../model/hash.ts';
import type { Resource, ResourceId, Tags } from '../model/resources.ts';
import { type OwnedResource, TAG } from '../observed.ts';

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

/** The tag with the routes that share a rule. */
export function sharesTags(resource: Resource): Tags {
  return resource.kind === 'rule' && resource.shares !== undefined ? { [TAG.routes]: resource.shares } : {};
}

/** The user's tags, and the tag that records their keys. Keys reserved by AWS or by us are left out. */
export function userTags(resource: Resource): Tags {
  const own = Object.entries(resource.tags).filter(([key]) => !isReservedTag(key));
  if (own.length === 0) return {};
  const record = own.map(([key]) => keyMark(key)).toSorted();
  return { ...Object.fromEntries(own), [TAG.tags]: record.join('') };
}

/** The tag of a listener whose routes differ. If the listener should stop serving TCP and UDP, the tag stays until it does. */
export function apartTag(desired: Resource, existing: OwnedResource): Tags {
  if (desired.kind !== 'listener' || existing.kind !== 'listener') return {};
  if (desired.apart !== undefined) return { [TAG.apart]: String(desired.apart.since) };
  const { [TAG.apart]: tag } = existing.tags;
  const isToChange = existing.protocol === 'TCP_UDP' && desired.spec.protocol !== 'TCP_UDP';
  return tag !== undefined && isToChange ? { [TAG.apart]: tag } : {};
}

export interface TagChange {
  readonly add: Tags;
  readonly remove: readonly string[];
}

/** The change from the present tags to the desired ones. Undefined if there is none. */
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
        (key === TAG.tags ||
          key === TAG.routes ||
          key === TAG.replaced ||
          key === TAG.apart ||
          (!isReservedTag(key) && marks.has(keyMark(key)))),
    )
    .toSorted();
  return Object.keys(add).length + remove.length === 0 ? undefined : { add, remove };
}

/** 42 marks of six characters fit in a tag's 256 characters, because at least 8 of a resource's 50 tags are Gatehouse's own. */
function keyMark(key: string): string {
  return hash(key).slice(0, 6);
}
