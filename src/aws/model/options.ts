export interface ModelOptions {
  readonly clusterName: string;
  /** The UID of the namespace kube-system. */
  readonly clusterUid: string;
  readonly quotas: ModelQuotas;
}

/** The quotas of one ALB and its security groups. AWS raises all except the second on request. */
export interface ModelQuotas {
  readonly rulesPerLoadBalancer: number;
  readonly targetGroupsPerLoadBalancer: number;
  readonly extraCertificates: number;
  readonly listeners: number;
  /** Inbound rules. Rules for IPv4 and IPv6 are counted separately. */
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
