// Which Services of other namespaces a route has in AWS.
import type { RouteRef } from '../../gateway/problem-place.ts';
import { type ObjectKey, objectKey, parseObjectKey } from '../../kube/object.ts';
import type { ResourceId } from './resources.ts';

/** From ids `target-group/SEGMENT/NAMESPACE/NAME/PORT/HASH`. A group without a Service has a shorter id. */
export function foreignServices(
  targetGroups: readonly { readonly targetGroup: ResourceId }[],
  { key }: RouteRef,
): readonly ObjectKey[] {
  const own = parseObjectKey(key).namespace ?? '';
  return targetGroups.flatMap(({ targetGroup }) => {
    const [, , namespace = '', name = '', , hash] = targetGroup.split('/');
    return hash === undefined || namespace === own ? [] : objectKey({ namespace, name });
  });
}
