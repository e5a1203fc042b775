export interface ModelOptions {
  readonly clusterName: string;
  /** The UID of the namespace kube-system. */
  readonly clusterUid: string;
  readonly quotas: ModelQuotas;
}

/** What one ALB, or one of its security groups, may have; AWS raises all but the second on request. */
export interface ModelQuotas {
  readonly rulesPerLoadBalancer: number;
  readonly targetGroupsPerLoadBalancer: number;
  readonly extraCertificates: number;
  readonly listeners: number;
  /** Inbound rules; those for IPv4 and those for IPv6 are counted apart. */
  readonly rulesPerSecurityGroup: number;
  readonly securityGroups: number;
}

/**
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html,
 * /vpc/latest/userguide/amazon-vpc-limits.html
 */
export const DEFAULT_QUOTAS: ModelQuotas = {
  rulesPerLoadBalancer: 100,
  targetGroupsPerLoadBalancer: 100,
  extraCertificates: 25,
  listeners: 50,
  rulesPerSecurityGroup: 60,
  securityGroups: 5,
};
