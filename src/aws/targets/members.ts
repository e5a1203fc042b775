// Who is in each target group, as the caches say: asked once a pass, for all that goes by it.

import type { Caches } from '../../controllers/caches.ts';
import type { TargetSelection } from '../model/resources.ts';
import { desiredTargets, type Member } from '../model/targets.ts';
import type { Binding } from './bindings.ts';

/** A target group, and who is to be in it. */
export interface WithMembers extends Pick<Binding, 'group'> {
  readonly members: readonly Member[];
}

/** A target group that stands, and who is to be in it. */
export interface Membered extends WithMembers, Pick<Binding, 'arn'> {}

export function membersOf(caches: Caches, group: TargetSelection): readonly Member[] {
  const slices = group.backend === undefined ? [] : caches.endpointSlices.byIndex('service', group.backend.service);
  return desiredTargets(group, slices, group.spec.targetType === 'instance' ? caches.nodes.list() : []);
}

export const withMembers = <B extends Pick<Binding, 'group'>>(
  caches: Caches,
  bindings: readonly B[],
): readonly (B & WithMembers)[] =>
  bindings.map((binding) => ({ ...binding, members: membersOf(caches, binding.group) }));
