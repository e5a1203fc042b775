import type { ReferenceGrant } from '../api/gateway-api.ts';

export interface Referrer {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

export interface Referent {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Within a namespace every reference is permitted; across, a ReferenceGrant in the referent's namespace must allow it. */
export function isPermitted(grants: readonly ReferenceGrant[], from: Referrer, to: Referent): boolean {
  if (from.namespace === to.namespace) return true;
  return grants.some(
    (grant) =>
      grant.metadata.namespace === to.namespace &&
      grant.spec.from.some(
        (entry) => entry.group === from.group && entry.kind === from.kind && entry.namespace === from.namespace,
      ) &&
      grant.spec.to.some(
        (entry) =>
          entry.group === to.group &&
          entry.kind === to.kind &&
          // An empty name is how some clients write an absent one.
          (entry.name === undefined || entry.name === '' || entry.name === to.name),
      ),
  );
}
