// What stands in AWS, read over the wire: the tree of one load balancer, for people.
import {
  type Action,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  type Listener,
  type Rule,
  type RuleCondition,
} from '@aws-sdk/client-elastic-load-balancing-v2';

export const elbv2Client = (endpoint: string, region: string): ElasticLoadBalancingV2Client =>
  new ElasticLoadBalancingV2Client({
    endpoint,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

/** Load balancer → listener → rule → target group → targets, a line each. */
export async function awsTree(elbv2: ElasticLoadBalancingV2Client, dnsName: string): Promise<readonly string[]> {
  const { LoadBalancers = [] } = await elbv2.send(new DescribeLoadBalancersCommand({}));
  const found = LoadBalancers.find(({ DNSName }) => DNSName === dnsName);
  if (found === undefined) return [`no load balancer has the name ${dnsName}`];
  const { Listeners = [] } = await elbv2.send(new DescribeListenersCommand({ LoadBalancerArn: found.LoadBalancerArn }));
  const below = await Promise.all(
    Listeners.toSorted((a, b) => (a.Port ?? 0) - (b.Port ?? 0)).map((listener) => listenerTree(elbv2, listener)),
  );
  return [`load balancer ${found.LoadBalancerName} (${found.Scheme}, ${found.State?.Code})`, ...indented(below)];
}

async function listenerTree(elbv2: ElasticLoadBalancingV2Client, listener: Listener): Promise<readonly string[]> {
  const { Rules = [] } = await elbv2.send(new DescribeRulesCommand({ ListenerArn: listener.ListenerArn }));
  const certificates = listener.Certificates?.map(({ CertificateArn }) => CertificateArn?.split('/').at(-1)) ?? [];
  const tls = certificates.length > 0 ? `, certificate ${certificates.join(', ')}, ${listener.SslPolicy}` : '';
  const below = await Promise.all(Rules.map((rule) => ruleTree(elbv2, rule)));
  return [`listener ${listener.Protocol} ${listener.Port}${tls}`, ...indented(below)];
}

async function ruleTree(elbv2: ElasticLoadBalancingV2Client, rule: Rule): Promise<readonly string[]> {
  const conditions = (rule.Conditions ?? []).map(conditionText).join(' and ');
  const transforms = (rule.Transforms ?? []).map(
    ({ Type, UrlRewriteConfig, HostHeaderRewriteConfig }) =>
      `, ${Type} ${[...(UrlRewriteConfig?.Rewrites ?? []), ...(HostHeaderRewriteConfig?.Rewrites ?? [])].map(({ Regex, Replace }) => `${Regex} → ${Replace}`).join(', ')}`,
  );
  const [action] = rule.Actions ?? [];
  const groups = action?.ForwardConfig?.TargetGroups ?? [];
  const below = await Promise.all(
    groups.map(({ TargetGroupArn = '', Weight }) =>
      groupTree(elbv2, TargetGroupArn, groups.length > 1 ? Weight : undefined),
    ),
  );
  const head = `rule ${rule.Priority}: ${rule.IsDefault ? 'everything else' : conditions}${transforms.join('')}${actionText(action)}`;
  return [head, ...indented(below)];
}

async function groupTree(
  elbv2: ElasticLoadBalancingV2Client,
  arn: string,
  weight: number | undefined,
): Promise<readonly string[]> {
  const [{ TargetGroups = [] }, { TargetHealthDescriptions = [] }] = await Promise.all([
    elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] })),
    elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn })),
  ]);
  const targets = TargetHealthDescriptions.map(
    ({ Target, TargetHealth }) => `target ${Target?.Id}:${Target?.Port} (${TargetHealth?.State})`,
  );
  const share = weight === undefined ? '' : `, weight ${weight}`;
  return [
    `target group ${TargetGroups[0]?.TargetGroupName} (${TargetGroups[0]?.TargetType})${share}`,
    ...indented([targets]),
  ];
}

function conditionText({
  Field,
  RegexValues,
  Values,
  HttpHeaderConfig,
  QueryStringConfig,
  ...rest
}: RuleCondition): string {
  const { HostHeaderConfig, PathPatternConfig } = rest;
  const regexes = [
    RegexValues,
    HostHeaderConfig?.RegexValues,
    PathPatternConfig?.RegexValues,
    HttpHeaderConfig?.RegexValues,
  ];
  const patterns = regexes.find((values) => values && values.length > 0);
  const queries = QueryStringConfig?.Values?.map(({ Key, Value }) => `${Key ?? ''}=${Value}`);
  const values = patterns ?? HttpHeaderConfig?.Values ?? queries ?? Values ?? [];
  const name = HttpHeaderConfig?.HttpHeaderName === undefined ? Field : `header ${HttpHeaderConfig.HttpHeaderName}`;
  return `${name} ${patterns ? '~' : '='} ${values.join(' | ')}`;
}

function actionText(action: Action | undefined): string {
  if (action?.RedirectConfig) {
    const { Protocol, Host, Port, Path, StatusCode } = action.RedirectConfig;
    return ` → redirect ${StatusCode?.replace('HTTP_', '')} to ${Protocol}://${Host}:${Port}${Path}`;
  }
  return action?.FixedResponseConfig ? ` → ${action.FixedResponseConfig.StatusCode}` : '';
}

/** Each list one step further in, under what stands before it. */
const indented = (lists: readonly (readonly string[])[]): readonly string[] => lists.flat().map((line) => `  ${line}`);
