export interface ModelOptions {
  readonly clusterName: string;
  /** The UID of the namespace kube-system. */
  readonly clusterUid: string;
  readonly quotas: ModelQuotas;
}

/** What one ALB may have; AWS raises the first, the third and the fourth on request. */
export interface ModelQuotas {
  readonly rulesPerLoadBalancer: number;
  readonly targetGroupsPerLoadBalancer: number;
  readonly extraCertificates: number;
  readonly listeners: number;
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
export const DEFAULT_QUOTAS: ModelQuotas = {
  rulesPerLoadBalancer: 100,
  targetGroupsPerLoadBalancer: 100,
  extraCertificates: 25,
  listeners: 50,
};
