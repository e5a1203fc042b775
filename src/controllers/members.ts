// Who is in each target group, as the caches say: asked once a pass, for all that goes by it.
import type { TargetSelection } from '../aws/model/resources.ts';
import { desiredTargets, type Member } from '../aws/model/targets.ts';
import type { Binding } from './bindings.ts';
import type { Caches } from './caches.ts';

/** A target group that stands, and who is to be in it. */
export interface Membered extends Pick<Binding, 'arn' | 'group'> {
  readonly members: readonly Member[];
}

export function membersOf(caches: Caches, group: TargetSelection): readonly Member[] {
  const slices = group.backend === undefined ? [] : caches.endpointSlices.byIndex('service', group.backend.service);
  return desiredTargets(group, slices, group.spec.targetType === 'instance' ? caches.nodes.list() : []);
}

export const withMembers = <B extends Binding>(caches: Caches, bindings: readonly B[]): readonly (B & Membered)[] =>
  bindings.map((binding) => ({ ...binding, members: membersOf(caches, binding.group) }));
