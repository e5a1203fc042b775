// Who owns resources in AWS, and in whose namespace an object is that a resource serves: a Gateway's steps take turns over
// these namespaces.
import { type ObjectKey, parseObjectKey } from '../../kube/object.ts';
import { gatewayTagValue } from './naming.ts';
import type { ResourceId } from './resources.ts';

export type Owner =
  | { readonly kind: 'gateway'; readonly key: ObjectKey }
  /** All Gateways of the cluster. */
  | { readonly kind: 'shared' }
  /** A Gateway that is gone, known only by the value of its tag: its key, or the hash of a long key. */
  | { readonly kind: 'tag'; readonly value: string };

export const gatewayOwner = (key: ObjectKey): Owner => ({ kind: 'gateway', key });

export const sharedOwner: Owner = { kind: 'shared' };

/** The value of the gateway tag. Undefined for what Gateways share: it has no such tag. */
export function ownerTag(owner: Owner): string | undefined {
  switch (owner.kind) {
    case 'gateway':
      return gatewayTagValue(owner.key);
    case 'shared':
      return undefined;
    case 'tag':
      return owner.value;
    default:
      return owner satisfies never;
  }
}

/** As logs and rate limits name it. */
export const ownerName = (owner: Owner): string =>
  owner.kind === 'gateway' ? owner.key : (ownerTag(owner) ?? 'shared');

/** Empty if it is not known. */
export function ownerNamespace(owner: Owner): string {
  if (owner.kind === 'gateway') return parseObjectKey(owner.key).namespace ?? '';
  const [namespace = '', name] = (ownerTag(owner) ?? '').split('/');
  return name === undefined ? '' : namespace;
}

/**
 * A rule is its route's, a target group its Service's, a certificate its Secret's, and everything else the owner's. A rule that
 * answers for routes of several namespaces goes by the first of them, whose name is in its id.
 */
export function namespaceOf(id: ResourceId, owner: Owner): string {
  const own = ownerNamespace(owner);
  const [kind, first = own, second = own, third = own, ...rest] = id.split('/');
  if (kind === 'rule') return rest.length >= namedRule ? third : own;
  if (kind === 'target-group') return rest.length > 0 ? second : own;
  return kind === 'certificate' ? first : own;
}

/** `rule/SCHEME/PORT/NAMESPACE/ROUTE/RULE/0`; `rule/SCHEME/PORT/isolate/HASH/0` is no route's. */
const namedRule = 3;
