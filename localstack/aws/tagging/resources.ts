// Every resource that has tags, of every service, by its ARN.

import { taggedKinds } from '../ec2/tags.ts';
import type { World } from '../world.ts';

export interface TaggedResource {
  readonly arn: string;
  readonly tags: Map<string, string>;
}

export function* taggableResources(world: World): Generator<TaggedResource> {
  const { elbv2, acm, ec2, region, accountId } = world;
  yield* elbv2.loadBalancers.values();
  yield* elbv2.targetGroups.values();
  yield* elbv2.trustStores.values();
  yield* elbv2.listeners.values();
  for (const rule of elbv2.rules.values()) if (rule.priority !== 'default') yield rule;
  yield* acm.certificates.values();
  for (const { type, records } of taggedKinds(ec2)) {
    for (const { id, tags } of records.values())
      yield { arn: `arn:aws:ec2:${region}:${accountId}:${type}/${id}`, tags };
  }
}

/**
 * Whether an ARN has a type in GetResources's format, `service` or `service:type`. The type may be a prefix of the resource
 * part: `elasticloadbalancing:loadbalancer/app`.
 */
export function isOfType(arn: string, type: string): boolean {
  const [, , service, , , ...rest] = arn.split(':');
  const [wantedService, wantedType] = type.split(':');
  if (service !== wantedService) return false;
  return wantedType === undefined || rest.join(':').startsWith(`${wantedType}/`);
}
