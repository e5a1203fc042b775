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
import { asFarAsTold, tagsOf } from './answers.ts';

type Tags = Map<string, string> | undefined;

/** The attributes of a load balancer or a target group, with defaults. */
const attributesOf = (told: readonly (LoadBalancerAttribute | TargetGroupAttribute)[]): Map<string, string> =>
  tagsOf(told);

export const loadBalancerOf = (
  told: SdkLoadBalancer,
  attributes: readonly LoadBalancerAttribute[],
  tags: Tags = new Map(),
): LoadBalancer =>
  asFarAsTold<LoadBalancer>({
    arn: told.LoadBalancerArn ?? '',
    name: told.LoadBalancerName ?? '',
    type: told.Type === 'network' ? 'network' : 'application',
    scheme: told.Scheme === 'internal' ? 'internal' : 'internet-facing',
    vpcId: told.VpcId ?? '',
    dnsName: told.DNSName ?? '',
    createdAt: told.CreatedTime?.getTime() ?? 0,
    ipAddressType: told.IpAddressType ?? 'ipv4',
    subnets: (told.AvailabilityZones ?? []).map(({ SubnetId = '', ZoneName = '' }) => ({
      subnetId: SubnetId,
      zone: ZoneName,
    })),
    securityGroups: told.SecurityGroups ?? [],
    attributes: attributesOf(attributes),
    tags,
  });

export function listenerOf(told: SdkListener, certificates: readonly Certificate[], tags: Tags = new Map()): Listener {
  const defaultCertificate = told.Certificates?.[0]?.CertificateArn;
  const others = certificates.flatMap(({ CertificateArn, IsDefault }) =>
    CertificateArn === undefined || IsDefault === true || CertificateArn === defaultCertificate ? [] : [CertificateArn],
  );
  return asFarAsTold<Listener>({
    arn: told.ListenerArn ?? '',
    loadBalancerArn: told.LoadBalancerArn ?? '',
    port: told.Port ?? 0,
    protocol: told.Protocol ?? '',
    sslPolicy: told.SslPolicy,
    defaultCertificate,
    certificates: new Set(others),
    alpnPolicy: told.AlpnPolicy?.[0],
    tags,
  });
}

export const ruleOf = (told: SdkRule, listener: Listener, tags: Tags = new Map()): Rule => ({
  arn: told.RuleArn ?? '',
  listenerArn: listener.arn,
  loadBalancerArn: listener.loadBalancerArn,
  priority: told.IsDefault === true || told.Priority === 'default' ? 'default' : Number(told.Priority),
  conditions: (told.Conditions ?? []).map(conditionOf),
  actions: (told.Actions ?? []).map(actionOf),
  transforms: JSON.parse(JSON.stringify(told.Transforms ?? [])),
  tags,
});

/** Without undefined values, like the embedded AWS. */
function conditionOf(told: SdkCondition): RuleCondition {
  const { Values } = told;
  const { Field, HostHeaderConfig = { Values }, PathPatternConfig = { Values } } = told;
  // Some return the values of these two only in the older form.
  const config = { 'host-header': { HostHeaderConfig }, 'path-pattern': { PathPatternConfig } };
  const ofField = Field === 'host-header' || Field === 'path-pattern' ? config[Field] : {};
  return JSON.parse(JSON.stringify({ ...told, ...ofField }));
}

/** A single target group may come without the forward's configuration. */
function actionOf(told: Action): RuleAction {
  const TargetGroups = forwardsOf([told]).map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight }));
  const forward = { ForwardConfig: { ...told.ForwardConfig, TargetGroups } };
  return JSON.parse(JSON.stringify({ ...told, ...(told.Type === 'forward' && forward) }));
}

const targetOf = ({ Target: told, TargetHealth }: TargetHealthDescription): Target =>
  asFarAsTold<Target>({
    id: told?.Id ?? '',
    port: told?.Port,
    availabilityZone: told?.AvailabilityZone,
    drainingUntil: TargetHealth?.State === 'draining' ? Number.POSITIVE_INFINITY : undefined,
  });

export function targetGroupOf(
  told: SdkTargetGroup,
  attributes: readonly TargetGroupAttribute[],
  targets: readonly TargetHealthDescription[],
  tags: Tags = new Map(),
): TargetGroup {
  const codes = told.Matcher?.GrpcCode ?? told.Matcher?.HttpCode;
  return asFarAsTold<TargetGroup>({
    arn: told.TargetGroupArn ?? '',
    name: told.TargetGroupName ?? '',
    targetType: told.TargetType ?? 'instance',
    protocol: told.Protocol,
    port: told.Port,
    vpcId: told.VpcId,
    ipAddressType: told.IpAddressType === 'ipv6' ? 'ipv6' : 'ipv4',
    targetControlPort: told.TargetControlPort,
    healthCheck: {
      enabled: told.HealthCheckEnabled ?? true,
      protocol: told.HealthCheckProtocol ?? '',
      port: told.HealthCheckPort ?? '',
      path: told.HealthCheckPath,
      intervalSeconds: told.HealthCheckIntervalSeconds ?? 0,
      timeoutSeconds: told.HealthCheckTimeoutSeconds ?? 0,
      healthyThreshold: told.HealthyThresholdCount ?? 0,
      unhealthyThreshold: told.UnhealthyThresholdCount ?? 0,
      matcher:
        codes === undefined ? undefined : { kind: told.Matcher?.GrpcCode === undefined ? 'http' : 'grpc', codes },
    },
    attributes: attributesOf(attributes),
    targets: new Map(
      targets.map(targetOf).map((target) => [`${target.id}|${target.port}|${target.availabilityZone ?? ''}`, target]),
    ),
    tags,
  });
}
