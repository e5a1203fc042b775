// The desired resources of one Gateway's load balancers: what model gives and diff takes. References are logical ids; ARNs are known
// only while a plan is carried out.

import type { SubnetAddresses } from '../../api/load-balancer-configuration.ts';
import type { RuleRef } from '../../gateway/problem-place.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { TargetBackend } from './backends.ts';

/**
 * What a resource is within its Gateway: the value of its `gatehouse.dev/resource` tag, at most 256 characters.
 * `load-balancer/internal`, `listener/internal/443`, `target-group/internal/shop/api/80/4f2a91c0`; of an NLB
 * `load-balancer/nlb-internal`, `listener/nlb-internal/443`, and so on. What must be replaced rather than changed has that
 * setting in its id, so that the old one and the new one can stand side by side.
 */
export type ResourceId = string & { readonly __brand: 'ResourceId' };

/** An AWS tag set, by key. */
export type Tags = Readonly<Record<string, string>>;

export interface Model {
  readonly gateway: ObjectKey;
  /** Every resource, each after what it refers to. Ids are unique. */
  readonly resources: readonly Resource[];
  /** Target groups that kept rules refer to. They stay as they are in AWS, because their routes have changed since. */
  readonly standing?: readonly TargetSelection[];
}

export type Resource =
  | SecurityGroupResource
  | CertificateResource
  | LoadBalancerResource
  | TargetGroupResource
  | ListenerResource
  | RuleResource;

export interface SecurityGroupResource {
  readonly kind: 'security-group';
  readonly id: ResourceId;
  readonly spec: { readonly name: string; readonly description: string; readonly vpcId: string };
  /** A set. Rules that do not fit into this group are in any group of `overflow`. */
  readonly ingress: readonly IngressRule[];
  /** Further groups, which have no rules of their own. */
  readonly overflow?: readonly ResourceId[];
  readonly tags: Tags;
}

/** A security group: one of this Gateway's by logical id, or an id in AWS (the backend group, the user's own). */
export type GroupUse = { readonly group: ResourceId } | { readonly groupId: string };

/** @template Group how it names a security group */
export interface IngressRule<Group = GroupUse> {
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'icmpv6';
  /** Of ICMP: the type. */
  readonly fromPort: number;
  /** Of ICMP: the code; -1 for any. */
  readonly toPort: number;
  readonly source: { readonly kind: 'cidr'; readonly cidr: string } | ({ readonly kind: 'group' } & Group);
  readonly description: string;
}

/** Shared by every Gateway that uses the Secret: its id is `certificate/NAMESPACE/NAME`, and it has no gateway tag. */
export interface CertificateResource {
  readonly kind: 'certificate';
  readonly id: ResourceId;
  readonly spec: { readonly secret: ObjectKey; readonly fingerprint: string; readonly keyAlgorithm: string };
  readonly tags: Tags;
}

/** A certificate by logical id, or one that was in ACM already. */
export type CertificateUse = { readonly certificate: ResourceId } | { readonly arn: string };

export interface LoadBalancerResource {
  readonly kind: 'load-balancer';
  readonly id: ResourceId;
  readonly spec: {
    readonly name: string;
    /** Absent: an Application Load Balancer, whose hash has no type in it since before there were NLBs. */
    readonly type?: 'network';
    readonly scheme: 'internal' | 'internet-facing';
    readonly ipAddressType: string;
    /** Subnet ids, sorted. */
    readonly subnets: readonly string[];
    /** Only of an NLB, by subnet: the addresses that it has there. Absent: AWS chooses all of them. */
    readonly addresses?: readonly SubnetAddresses[];
    /** Only of an NLB that serves UDP on IPv6: whether each subnet has a prefix for source NAT. */
    readonly prefixForIpv6SourceNat?: 'on';
    /** Only of an NLB: whether traffic by AWS PrivateLink passes the security groups. AWS's default is on. */
    readonly enforceOnPrivateLink?: 'on' | 'off';
    readonly securityGroups: readonly GroupUse[];
  };
  /** Only of an NLB: the zone of each subnet that is known. */
  readonly zones?: Readonly<Record<string, string>>;
  /** Only of an NLB: the ALB behind it, while clients may still use the ALB's own address. */
  readonly replaces?: ResourceId;
  /** Only what differs from AWS's defaults. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Tags;
}

export interface TargetGroupResource {
  readonly kind: 'target-group';
  readonly id: ResourceId;
  readonly spec: {
    /** Deterministic: every setting that AWS can't change is hashed into it. */
    readonly name: string;
    readonly targetType: TargetType;
    readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';
    /** Of HTTP and HTTPS only. */
    readonly protocolVersion?: 'HTTP1' | 'HTTP2' | 'GRPC';
    readonly port: number;
    readonly vpcId: string;
    readonly ipAddressType: 'ipv4' | 'ipv6';
    readonly healthCheck: HealthCheck;
  };
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * Whose endpoints or node ports are its targets. Absent without `loadBalancer`: it never has one. Then an ALB answers 503 for
   * an invalid share, and an NLB resets the connection.
   */
  readonly backend?: TargetBackend;
  /** Of target type `alb`: the ALB that is its one target. Its listener on the group's port comes before the group. */
  readonly loadBalancer?: ResourceId;
  /** No health check can pass, as of UDP without a TCP port beside it. Then a takeover waits only for the registration. */
  readonly unchecked?: true;
  readonly tags: Tags;
}

export type TargetType = 'ip' | 'instance' | 'alb';

/** What decides which targets a group has, and where their health is checked. The latter is absent if nothing is known of it. */
export type TargetSelection = Pick<TargetGroupResource, 'id' | 'backend' | 'loadBalancer'> & {
  readonly spec: Pick<TargetGroupResource['spec'], 'targetType'> &
    Partial<Pick<TargetGroupResource['spec'], 'healthCheck' | 'port'>>;
};

export interface HealthCheck {
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP';
  /** Of HTTP and HTTPS only. */
  readonly path?: string;
  /** `traffic-port`, or a port number. */
  readonly port: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Of HTTP and HTTPS only. */
  readonly matcher?: { readonly httpCode: string } | { readonly grpcCode: string };
}

/** How long a listener stays as it is, in milliseconds since the epoch. */
export interface Patience {
  readonly since: number;
  readonly until: number;
}

export interface ListenerResource {
  readonly kind: 'listener';
  readonly id: ResourceId;
  readonly loadBalancer: ResourceId;
  readonly spec: {
    readonly port: number;
    /** The last four are an NLB's. */
    readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';
    readonly sslPolicy?: string;
    readonly defaultCertificate?: CertificateUse;
    /** Of TLS on an NLB only: `HTTP2Preferred` and its like. */
    readonly alpnPolicy?: string;
    /** An NLB's listener has no rules: it forwards, by weight, and is warmed up as a rule of an ALB is. */
    readonly defaultAction: RuleAction;
  };
  /** Whose connections the default action forwards. Absent on an ALB, whose rules have them, and on the NLB in front of it. */
  readonly sources?: readonly RuleRef[];
  /** The list that SNI chooses from. The default certificate is in it only if it must be. */
  readonly extraCertificates: readonly CertificateUse[];
  /** Present while it stays as it is for TCP and UDP, though their routes differ. `until` is absent if a route is unread. */
  readonly apart?: Pick<Patience, 'since'> & Partial<Patience>;
  readonly tags: Tags;
}

/** In Model.resources, the rules of a listener are in order of precedence. The diff assigns the priorities. */
export interface RuleResource {
  readonly kind: 'rule';
  readonly id: ResourceId;
  readonly listener: ResourceId;
  readonly spec: {
    readonly conditions: readonly RuleCondition[];
    readonly action: RuleAction;
    readonly transforms: readonly RuleTransform[];
  };
  /** The rules of routes that it answers for, each once. Empty if it isolates a listener, or is kept for a changed route. */
  readonly sources: readonly RuleRef[];
  /** The value of the tag with the routes that share it. Absent if it belongs to one route. */
  readonly shares?: string;
  /** Gates: rules of the same route that must exist before it, because it would take their requests. */
  readonly gates?: readonly ResourceId[];
  /** For a kept rule: the hash in its spec tag in AWS. */
  readonly stands?: string;
  readonly tags: Tags;
}

export type RuleCondition =
  | { readonly field: 'host-header'; readonly values: readonly string[] }
  | { readonly field: 'host-header'; readonly regexValues: readonly string[] }
  | { readonly field: 'path-pattern'; readonly values: readonly string[] }
  | { readonly field: 'path-pattern'; readonly regexValues: readonly string[] }
  | { readonly field: 'http-header'; readonly name: string; readonly values: readonly string[] }
  | { readonly field: 'http-header'; readonly name: string; readonly regexValues: readonly string[] }
  | { readonly field: 'http-request-method'; readonly values: readonly string[] }
  | { readonly field: 'query-string'; readonly values: readonly { readonly key?: string; readonly value: string }[] };

export type RuleAction =
  | {
      readonly kind: 'forward';
      readonly targetGroups: readonly { readonly targetGroup: ResourceId; readonly weight: number }[];
    }
  | {
      readonly kind: 'redirect';
      /** AWS's placeholders where nothing is set: `#{protocol}`, `#{host}`, `#{port}`, `/#{path}`, `#{query}`. */
      readonly protocol: string;
      readonly host: string;
      readonly port: string;
      readonly path: string;
      readonly query: string;
      readonly statusCode: 'HTTP_301' | 'HTTP_302';
    }
  | {
      readonly kind: 'fixed-response';
      readonly statusCode: string;
      readonly contentType: string;
      readonly body: string;
    };

export type RuleTransform =
  | { readonly kind: 'host-header-rewrite'; readonly regex: string; readonly replace: string }
  | { readonly kind: 'url-rewrite'; readonly regex: string; readonly replace: string };
