// The desired targets of each target group, computed from the caches. A pass computes them once and passes them on.

import type { ClusterSources } from '../../provider/context.ts';
import type { TargetSelection } from '../model/resources.ts';
import { desiredTargets, type Member } from '../model/targets.ts';
import type { Binding } from './bindings.ts';

/** A target group, and the targets that it should have. */
export interface WithMembers extends Pick<Binding, 'group'> {
  readonly members: readonly Member[];
}

/** An existing target group, and the targets that it should have. */
export interface Membered extends WithMembers, Pick<Binding, 'arn' | 'gateway'> {}

type MemberSources = Pick<ClusterSources, 'endpointSlicesOf' | 'nodes'>;

export function membersOf(sources: MemberSources, group: TargetSelection): readonly Member[] {
  const slices = group.backend === undefined ? [] : sources.endpointSlicesOf(group.backend.service);
  return desiredTargets(group, slices, group.spec.targetType === 'instance' ? sources.nodes() : []);
}

export const withMembers = <B extends Pick<Binding, 'group'>>(
  sources: MemberSources,
  bindings: readonly B[],
): readonly (B & WithMembers)[] =>
  bindings.map((binding) => ({ ...binding, members: membersOf(sources, binding.group) }));
