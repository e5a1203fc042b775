// The state of ELBv2. Records are mutable, and are in Maps by ARN, in order of creation.
import type { RuleAction } from './actions.ts';
import type { RuleCondition } from './conditions.ts';
import type { RuleTransform } from './transforms.ts';

export interface Taggable {
  readonly arn: string;
  readonly tags: Map<string, string>;
}

export type LoadBalancerType = 'application' | 'network';
export type IpAddressType = 'ipv4' | 'dualstack' | 'dualstack-without-public-ipv4';

export interface SubnetMapping {
  readonly subnetId: string;
  readonly zone: string;
  /** Set if the subnet is on an Outpost. */
  readonly outpostId?: string | undefined;
  readonly allocationId?: string | undefined;
  readonly privateIPv4Address?: string | undefined;
  readonly iPv6Address?: string | undefined;
  /** A /80 block, or auto_assigned. */
  readonly sourceNatIpv6Prefix?: string | undefined;
}

export interface LoadBalancer extends Taggable {
  readonly name: string;
  readonly type: LoadBalancerType;
  readonly scheme: 'internet-facing' | 'internal';
  readonly vpcId: string;
  readonly dnsName: string;
  readonly createdAt: number;
  /** The end of its provisioning. */
  readonly activeAt: number;
  ipAddressType: IpAddressType;
  subnets: readonly SubnetMapping[];
  securityGroups: readonly string[];
  /** Only attributes that were set; the defaults are in attributes.ts. */
  readonly attributes: Map<string, string>;
  capacityUnits: number | undefined;
  enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: 'on' | 'off' | undefined;
  /** Only for Network Load Balancers. */
  enablePrefixForIpv6SourceNat: 'on' | 'off' | undefined;
}

export interface MutualAuthentication {
  readonly mode: 'off' | 'passthrough' | 'verify';
  readonly trustStoreArn?: string | undefined;
  readonly ignoreClientCertificateExpiry?: boolean | undefined;
  readonly advertiseTrustStoreCaNames?: 'on' | 'off' | undefined;
}

export interface TrustStore extends Taggable {
  readonly name: string;
  /** The PEM from S3. */
  bundle: string;
  /** By id. */
  readonly revocations: Map<number, Revocations>;
  /** The number of additions so far: no id is used twice. */
  revocationsAdded: number;
}

export interface Revocations {
  readonly id: number;
  readonly pem: string;
  /** How many certificates it revokes. */
  readonly entries: number;
}

export interface Listener extends Taggable {
  readonly loadBalancerArn: string;
  port: number;
  protocol: string;
  sslPolicy: string | undefined;
  defaultCertificate: string | undefined;
  /** The SNI certificates, without the default one. */
  readonly certificates: Set<string>;
  alpnPolicy: string | undefined;
  mutualAuthentication: MutualAuthentication | undefined;
  readonly attributes: Map<string, string>;
}

export interface Rule extends Taggable {
  readonly listenerArn: string;
  readonly loadBalancerArn: string;
  /** The default rule is a rule, too. It is created and deleted with its listener. */
  priority: number | 'default';
  conditions: readonly RuleCondition[];
  actions: readonly RuleAction[];
  transforms: readonly RuleTransform[];
}

export interface HealthCheck {
  readonly enabled: boolean;
  readonly protocol: string;
  readonly port: string;
  readonly path: string | undefined;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly matcher: { readonly kind: 'http' | 'grpc'; readonly codes: string } | undefined;
}

/**
 * The result of the data plane's health checks.
 * docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
 */
export interface CheckedHealth {
  readonly State: 'initial' | 'healthy' | 'unhealthy';
  readonly Reason?: string;
  readonly Description?: string;
}

export interface Target {
  readonly id: string;
  readonly port: number | undefined;
  readonly availabilityZone: string | undefined;
  readonly registeredAt: number;
  /** How long a Network Load Balancer needs to register it; 0 for an Application Load Balancer. */
  readonly registrationSeconds: number;
  /** How long it is initial after that, if nothing checks its health. */
  readonly initialSeconds: number;
  /** Set after the deregistration: the end of draining. */
  drainingUntil: number | undefined;
  /** Set after the deregistration: until then a Network Load Balancer sends it new flows. */
  routedUntil: number | undefined;
  /** The data plane's result; undefined before its first check. */
  checked: CheckedHealth | undefined;
  /** The beginning of the state, in milliseconds since 1970. */
  checkedSince: number;
}

type TargetType = 'instance' | 'ip' | 'lambda' | 'alb';

export interface TargetGroup extends Taggable {
  readonly name: string;
  readonly targetType: TargetType;
  readonly protocol: string | undefined;
  readonly protocolVersion: 'HTTP1' | 'HTTP2' | 'GRPC' | undefined;
  readonly port: number | undefined;
  readonly vpcId: string | undefined;
  readonly ipAddressType: 'ipv4' | 'ipv6';
  readonly targetControlPort: number | undefined;
  healthCheck: HealthCheck;
  readonly attributes: Map<string, string>;
  /** By `id|port|zone`: an address with two ports is two targets. */
  readonly targets: Map<string, Target>;
  /** When a listener or rule began to use it. Target health starts then. */
  inUseSince: number | undefined;
}

/** A deleted load balancer whose resources are not released yet. */
interface Releasing {
  readonly loadBalancerArn: string;
  readonly targetGroupArns: ReadonlySet<string>;
  readonly certificateArns: ReadonlySet<string>;
  readonly until: number;
}

export interface Elbv2State {
  readonly loadBalancers: Map<string, LoadBalancer>;
  readonly listeners: Map<string, Listener>;
  readonly rules: Map<string, Rule>;
  readonly targetGroups: Map<string, TargetGroup>;
  readonly trustStores: Map<string, TrustStore>;
  readonly releasing: Map<string, Releasing>;
}

export function newElbv2State(): Elbv2State {
  return {
    loadBalancers: new Map(),
    listeners: new Map(),
    rules: new Map(),
    targetGroups: new Map(),
    trustStores: new Map(),
    releasing: new Map(),
  };
}
