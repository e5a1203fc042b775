// ProxyConfiguration, gatehouse.dev/v1alpha1: settings of the Envoys and the Services of a Gateway. The parametersRef of a
// GatewayClass or a Gateway points to it. Types and CRD are derived from the zod schema here.
import { z } from 'zod';
import type { KubeObject } from '../kube/object.ts';
import type { ExternalTrafficPolicy, IpFamilyPolicy } from './core.ts';

const cpu = z
  .string()
  .regex(/^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$/, { error: 'must be a number of CPUs: 500m, 0.5 or 2' });
const memory = z
  .string()
  .regex(/^[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T)?$/, { error: 'must be a number of bytes: 512Mi or 1Gi' });
const amounts = z.strictObject({ cpu: cpu.exactOptional(), memory: memory.exactOptional() });

/** A name of Kubernetes: a DNS subdomain. */
const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, { error: 'must be a name in lower case' });

const imageName = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\s]+$/, { error: 'must be an image, such as docker.io/envoyproxy/envoy:distroless-v1.40.0' });

const className = z.string().min(1).max(253);
const sharingKey = z.string().min(1).max(253);
const entries = <T extends z.ZodType>(entry: T) => z.array(entry).min(1).max(100);

const toleration = z.strictObject({
  key: z.string().max(317).exactOptional(),
  operator: z.enum(['Exists', 'Equal']).exactOptional(),
  value: z.string().max(63).exactOptional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
});

const autoscaling = z
  .strictObject({
    minReplicas: z.int().min(1).max(1_000).exactOptional().describe('The default is 2.'),
    maxReplicas: z.int().min(1).max(1_000),
    targetCPUUtilizationPercentage: z
      .int()
      .min(1)
      .max(100)
      .exactOptional()
      .describe('Of the CPU that the Envoys request. The default is 70.'),
  })
  .refine(({ minReplicas = 2, maxReplicas }) => minReplicas <= maxReplicas, {
    error: 'minReplicas (2 if absent) must not be above maxReplicas',
  })
  .meta({
    'x-kubernetes-validations': [
      {
        rule: '(has(self.minReplicas) ? self.minReplicas : 2) <= self.maxReplicas',
        message: 'minReplicas (2 if absent) must not be above maxReplicas',
      },
    ],
  });

const service = z.strictObject({
  pool: objectName
    .exactOptional()
    .describe("The IPAddressPool of MetalLB that addresses come from. A Gateway's only if the class allows it."),
  sharingKey: sharingKey
    .exactOptional()
    .describe(
      "Services with the same key may share an address, if their ports differ. A Gateway's only if the class allows it.",
    ),
  loadBalancerClass: className
    .exactOptional()
    .describe(
      "Which controller gives addresses. A Service keeps the value that it was made with. A Gateway's only if the class allows it.",
    ),
  externalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .exactOptional()
    .describe(
      'With Local, Envoy sees the addresses of clients, and only nodes with an Envoy get connections. The default is Cluster.',
    ),
  ipFamilyPolicy: z
    .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
    .exactOptional()
    .describe('The default follows from the addresses that the Gateway asks for.'),
  allocateLoadBalancerNodePorts: z
    .boolean()
    .exactOptional()
    .describe('Whether the Services also have a port on every node. The default is false: MetalLB needs none.'),
  sourceRanges: z
    .array(z.union([z.cidrv4(), z.cidrv6()], { error: 'must be a CIDR block such as 203.0.113.0/24 or 2001:db8::/32' }))
    .min(1)
    .max(240)
    .exactOptional()
    .describe(
      "Who may reach the listeners, as CIDR blocks. The default is everyone. A Gateway's must be within those of the class.",
    ),
});

const allow = z.strictObject({
  images: entries(imageName).exactOptional(),
  priorityClassNames: entries(objectName).exactOptional(),
  placement: z.boolean().exactOptional().describe('Whether Gateways may set nodeSelector and tolerations.'),
  podAnnotations: z
    .boolean()
    .exactOptional()
    .describe(
      "Whether the annotations of a Gateway's infrastructure also go to the pods. Some annotations give pods networks, devices or rights.",
    ),
  pools: entries(objectName).exactOptional().describe('Also for addresses of type metallb.io/IPAddressPool.'),
  sharingKeys: entries(sharingKey).exactOptional(),
  loadBalancerClasses: entries(className).exactOptional(),
});

export const proxyConfigurationSpec = z
  .strictObject({
    replicas: z
      .int()
      .min(1)
      .max(1_000)
      .exactOptional()
      .describe('How many Envoys. The default is 2. Not together with autoscaling.'),
    autoscaling: autoscaling.exactOptional().describe('A HorizontalPodAutoscaler says how many Envoys there are.'),
    resources: z
      .strictObject({ requests: amounts.exactOptional(), limits: amounts.exactOptional() })
      .exactOptional()
      .describe(
        "Of each Envoy. The default requests 100m CPU and 256Mi of memory, and limits memory to 1Gi. The Gateway's wins as a whole. Before Envoy reaches its limit of memory, it refuses requests.",
      ),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warning', 'error', 'critical'])
      .exactOptional()
      .describe("Of Envoy's own log. The default is warning. Access logs are always on."),
    image: imageName.exactOptional().describe("The image of Envoy. A Gateway's only if the class allows it."),
    priorityClassName: objectName.exactOptional().describe("A Gateway's only if the class allows it."),
    nodeSelector: z
      .record(z.string().min(1).max(317), z.string().max(63))
      .meta({ maxProperties: 50 })
      .exactOptional()
      .describe("Labels of the nodes for Envoys. A Gateway's only if the class allows it."),
    tolerations: z
      .array(toleration)
      .max(50)
      .exactOptional()
      .describe("Taints of nodes that Envoys tolerate. A Gateway's only if the class allows it."),
    service: service.exactOptional().describe('The Services of type LoadBalancer in front of the Envoys.'),
    allow: allow
      .exactOptional()
      .describe(
        'On the configuration of a GatewayClass: what the configurations of its Gateways may set, beside what they always may.',
      ),
  })
  .meta({
    'x-kubernetes-validations': [
      {
        rule: '!(has(self.replicas) && has(self.autoscaling))',
        message: 'replicas cannot be used together with autoscaling',
      },
    ],
  });

export type ProxyConfigurationSpec = z.infer<typeof proxyConfigurationSpec>;

export interface ProxyConfiguration extends KubeObject {
  readonly kind: 'ProxyConfiguration';
  /** Not validated here: a spec that passes the CRD's schema may still be invalid. */
  readonly spec?: unknown;
}

export type Amounts = Readonly<Partial<Record<'cpu' | 'memory', string>>>;
type Toleration = Readonly<z.infer<typeof toleration>>;

/** The settings of one Gateway's Envoys and Services: its own, its class's, and the defaults. */
export interface ProxySettings {
  readonly image: string;
  /** Not used with autoscaling. */
  readonly replicas: number;
  readonly autoscaling?: {
    readonly minReplicas: number;
    readonly maxReplicas: number;
    readonly targetCPUUtilizationPercentage: number;
  };
  readonly resources: { readonly requests: Amounts; readonly limits: Amounts };
  readonly logLevel: NonNullable<ProxyConfigurationSpec['logLevel']>;
  readonly priorityClassName?: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** Whether pods have the annotations of the Gateway's infrastructure. */
  readonly podAnnotations: boolean;
  readonly service: ServiceSettings;
}

export interface ServiceSettings {
  /** The pool of all addresses. Absent means any pool that MetalLB chooses. */
  readonly pool?: string;
  /** The pools that addresses in a Gateway's spec may name. */
  readonly allowedPools: readonly string[];
  readonly sharingKey?: string;
  readonly loadBalancerClass?: string;
  readonly externalTrafficPolicy: ExternalTrafficPolicy;
  /** Absent: it follows from the addresses. */
  readonly ipFamilyPolicy?: IpFamilyPolicy;
  readonly allocateLoadBalancerNodePorts: boolean;
  /** CIDR blocks; empty means everyone. */
  readonly sourceRanges: readonly string[];
}

/** The settings if neither configuration has a value. */
export const defaultProxySettings: ProxySettings = {
  image: 'docker.io/envoyproxy/envoy:distroless-v1.40.0',
  replicas: 2,
  resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
  logLevel: 'warning',
  nodeSelector: {},
  tolerations: [],
  podAnnotations: false,
  service: {
    allowedPools: [],
    externalTrafficPolicy: 'Cluster',
    allocateLoadBalancerNodePorts: false,
    sourceRanges: [],
  },
};
