export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The fields of metav1.ObjectMeta that a controller reads. Times are RFC 3339. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  /** From the deletion to the deletionTimestamp. */
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Why an object can't be read in full. */
export interface Fault {
  /** A path, such as `spec.listeners[0].port`. */
  readonly field: string;
  readonly detail: string;
  /** True if the spec is the last readable one. False if the spec has only the readable part of the new one. */
  readonly isLast: boolean;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  /** Set by our reader, not by the API server. */
  readonly fault?: Fault;
}

/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

declare const objectKeyBrand: unique symbol;

/** `namespace/name`, or `name` for an object without a namespace. */
export type ObjectKey = string & { readonly [objectKeyBrand]: true };

export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export const objectKey = ({ namespace, name }: ObjectName): ObjectKey =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand's one constructor
  (namespace === undefined || namespace === '' ? name : `${namespace}/${name}`) as ObjectKey;

export function parseObjectKey(key: ObjectKey): ObjectName {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Deeply freezes the value and returns it. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) frozen(child);
  return value;
}
