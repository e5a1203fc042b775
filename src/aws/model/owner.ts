// Who owns resources in AWS, and which namespace a resource serves. The steps of a Gateway take turns over these namespaces.
import { type ObjectKey, parseObjectKey } from '../../kube/object.ts';
import { gatewayTagValue } from './naming.ts';
import type { ResourceId } from './resources.ts';

export type Owner =
  | { readonly kind: 'gateway'; readonly key: ObjectKey }
  /** All Gateways of the cluster. */
  | { readonly kind: 'shared' }
  /** A deleted Gateway. Only the value of its tag is known: its key, or the hash of a long key. */
  | { readonly kind: 'tag'; readonly value: string };

export const gatewayOwner = (key: ObjectKey): Owner => ({ kind: 'gateway', key });

export const sharedOwner: Owner = { kind: 'shared' };

/** The value of the gateway tag. Undefined for resources that Gateways share, because they have no such tag. */
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

/** The name in logs and rate limits. */
export const ownerName = (owner: Owner): string =>
  owner.kind === 'gateway' ? owner.key : (ownerTag(owner) ?? 'shared');

/** Empty if the namespace is not known. */
export function ownerNamespace(owner: Owner): string {
  if (owner.kind === 'gateway') return parseObjectKey(owner.key).namespace ?? '';
  const [namespace = '', name] = (ownerTag(owner) ?? '').split('/');
  return name === undefined ? '' : namespace;
}

/**
 * The namespace of a rule is its route's, of a target group its Service's, of a certificate its Secret's. Everything else has the
 * owner's namespace. A rule of several routes has the namespace of the first one, whose name is in its id.
 */
export function namespaceOf(id: ResourceId, owner: Owner): string {
  const own = ownerNamespace(owner);
  const [kind, first = own, second = own, third = own, ...rest] = id.split('/');
  if (kind === 'rule') return rest.length >= namedRule ? third : own;
  if (kind === 'target-group') return rest.length > 0 ? second : own;
  return kind === 'certificate' ? first : own;
}

/** Reads `rule/SCHEME/PORT/NAMESPACE/ROUTE/RULE/0`. `rule/SCHEME/PORT/isolate/HASH/0` has no route. */
const namedRule = 3;
