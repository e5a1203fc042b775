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

/** A reference within a namespace is permitted. A reference to another namespace needs a ReferenceGrant there. */
export function isPermitted(grants: readonly ReferenceGrant[], from: Referrer, to: Referent): boolean {
  if (from.namespace === to.namespace) return true;
  const granted = indexOf(grants).get(textOf(to.namespace, from.group, from.kind, from.namespace));
  return granted !== undefined && (granted.has(textOf(to.group, to.kind, to.name)) || granted.has(anyOf(to)));
}

/** Key: the grant's namespace and the referrer. Value: the permitted referents. */
type Granted = ReadonlyMap<string, ReadonlySet<string>>;

/** Indexed, because one tenant may have thousands of grants, and another tenant thousands of references. */
const indexes = new WeakMap<readonly ReferenceGrant[], Granted>();

function indexOf(grants: readonly ReferenceGrant[]): Granted {
  const known = indexes.get(grants);
  if (known !== undefined) return known;
  const granted = new Map<string, Set<string>>();
  for (const { metadata, spec } of grants) {
    // Some clients write an absent name as an empty string.
    const referents = spec.to.map((to) => (to.name ? textOf(to.group, to.kind, to.name) : anyOf(to)));
    for (const from of spec.from) {
      const key = textOf(metadata.namespace ?? '', from.group, from.kind, from.namespace);
      const all = granted.get(key) ?? new Set();
      granted.set(key, all);
      for (const referent of referents) all.add(referent);
    }
  }
  indexes.set(grants, granted);
  return granted;
}

const textOf = (...words: readonly string[]): string => JSON.stringify(words);

const anyOf = ({ group, kind }: Pick<Referent, 'group' | 'kind'>): string => textOf(group, kind);
