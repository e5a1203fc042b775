// The settings of a Gateway's Envoys and Services: the Gateway's ProxyConfiguration, as far as its class allows it, then the
// class's, then the defaults.
import ipaddr from 'ipaddr.js';
import type { GatewayClass } from '../api/gateway-api.ts';
import {
  type Amounts,
  defaultProxySettings,
  type ProxyConfigurationSpec,
  type ProxySettings,
  proxyConfigurationSpec,
  type ServiceSettings,
} from '../api/proxy-configuration.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { classParameters, gatewayParameters, type ParametersForm } from '../gateway/parameters.ts';
import type { ParametersProblem, Problem } from '../gateway/problem.ts';
import { canonicalQuantity } from '../kube/quantity.ts';

const form: ParametersForm<ProxyConfigurationSpec> = {
  kind: 'ProxyConfiguration',
  schema: proxyConfigurationSpec,
  records: ['nodeSelector'],
  notTogether: [['replicas', 'autoscaling']],
};

export interface ResolvedSettings {
  /** Undefined if a configuration is invalid. Then nothing may be changed, because the wanted settings are not known. */
  readonly settings?: ProxySettings;
  readonly problems: readonly Problem[];
}

export function proxySettings({ gateway, gatewayClass, proxyConfigurations }: GatewayInput): ResolvedSettings {
  const problems: Problem[] = [];
  const report = (problem: Problem): void => void problems.push(problem);
  const ofClass = classParameters(gatewayClass, proxyConfigurations, form, report);
  const ofGateway = gatewayParameters(gateway, proxyConfigurations, form, report);
  if (ofClass === undefined || ofGateway === undefined) return { problems };
  const { on, reference } = ofGateway;
  for (const refused of notAllowed(ofGateway.spec, ofClass.spec)) {
    report({ kind: 'parameters-invalid', on, reference, ...refused });
  }
  return problems.length > 0 ? { problems } : { settings: merge(ofGateway.spec, ofClass.spec), problems };
}

/** The problems of a class's parameters. */
export function checkProxyClass(
  gatewayClass: GatewayClass,
  proxyConfigurations: GatewayInput['proxyConfigurations'],
): readonly Problem[] {
  const problems: Problem[] = [];
  classParameters(gatewayClass, proxyConfigurations, form, (problem) => void problems.push(problem));
  return problems;
}

type Allow = NonNullable<ProxyConfigurationSpec['allow']>;
type Refused = Pick<Extract<ParametersProblem, { kind: 'parameters-invalid' }>, 'field' | 'detail'>;

/** What the Gateway's configuration has, but may not. Who may write Gateways may not always create pods and Services. */
function notAllowed(spec: ProxyConfigurationSpec, ofClass: ProxyConfigurationSpec): readonly Refused[] {
  const { allow = {} } = ofClass;
  const { service = {} } = spec;
  const named = [
    ['image', spec.image, 'images'],
    ['priorityClassName', spec.priorityClassName, 'priorityClassNames'],
    ['service.pool', service.pool, 'pools'],
    ['service.sharingKey', service.sharingKey, 'sharingKeys'],
    ['service.loadBalancerClass', service.loadBalancerClass, 'loadBalancerClasses'],
  ] as const;
  const placed = ['nodeSelector', 'tolerations'] as const;
  return [
    ...(spec.allow === undefined
      ? []
      : [{ field: 'allow', detail: 'only the configuration of a GatewayClass may have it' }]),
    ...named
      .filter(([, value, list]) => value !== undefined && !(allow[list] ?? []).includes(value))
      .map(([field, , list]) => ({ field, detail: unless(`names the value in spec.allow.${list}`) })),
    ...placed
      .filter((field) => spec[field] !== undefined && allow.placement !== true)
      .map((field) => ({ field, detail: unless('has spec.allow.placement: true') })),
    ...wider(service.sourceRanges ?? [], ofClass.service?.sourceRanges),
  ];
}

/** A Gateway may admit fewer clients than its class, never more. @param bounds absent, if the class admits everyone */
const wider = (ranges: readonly string[], bounds: readonly string[] | undefined): readonly Refused[] =>
  ranges.flatMap((range, index) =>
    bounds === undefined || bounds.some((bound) => isWithin(range, bound))
      ? []
      : [
          {
            field: `service.sourceRanges[${index}]`,
            detail: `${range} is not within spec.service.sourceRanges of the ProxyConfiguration of its class`,
          },
        ],
  );

function isWithin(range: string, bound: string): boolean {
  const [address, prefix] = ipaddr.parseCIDR(range);
  const [outer, outerPrefix] = ipaddr.parseCIDR(bound);
  return address.kind() === outer.kind() && outerPrefix <= prefix && address.match(outer, outerPrefix);
}

const unless = (condition: string): string =>
  `a Gateway may set this only if the ProxyConfiguration of its class ${condition}`;

function merge(stronger: ProxyConfigurationSpec, weaker: ProxyConfigurationSpec): ProxySettings {
  const defaults = defaultProxySettings;
  const { replicas = defaults.replicas, autoscaling } =
    [stronger, weaker].find((each) => each.replicas ?? each.autoscaling) ?? {};
  const { requests = {}, limits = {} } = stronger.resources ?? weaker.resources ?? defaults.resources;
  const priorityClassName = stronger.priorityClassName ?? weaker.priorityClassName;
  return {
    image: stronger.image ?? weaker.image ?? defaults.image,
    replicas,
    ...(autoscaling !== undefined && { autoscaling: { ...autoscalingDefaults, ...autoscaling } }),
    resources: { requests: canonical(requests), limits: canonical(limits) },
    logLevel: stronger.logLevel ?? weaker.logLevel ?? defaults.logLevel,
    ...(priorityClassName !== undefined && { priorityClassName }),
    nodeSelector: stronger.nodeSelector ?? weaker.nodeSelector ?? defaults.nodeSelector,
    tolerations: stronger.tolerations ?? weaker.tolerations ?? defaults.tolerations,
    podAnnotations: weaker.allow?.podAnnotations ?? defaults.podAnnotations,
    service: serviceSettings({ ...weaker.service, ...stronger.service }, weaker.allow),
  };
}

/** As the API server stores them. Otherwise what exists would always differ from what is wanted. */
const canonical = (amounts: Amounts): Amounts =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, canonicalQuantity(amount)]));

const autoscalingDefaults = { minReplicas: 2, targetCPUUtilizationPercentage: 70 };

const serviceSettings = (
  written: NonNullable<ProxyConfigurationSpec['service']>,
  { pools = [] }: Allow = {},
): ServiceSettings => ({ ...defaultProxySettings.service, ...written, allowedPools: pools });
