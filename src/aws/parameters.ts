// The LoadBalancerConfiguration that a parametersRef points to, validated.
import type { GatewayClass, ParametersReference } from '../api/gateway-api.ts';
import {
  hasDroppedKey,
  type LoadBalancerConfiguration,
  type LoadBalancerConfigurationSpec,
  loadBalancerConfigurationSpec,
} from '../api/load-balancer-configuration.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { Report } from '../gateway/problem.ts';
import {
  classConfiguration,
  describeReference,
  gatewayConfiguration,
  isConfiguration,
  namespaceOf,
} from '../gateway/references.ts';

export interface Parameters {
  readonly on: 'class' | 'gateway';
  /** The reference as problems name it. Empty without a parametersRef. */
  readonly reference: string;
  readonly spec: LoadBalancerConfigurationSpec;
}

interface Lookup {
  readonly on: Parameters['on'];
  readonly reference: ParametersReference | undefined;
  readonly configuration: LoadBalancerConfiguration | undefined;
}

/** Undefined if the class's parameters are missing or invalid. */
export function classParameters(
  gatewayClass: GatewayClass,
  configurations: GatewayInput['configurations'],
  report: Report,
): Parameters | undefined {
  const key = classConfiguration(gatewayClass);
  const configuration = key === undefined ? undefined : configurations.get(key);
  return readParameters({ on: 'class', reference: gatewayClass.spec.parametersRef, configuration }, report);
}

/** Undefined if the Gateway's parameters are missing or invalid. */
export function gatewayParameters({ gateway, configurations }: GatewayInput, report: Report): Parameters | undefined {
  const key = gatewayConfiguration(gateway);
  const reference = gateway.spec.infrastructure?.parametersRef;
  return readParameters(
    {
      on: 'gateway',
      reference: reference && { ...reference, namespace: namespaceOf(gateway) },
      configuration: key === undefined ? undefined : configurations.get(key),
    },
    report,
  );
}

function readParameters({ on, reference, configuration }: Lookup, report: Report): Parameters | undefined {
  if (reference === undefined) return { on, reference: '', spec: {} };
  const described = describeReference(reference);
  if (!isConfiguration(reference)) {
    report({ kind: 'parameters-kind-unknown', on, reference: described });
    return undefined;
  }
  if (configuration === undefined) {
    report({ kind: 'parameters-not-found', on, reference: described });
    return undefined;
  }
  const invalid = (field: string, detail: string): void =>
    report({ kind: 'parameters-invalid', on, reference: described, field, detail });

  const { tags, loadBalancerAttributes }: Readonly<Record<string, unknown>> = { ...Object(configuration.spec) };
  for (const [field, value] of Object.entries({ tags, loadBalancerAttributes })) {
    if (!hasDroppedKey(value)) continue;
    invalid(fieldPath([field, '__proto__']), 'this key cannot be used');
    return undefined;
  }
  const parsed = loadBalancerConfigurationSpec.safeParse(configuration.spec ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      if (issue.code !== 'unrecognized_keys') invalid(fieldPath(issue.path), issue.message);
      else for (const key of issue.keys) invalid(fieldPath([...issue.path, key]), 'is not a field');
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

const notTogether = [
  ['sourceRanges', 'securityGroups'],
  ['subnetMappings', 'subnets'],
] as const;

/** `subnets[1]`, `tags[key]`, `subnetMappings[1].identifier`, `targetGroupHealthCheck.port`. */
function fieldPath([first = '', ...rest]: readonly PropertyKey[]): string {
  const isRecord = /^(tags|.*Attributes)$/.test(String(first));
  const parts = rest.map((part) => (isRecord || typeof part === 'number' ? `[${String(part)}]` : `.${String(part)}`));
  return [String(first), ...parts].join('');
}
