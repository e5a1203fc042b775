// Target groups whose health check moves to another port. The port must be open before AWS checks there: a blocked check fails, and
// an unhealthy target loses its connections.
import type { ObjectKey } from '../../kube/object.ts';
import type { Model } from '../model/resources.ts';
import type { Observed } from '../observed.ts';
import type { Binding } from './bindings.ts';

/** The existing target groups, as they are to be. */
export function movedChecks(gateway: ObjectKey, { resources }: Model, observed: Observed): readonly Binding[] {
  const existing = observed.resources.filter((resource) => resource.kind === 'target-group');
  const byId = new Map(existing.map((group) => [group.id, group]));
  return resources.flatMap((group): readonly Binding[] => {
    if (group.kind !== 'target-group' || group.backend === undefined) return [];
    const found = byId.get(group.id);
    if (found?.checkPort === undefined || found.checkPort === group.spec.healthCheck.port) return [];
    return [{ gateway, arn: found.arn, group }];
  });
}
