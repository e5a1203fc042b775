// The object of ours that a parametersRef points to, validated.
import type { z } from 'zod';
import type { Gateway, GatewayClass, ParametersReference } from '../api/gateway-api.ts';
import { hasDroppedKey } from '../api/load-balancer-configuration.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';
import type { Report } from './problem.ts';
import {
  classParametersKey,
  describeReference,
  gatewayParametersKey,
  namesParameters,
  namespaceOf,
  type ParametersKind,
} from './references.ts';

export interface Parameters<Spec> {
  readonly on: 'class' | 'gateway';
  /** The reference as problems name it. Empty without a parametersRef. */
  readonly reference: string;
  readonly spec: Spec;
}

/** How objects of the kind are read. */
export interface ParametersForm<Spec> {
  readonly kind: ParametersKind;
  /** Of a spec whose fields are all optional. */
  readonly schema: z.ZodType<Spec>;
  /** The fields with keys of the user's choice. */
  readonly records: readonly string[];
  /** Pairs of fields of which an object may have one. */
  readonly notTogether: readonly (readonly [keyof Spec & string, keyof Spec & string])[];
}

type ParametersObjects = ReadonlyMap<ObjectKey, KubeObject & { readonly spec?: unknown }>;

/** Undefined if the class's parameters are missing or invalid. */
export function classParameters<Spec>(
  gatewayClass: GatewayClass,
  objects: ParametersObjects,
  form: ParametersForm<Spec>,
  report: Report,
): Parameters<Spec> | undefined {
  const key = classParametersKey(gatewayClass, form.kind);
  const object = key === undefined ? undefined : objects.get(key);
  return readParameters({ on: 'class', reference: gatewayClass.spec.parametersRef, object }, form, report);
}

/** Undefined if the Gateway's parameters are missing or invalid. */
export function gatewayParameters<Spec>(
  gateway: Gateway,
  objects: ParametersObjects,
  form: ParametersForm<Spec>,
  report: Report,
): Parameters<Spec> | undefined {
  const key = gatewayParametersKey(gateway, form.kind);
  const reference = gateway.spec.infrastructure?.parametersRef;
  return readParameters(
    {
      on: 'gateway',
      reference: reference && { ...reference, namespace: namespaceOf(gateway) },
      object: key === undefined ? undefined : objects.get(key),
    },
    form,
    report,
  );
}

interface Lookup {
  readonly on: Parameters<unknown>['on'];
  readonly reference: ParametersReference | undefined;
  readonly object: { readonly spec?: unknown } | undefined;
}

function readParameters<Spec>(
  { on, reference, object }: Lookup,
  { kind, schema, records, notTogether }: ParametersForm<Spec>,
  report: Report,
): Parameters<Spec> | undefined {
  if (reference === undefined) return { on, reference: '', spec: schema.parse({}) };
  const described = describeReference(reference);
  if (!namesParameters(reference, kind)) {
    report({ kind: 'parameters-kind-unknown', on, reference: described });
    return undefined;
  }
  if (object === undefined) {
    report({ kind: 'parameters-not-found', on, reference: described });
    return undefined;
  }
  const path = fieldPath(records);
  const invalid = (field: string, detail: string): void =>
    report({ kind: 'parameters-invalid', on, reference: described, field, detail });

  const written: Readonly<Record<string, unknown>> = { ...Object(object.spec) };
  for (const field of records) {
    if (!hasDroppedKey(written[field])) continue;
    invalid(path([field, '__proto__']), 'this key cannot be used');
    return undefined;
  }
  const parsed = schema.safeParse(object.spec ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      if (issue.code !== 'unrecognized_keys') invalid(path(issue.path), issue.message);
      else for (const key of issue.keys) invalid(path([...issue.path, key]), 'is not a field');
    }
    return undefined;
  }
  for (const [field, other] of notTogether) {
    if (parsed.data[field] === undefined || parsed.data[other] === undefined) continue;
    invalid(field, `cannot be used together with ${other}`);
    return undefined;
  }
  return { on, reference: described, spec: parsed.data };
}

/** `subnets[1]`, `tags[key]`, `subnetMappings[1].identifier`, `targetGroupHealthCheck.port`. */
const fieldPath =
  (records: readonly string[]) =>
  ([first = '', ...rest]: readonly PropertyKey[]): string => {
    const isRecord = records.includes(String(first));
    const parts = rest.map((part) => (isRecord || typeof part === 'number' ? `[${String(part)}]` : `.${String(part)}`));
    return [String(first), ...parts].join('');
  };
