// In whose namespace the object is that a resource is there for: over these, a Gateway's steps take turns.
import { type ObjectKey, parseObjectKey } from '../../kube/object.ts';
import type { ResourceId } from './resources.ts';

/**
 * A rule is its route's, a target group its Service's, a certificate its Secret's, and all else the Gateway's. A rule that answers
 * for routes of several namespaces goes by the first of them, whose name its id has.
 */
export function namespaceOf(id: ResourceId, gateway: ObjectKey): string {
  const own = parseObjectKey(gateway).namespace ?? '';
  const [kind, first = own, second = own, third = own, ...rest] = id.split('/');
  if (kind === 'rule') return rest.length >= namedRule ? third : own;
  if (kind === 'target-group') return rest.length > 0 ? second : own;
  return kind === 'certificate' ? first : own;
}

/** `rule/SCHEME/PORT/NAMESPACE/ROUTE/RULE/0`, beside `rule/SCHEME/PORT/isolate/HASH/0`, which is no route's. */
const namedRule = 3;
