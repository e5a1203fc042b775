import type { KubeObject } from './object.ts';

declare const objectType: unique symbol;

/** How to address the objects of one kind; `T` is their type. */
export interface Kind<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Versions of the kind in older API servers or CRDs, the newest first. */
  readonly olderVersions?: readonly string[];
  /** The lower-case plural, as in URLs. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly [objectType]?: T;
}

/** The kind in every version that an API server may have, the preferred version first. */
export const inEachVersion = <T extends KubeObject>(kind: Kind<T>): readonly Kind<T>[] => [
  kind,
  ...(kind.olderVersions ?? []).map((version) => ({ ...kind, version })),
];

/** The `apiVersion` of the kind's objects: `v1`, or `group/v1`. */
export const apiVersion = (kind: Kind): string => (kind.group === '' ? kind.version : `${kind.group}/${kind.version}`);

/** The URL path of one object, or of all objects in one namespace or in the cluster. */
export function path(kind: Kind, namespace?: string, name?: string): string {
  if (name !== undefined && kind.namespaced && namespace === undefined) {
    throw new TypeError(`Expected a namespace for ${kind.kind} ${name}, got none`);
  }
  const segments = kind.group === '' ? ['api', kind.version] : ['apis', kind.group, kind.version];
  if (kind.namespaced && namespace !== undefined) segments.push('namespaces', namespace);
  segments.push(kind.plural);
  if (name !== undefined) segments.push(name);
  return `/${segments.map(encodeURIComponent).join('/')}`;
}
