// The quotas of an account. Names are those of DescribeAccountLimits, if it has them.
// Values: docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html,
// /network/load-balancer-limits.html, /vpc/latest/userguide/amazon-vpc-limits.html, /acm/latest/userguide/acm-limits.html.

export const defaultQuotas = {
  'application-load-balancers': 50,
  'network-load-balancers': 50,
  'target-groups': 3000,
  'targets-per-application-load-balancer': 1000,
  'targets-per-target-group': 1000,
  'targets-per-network-load-balancer': 3000,
  'targets-per-availability-zone-per-network-load-balancer': 500,
  'listeners-per-application-load-balancer': 50,
  'listeners-per-network-load-balancer': 50,
  /** For all listeners together, without default rules. */
  'rules-per-application-load-balancer': 100,
  'target-groups-per-action-on-application-load-balancer': 5,
  'target-groups-per-action-on-network-load-balancer': 5,
  'target-groups-per-application-load-balancer': 100,
  /** Without default certificates. */
  'certificates-per-application-load-balancer': 25,
  'certificates-per-network-load-balancer': 25,
  'condition-values-per-alb-rule': 5,
  'condition-wildcards-per-alb-rule': 6,
  /** In verify mode of mutual TLS. */
  'verify-listeners-per-application-load-balancer': 2,
  'trust-stores': 20,
  'ca-certificates-per-trust-store': 25,
  'revocation-lists-per-trust-store': 30,
  'security-groups-per-load-balancer': 5,
  'security-groups-per-region': 2500,
  'inbound-rules-per-security-group': 60,
  'security-groups-per-network-interface': 5,
  'imported-certificates': 2500,
  'requested-certificates': 2500,
  'domain-names-per-certificate': 10,
} as const satisfies Readonly<Record<string, number>>;

export type QuotaName = keyof typeof defaultQuotas;

export type Quotas = Readonly<Record<QuotaName, number>>;

export function isQuotaName(name: string): name is QuotaName {
  return Object.hasOwn(defaultQuotas, name);
}

/** Almost unlimited, but still a whole number. */
export const unlimited: Partial<Quotas> = Object.fromEntries(
  Object.keys(defaultQuotas).map((name) => [name, Number.MAX_SAFE_INTEGER]),
);
