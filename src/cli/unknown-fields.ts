// Finds fields that the schema does not have. An API server ignores them, or refuses the object. For example, a route with
// `hostname` instead of `hostnames` would match every host.
import { closestMatch } from 'leven';
import { GATEWAY_GROUP } from '../api/gateway-api.ts';
import { GATEHOUSE_GROUP, loadBalancerConfigurationSpec } from '../api/load-balancer-configuration.ts';
import { proxyConfigurationSpec } from '../api/proxy-configuration.ts';
import gatewayApiFields from './gateway-api-fields.json' with { type: 'json' };
import type { ManifestObject } from './manifest-files.ts';
import type { Fields } from './schema-fields.ts';

export interface UnknownField {
  /** A path, such as `spec.rules[0].matchs`. */
  readonly field: string;
  /** A suggestion: a similar field, or the place where the field belongs. */
  readonly hint?: string;
}

/** The fields of every object. For kinds of core Kubernetes we know no others. */
const common: Fields = {
  apiVersion: true,
  kind: true,
  metadata: {
    name: true,
    generateName: true,
    namespace: true,
    labels: { '*': true },
    annotations: { '*': true },
    finalizers: true,
    ownerReferences: true,
    uid: true,
    resourceVersion: true,
    generation: true,
    creationTimestamp: true,
    deletionTimestamp: true,
    deletionGracePeriodSeconds: true,
    managedFields: true,
    selfLink: true,
  },
  status: true,
};

const specOf = ({ shape }: { readonly shape: object }): Fields => ({
  spec: Object.fromEntries(Object.keys(shape).map((name) => [name, true])),
});

const tables: Readonly<Record<string, Readonly<Record<string, Fields>>>> = {
  [GATEWAY_GROUP]: gatewayApiFields,
  [GATEHOUSE_GROUP]: {
    LoadBalancerConfiguration: specOf(loadBalancerConfigurationSpec),
    ProxyConfiguration: specOf(proxyConfigurationSpec),
  },
};

/**
 * Finds every unknown field in the Gateway API's kinds and ours. In Services, Secrets, EndpointSlices and Namespaces it finds
 * only a misspelt `metadata`, `spec` or field of the metadata, because their large schemas are not here.
 */
export function unknownFields(object: ManifestObject): readonly UnknownField[] {
  const kinds = tables[groupOf(object)];
  if (kinds === undefined) return [...unknownIn(object, coreFields, '')].filter(({ hint }) => hint !== undefined);
  if (isOfUnknownKind(object)) return [unknownKind(object.kind, kinds)];
  return [...unknownIn(object, { ...common, ...kinds[object.kind] }, '')];
}

const coreFields: Fields = { ...common, spec: true, data: true, stringData: true };

function unknownKind(kind: string, kinds: Readonly<Record<string, Fields>>): UnknownField {
  const close = closest(kind, kinds);
  return { field: `kind ${kind}`, ...(close !== undefined && { hint: `did you mean ${close}?` }) };
}

const groupOf = ({ apiVersion }: ManifestObject): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

/** Whether the object has the Gateway API's group or ours, but a kind that the group does not have. */
export function isOfUnknownKind(object: ManifestObject): boolean {
  const kinds = tables[groupOf(object)];
  return kinds !== undefined && !Object.hasOwn(kinds, object.kind);
}

/** A similar name: at most two letters, or a third of the letters, may be wrong, as in `prot`. */
const closest = (name: string, known: Readonly<Record<string, unknown>>): string | undefined =>
  closestMatch(name, Object.keys(known), { maxDistance: Math.max(2, Math.floor(name.length / 3)) });

function* unknownIn(value: unknown, fields: Fields | boolean, path: string, root = fields): Generator<UnknownField> {
  if (typeof fields === 'boolean' || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* unknownIn(item, fields, `${path}[${index}]`, root);
    return;
  }
  for (const [name, below] of Object.entries(value)) {
    const field = path === '' ? name : `${path}.${name}`;
    const known = Object.hasOwn(fields, name) ? fields[name] : fields['*'];
    if (known !== undefined) yield* unknownIn(below, known, field, root);
    else {
      const hint = hintFor(name, fields, root);
      yield { field, ...(hint !== undefined && { hint }) };
    }
  }
}

function hintFor(name: string, beside: Fields, root: Fields | boolean): string | undefined {
  const close = closest(name, beside);
  if (close !== undefined) return `did you mean ${close}?`;
  const [place] = [...placesOf(name, root, '')].toSorted((a, b) => a.length - b.length);
  return place === undefined ? undefined : `there is one in ${place}`;
}

function* placesOf(name: string, fields: Fields | boolean, path: string): Generator<string> {
  if (typeof fields === 'boolean') return;
  for (const [each, below] of Object.entries(fields)) {
    if (each === name && path !== '') yield path;
    yield* placesOf(name, below, path === '' ? each : `${path}.${each}`);
  }
}
