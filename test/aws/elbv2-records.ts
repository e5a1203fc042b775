// Converts answers of ELBv2 to records of the embedded AWS, without its internal fields.
import type {
  Action,
  Certificate,
  LoadBalancerAttribute,
  RuleCondition as SdkCondition,
  Listener as SdkListener,
  LoadBalancer as SdkLoadBalancer,
  Rule as SdkRule,
  TargetGroup as SdkTargetGroup,
  TargetGroupAttribute,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { RuleAction } from '../../localstack/aws/elbv2/actions.ts';
import type { RuleCondition } from '../../localstack/aws/elbv2/conditions.ts';
import type { Listener, LoadBalancer, Rule, Target, TargetGroup } from '../../localstack/aws/elbv2/state.ts';
import { forwardsOf } from '../../src/aws/shapes.ts';
import { recordOf, tagsOf } from './answers.ts';

type Tags = Map<string, string> | undefined;

/** The attributes of a load balancer or a target group, with defaults. */
const attributesOf = (described: readonly (LoadBalancerAttribute | TargetGroupAttribute)[]): Map<string, string> =>
  tagsOf(described);

export const loadBalancerOf = (
  described: SdkLoadBalancer,
  attributes: readonly LoadBalancerAttribute[],
  tags: Tags = new Map(),
): LoadBalancer =>
  recordOf<LoadBalancer>({
    arn: described.LoadBalancerArn ?? '',
    name: described.LoadBalancerName ?? '',
    type: described.Type === 'network' ? 'network' : 'application',
    scheme: described.Scheme === 'internal' ? 'internal' : 'internet-facing',
    vpcId: described.VpcId ?? '',
    dnsName: described.DNSName ?? '',
    createdAt: described.CreatedTime?.getTime() ?? 0,
    ipAddressType: described.IpAddressType ?? 'ipv4',
    subnets: (described.AvailabilityZones ?? []).map(({ SubnetId = '', ZoneName = '' }) => ({
      subnetId: SubnetId,
      zone: ZoneName,
    })),
    securityGroups: described.SecurityGroups ?? [],
    attributes: attributesOf(attributes),
    tags,
  });

export function listenerOf(
  described: SdkListener,
  certificates: readonly Certificate[],
  tags: Tags = new Map(),
): Listener {
  const defaultCertificate = described.Certificates?.[0]?.CertificateArn;
  const others = certificates.flatMap(({ CertificateArn, IsDefault }) =>
    CertificateArn === undefined || IsDefault === true || CertificateArn === defaultCertificate ? [] : [CertificateArn],
  );
  return recordOf<Listener>({
    arn: described.ListenerArn ?? '',
    loadBalancerArn: described.LoadBalancerArn ?? '',
    port: described.Port ?? 0,
    protocol: described.Protocol ?? '',
    sslPolicy: described.SslPolicy,
    defaultCertificate,
    certificates: new Set(others),
    alpnPolicy: described.AlpnPolicy?.[0],
    tags,
  });
}

export const ruleOf = (described: SdkRule, listener: Listener, tags: Tags = new Map()): Rule => ({
  arn: described.RuleArn ?? '',
  listenerArn: listener.arn,
  loadBalancerArn: listener.loadBalancerArn,
  priority: described.IsDefault === true || described.Priority === 'default' ? 'default' : Number(described.Priority),
  conditions: (described.Conditions ?? []).map(conditionOf),
  actions: (described.Actions ?? []).map(actionOf),
  transforms: JSON.parse(JSON.stringify(described.Transforms ?? [])),
  tags,
});

/** Without undefined values, like the embedded AWS. */
function conditionOf(described: SdkCondition): RuleCondition {
  const { Values } = described;
  const { Field, HostHeaderConfig = { Values }, PathPatternConfig = { Values } } = described;
  // Some return the values of these two only in the older form.
  const config = { 'host-header': { HostHeaderConfig }, 'path-pattern': { PathPatternConfig } };
  const ofField = Field === 'host-header' || Field === 'path-pattern' ? config[Field] : {};
  return JSON.parse(JSON.stringify({ ...described, ...ofField }));
}

/** A single target group may come without the forward's configuration. */
function actionOf(described: Action): RuleAction {
  const TargetGroups = forwardsOf([described]).map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight }));
  const forward = { ForwardConfig: { ...described.ForwardConfig, TargetGroups } };
  return JSON.parse(JSON.stringify({ ...described, ...(described.Type === 'forward' && forward) }));
}

const targetOf = ({ Target: described, TargetHealth }: TargetHealthDescription): Target =>
  recordOf<Target>({
    id: described?.Id ?? '',
    port: described?.Port,
    availabilityZone: described?.AvailabilityZone,
    drainingUntil: TargetHealth?.State === 'draining' ? Number.POSITIVE_INFINITY : undefined,
  });

export function targetGroupOf(
  described: SdkTargetGroup,
  attributes: readonly TargetGroupAttribute[],
  targets: readonly TargetHealthDescription[],
  tags: Tags = new Map(),
): TargetGroup {
  const codes = described.Matcher?.GrpcCode ?? described.Matcher?.HttpCode;
  return recordOf<TargetGroup>({
    arn: described.TargetGroupArn ?? '',
    name: described.TargetGroupName ?? '',
    targetType: described.TargetType ?? 'instance',
    protocol: described.Protocol,
    port: described.Port,
    vpcId: described.VpcId,
    ipAddressType: described.IpAddressType === 'ipv6' ? 'ipv6' : 'ipv4',
    targetControlPort: described.TargetControlPort,
    healthCheck: {
      enabled: described.HealthCheckEnabled ?? true,
      protocol: described.HealthCheckProtocol ?? '',
      port: described.HealthCheckPort ?? '',
      path: described.HealthCheckPath,
      intervalSeconds: described.HealthCheckIntervalSeconds ?? 0,
      timeoutSeconds: described.HealthCheckTimeoutSeconds ?? 0,
      healthyThreshold: described.HealthyThresholdCount ?? 0,
      unhealthyThreshold: described.UnhealthyThresholdCount ?? 0,
      matcher:
        codes === undefined ? undefined : { kind: described.Matcher?.GrpcCode === undefined ? 'http' : 'grpc', codes },
    },
    attributes: attributesOf(attributes),
    targets: new Map(
      targets.map(targetOf).map((target) => [`${target.id}|${target.port}|${target.availabilityZone ?? ''}`, target]),
    ),
    tags,
  });
}
