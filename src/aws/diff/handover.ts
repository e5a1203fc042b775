// Notes in a tag how far an NLB has come in front of a serving ALB. When the time is over, the model closes the ALB.
import { isAnnounced, keepsZonesUntil, takenOverAt } from '../handover.ts';
import type { ListenerResource, LoadBalancerResource } from '../model/resources.ts';
import { type OwnedLoadBalancer, TAG } from '../observed.ts';
import { type Draft, stepId } from './draft.ts';
import { unprovenGroups } from './traffic.ts';

export interface Handover {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long the old address still serves, in milliseconds. */
  readonly handover: number;
  readonly announced: readonly string[] | undefined;
}

export function handOver(
  draft: Draft,
  loadBalancers: readonly LoadBalancerResource[],
  listeners: readonly ListenerResource[],
  { now, handover, announced }: Handover,
): void {
  for (const desired of loadBalancers) {
    const existing = draft.existing.kept.get(desired.id);
    if (existing?.kind !== 'load-balancer') {
      // AWS may have made it by the end of this pass. Then nothing else leads to the pass that moves the address.
      if (desired.replaces !== undefined) draft.await({ kind: 'replacement', resource: desired.replaces });
      continue;
    }
    const at = keepsZonesUntil(existing, now, handover);
    if (at !== undefined) draft.await({ kind: 'zones', resource: desired.id, at });
    const { replaces } = desired;
    if (replaces === undefined) {
      if (TAG.handover in existing.tags) tag(draft, existing, { remove: [TAG.handover] });
      continue;
    }
    const since =
      takenOverAt(existing) ?? (announced === undefined || isAnnounced(announced, existing) ? now : undefined);
    if (since !== undefined) {
      if (takenOverAt(existing) === undefined) tag(draft, existing, { add: { [TAG.handover]: String(since) } });
      draft.await({ kind: 'drain', resource: replaces, at: since + handover });
      continue;
    }
    draft.await({ kind: 'replacement', resource: replaces });
    for (const listener of listeners.filter((each) => each.loadBalancer === desired.id)) {
      for (const resource of unprovenGroups(draft.existing, listener)) {
        draft.await({ kind: 'target-group-health', resource });
      }
    }
  }
}

function tag(
  draft: Draft,
  { id, arn }: OwnedLoadBalancer,
  { add = {}, remove = [] }: { readonly add?: Readonly<Record<string, string>>; readonly remove?: readonly string[] },
): void {
  draft.add({ kind: 'tag', id: stepId('tag-handover', id), after: [], resource: id, arn, add, remove });
}
