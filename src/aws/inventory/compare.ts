// Whether a resource that AWS describes is as desired. AWS adds fields of its own and gives lists in its own order.
import type { Action, Listener, LoadBalancer, Rule, TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2';
import { stableJson } from '../model/hash.ts';
import type {
  CertificateUse,
  HealthCheck,
  ListenerResource,
  LoadBalancerResource,
  ResourceId,
  RuleAction,
  RuleCondition,
  RuleResource,
  TargetGroupResource,
} from '../model/resources.ts';
import { forwardsOf, fromCondition, fromTransform } from '../shapes.ts';
import { hasPlaces } from './places.ts';

/** The ARNs of a logical id. After a crash there may be several. */
export type Actual = (id: ResourceId) => readonly string[];

export function sameLoadBalancer(actual: Actual, { spec }: LoadBalancerResource, found: LoadBalancer): boolean {
  const groups = found.SecurityGroups ?? [];
  const enforced = found.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic ?? 'on';
  return (
    found.IpAddressType === spec.ipAddressType &&
    hasPlaces(spec, found) &&
    enforced === (spec.enforceOnPrivateLink ?? 'on') &&
    groups.length === spec.securityGroups.length &&
    spec.securityGroups.every((use) =>
      'group' in use ? actual(use.group).some((arn) => groups.includes(arn)) : groups.includes(use.groupId),
    )
  );
}

/** Only the health check is compared: nobody can change anything else. */
export function sameTargetGroup({ spec: { healthCheck: check } }: TargetGroupResource, found: TargetGroup): boolean {
  return (
    sameMatcher(check.matcher, found.Matcher) &&
    found.HealthCheckEnabled !== false &&
    found.HealthCheckProtocol === check.protocol &&
    (check.path === undefined || found.HealthCheckPath === check.path) &&
    found.HealthCheckPort === check.port &&
    found.HealthCheckIntervalSeconds === check.intervalSeconds &&
    found.HealthCheckTimeoutSeconds === check.timeoutSeconds &&
    found.HealthyThresholdCount === check.healthyThreshold &&
    found.UnhealthyThresholdCount === check.unhealthyThreshold
  );
}

function sameMatcher(wanted: HealthCheck['matcher'], found: TargetGroup['Matcher']): boolean {
  if (wanted === undefined) return true;
  return 'httpCode' in wanted ? found?.HttpCode === wanted.httpCode : found?.GrpcCode === wanted.grpcCode;
}

export function sameListener(actual: Actual, { spec }: ListenerResource, found: Listener): boolean {
  return (
    found.Port === spec.port &&
    found.Protocol === spec.protocol &&
    (spec.sslPolicy === undefined || found.SslPolicy === spec.sslPolicy) &&
    (found.AlpnPolicy?.[0] ?? 'None') === (spec.alpnPolicy ?? 'None') &&
    sameCertificate(actual, spec.defaultCertificate, found.Certificates?.[0]?.CertificateArn) &&
    sameActions(actual, spec.defaultAction, found.DefaultActions)
  );
}

function sameCertificate(actual: Actual, use: CertificateUse | undefined, arn: string | undefined): boolean {
  if (use === undefined || arn === undefined) return use === undefined && arn === undefined;
  return 'arn' in use ? use.arn === arn : actual(use.certificate).includes(arn);
}

export function sameRule(actual: Actual, { spec }: RuleResource, found: Rule): boolean {
  return (
    sameJson(
      (found.Conditions ?? []).flatMap((condition) => normal(fromCondition(condition))).toSorted(),
      spec.conditions.flatMap(normal).toSorted(),
    ) &&
    sameJson(
      (found.Transforms ?? []).flatMap(fromTransform).map(stableJson).toSorted(),
      spec.transforms.map(stableJson).toSorted(),
    ) &&
    sameActions(actual, spec.action, found.Actions)
  );
}

/** The order of a condition's values has no meaning, and an ALB ignores the case of header names. */
function normal(condition: RuleCondition | undefined): string[] {
  if (condition === undefined) return ['unknown'];
  const sorted = Object.fromEntries(
    Object.entries(condition).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map(stableJson).toSorted() : key === 'name' ? String(value).toLowerCase() : value,
    ]),
  );
  return [stableJson(sorted)];
}

function sameActions(actual: Actual, desired: RuleAction, found: readonly Action[] | undefined): boolean {
  const [action] = found ?? [];
  if (action === undefined || found?.length !== 1 || action.Type !== desired.kind) return false;
  switch (desired.kind) {
    case 'forward':
      return sameForwards(actual, desired, found);
    case 'redirect': {
      const { Protocol, Host, Port, Path, Query, StatusCode } = action.RedirectConfig ?? {};
      const { protocol, host, port, path, query, statusCode } = desired;
      return sameJson([Protocol, Host, Port, Path, Query, StatusCode], [protocol, host, port, path, query, statusCode]);
    }
    case 'fixed-response': {
      const { StatusCode, ContentType, MessageBody = '' } = action.FixedResponseConfig ?? {};
      return sameJson([StatusCode, ContentType, MessageBody], [desired.statusCode, desired.contentType, desired.body]);
    }
    default:
      return desired satisfies never;
  }
}

/** An extra group with weight 0 is warming up. It is no difference. */
function sameForwards(
  actual: Actual,
  { targetGroups }: Extract<RuleAction, { kind: 'forward' }>,
  found: readonly Action[],
): boolean {
  const forwards = forwardsOf(found);
  const serving = forwards.filter(({ weight }) => weight > 0);
  const wanted = targetGroups.filter(({ weight }) => weight > 0);
  const alone = serving.length === 1 && wanted.length === 1;
  return (
    serving.length === wanted.length &&
    wanted.every(({ targetGroup, weight }) => {
      const arns = actual(targetGroup);
      // AWS may show a single group without its weight, or with another one: it gets all traffic anyway.
      return serving.some((forward) => arns.includes(forward.arn) && (alone || forward.weight === weight));
    })
  );
}

const sameJson = (a: unknown, b: unknown): boolean => stableJson(a) === stableJson(b);
