// Reads load balancers from AWS, down to their targets, as data.
import {
  type Action,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  type Listener,
  type LoadBalancer,
  type Rule,
  type RuleCondition as SdkCondition,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { allLoadBalancers, listedCertificates, listenersOf, rulesOf } from '../aws/inventory/describe.ts';
import type { RuleCondition } from '../aws/model/resources.ts';

export interface LiveLoadBalancer {
  readonly name: string;
  readonly arn: string;
  readonly scheme: string;
  readonly state: string;
  readonly listeners: readonly LiveListener[];
  /** The ALBs that are its targets. */
  readonly behind: readonly LiveLoadBalancer[];
}

export interface LiveListener {
  readonly port: number;
  readonly protocol: string;
  readonly policy?: string;
  /** ARNs. The default certificate is first. */
  readonly certificates: readonly string[];
  readonly rules: readonly LiveRule[];
}

export interface LiveRule {
  /** `default` for the default rule, which is last. */
  readonly priority: string;
  readonly conditions: readonly RuleCondition[];
  readonly transforms: readonly string[];
  readonly answer?: string;
  readonly targetGroups: readonly LiveTargetGroup[];
}

export interface LiveTargetGroup {
  readonly name: string;
  readonly targetType: string;
  readonly weight: number;
  readonly targets: readonly LiveTarget[];
}

export interface LiveTarget {
  readonly id: string;
  readonly port: number;
  readonly state: string;
  /** Why it is not healthy. */
  readonly reason?: string;
}

interface Elbv2 {
  readonly elbv2: ElasticLoadBalancingV2Client;
}

/** A cache, because rules share target groups. */
type Groups = Map<string, Promise<Omit<LiveTargetGroup, 'weight'>>>;

/** The load balancers with these DNS names or static addresses, by each of them. All load balancers are listed once. */
export async function readLoadBalancers(
  aws: Elbv2,
  addresses: ReadonlySet<string>,
): Promise<ReadonlyMap<string, LiveLoadBalancer>> {
  const all = await allLoadBalancers(aws);
  const groups: Groups = new Map();
  const read = all.map(async (each) => {
    const own = addressesOf(each).filter((address) => addresses.has(address));
    if (own.length === 0) return [];
    const found = await loadBalancer(aws, each, { all, groups });
    return own.map((address) => [address, found] as const);
  });
  return new Map((await Promise.all(read)).flat());
}

const addressesOf = ({ DNSName = '', AvailabilityZones = [] }: LoadBalancer): readonly string[] => [
  DNSName,
  ...AvailabilityZones.flatMap(({ LoadBalancerAddresses: own = [] }) =>
    own.flatMap(({ IpAddress, PrivateIPv4Address }) => IpAddress ?? PrivateIPv4Address ?? []),
  ),
];

interface Known {
  readonly all: readonly LoadBalancer[];
  readonly groups: Groups;
}

async function loadBalancer(aws: Elbv2, found: LoadBalancer, known: Known): Promise<LiveLoadBalancer> {
  const { LoadBalancerArn: arn = '', LoadBalancerName: name = '', Scheme: scheme = '', State } = found;
  const described = (await listenersOf(aws, arn)).toSorted((a, b) => (a.Port ?? 0) - (b.Port ?? 0));
  const listeners = await Promise.all(described.map((each) => listener(aws, each, known.groups)));
  const targets = new Set(
    listeners.flatMap(({ rules }) =>
      rules.flatMap(({ targetGroups }) => targetGroups.flatMap((group) => group.targets.map(({ id }) => id))),
    ),
  );
  const albs = known.all.filter(({ LoadBalancerArn = '' }) => targets.has(LoadBalancerArn));
  const behind = await Promise.all(albs.map((each) => loadBalancer(aws, each, known)));
  return { name, arn, scheme, state: State?.Code ?? 'unknown', listeners, behind };
}

async function listener(aws: Elbv2, found: Listener, groups: Groups): Promise<LiveListener> {
  const {
    ListenerArn: arn = '',
    Port: port = 0,
    Protocol: protocol = '',
    SslPolicy: policy,
    Certificates = [],
  } = found;
  const defaults = Certificates.flatMap(({ CertificateArn }) => CertificateArn ?? []);
  const [rules, others] = await Promise.all([
    rulesOf(aws, arn),
    defaults.length > 0 ? listedCertificates(aws, arn) : [],
  ]);
  return {
    port,
    protocol,
    ...(policy !== undefined && { policy }),
    certificates: [...new Set([...defaults, ...others])],
    rules: await Promise.all(rules.map((each) => rule(aws, each, groups))),
  };
}

async function rule(
  aws: Elbv2,
  { Priority = '', Conditions, Transforms, Actions }: Rule,
  groups: Groups,
): Promise<LiveRule> {
  const [action] = Actions ?? [];
  const forwards = action?.ForwardConfig?.TargetGroups ?? [];
  const answer = answerOf(action);
  return {
    priority: Priority,
    conditions: (Conditions ?? []).flatMap((each) => conditionOf(each) ?? []),
    transforms: (Transforms ?? []).flatMap(({ Type, UrlRewriteConfig, HostHeaderRewriteConfig }) =>
      [...(UrlRewriteConfig?.Rewrites ?? []), ...(HostHeaderRewriteConfig?.Rewrites ?? [])].map(
        ({ Regex, Replace }) => `${Type}: ${Regex} by ${Replace}`,
      ),
    ),
    ...(answer !== undefined && { answer }),
    targetGroups: await Promise.all(
      forwards.map(async ({ TargetGroupArn = '', Weight = 1 }) => ({
        ...(await targetGroup(aws, TargetGroupArn, groups)),
        weight: Weight,
      })),
    ),
  };
}

function targetGroup(aws: Elbv2, arn: string, groups: Groups): Promise<Omit<LiveTargetGroup, 'weight'>> {
  const known = groups.get(arn) ?? readTargetGroup(aws, arn);
  groups.set(arn, known);
  return known;
}

async function readTargetGroup({ elbv2 }: Elbv2, arn: string): Promise<Omit<LiveTargetGroup, 'weight'>> {
  const [{ TargetGroups = [] }, { TargetHealthDescriptions = [] }] = await Promise.all([
    elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] })),
    elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn })),
  ]);
  return {
    name: TargetGroups[0]?.TargetGroupName ?? '',
    targetType: TargetGroups[0]?.TargetType ?? '',
    targets: TargetHealthDescriptions.map(({ Target, TargetHealth }) => {
      const reason = TargetHealth?.Description ?? TargetHealth?.Reason;
      return {
        id: Target?.Id ?? '',
        port: Target?.Port ?? 0,
        state: TargetHealth?.State ?? 'unknown',
        ...(reason !== undefined && { reason }),
      };
    }),
  };
}

function answerOf(action: Action | undefined): string | undefined {
  if (action?.RedirectConfig) {
    const { Protocol = '', Host, Port, Path, StatusCode = '' } = action.RedirectConfig;
    return `redirect ${StatusCode.replace('HTTP_', '')} to ${Protocol.toLowerCase()}://${Host}:${Port}${Path}`;
  }
  return action?.FixedResponseConfig ? `answer ${action.FixedResponseConfig.StatusCode}` : undefined;
}

function conditionOf(condition: SdkCondition): RuleCondition | undefined {
  const { HostHeaderConfig, PathPatternConfig, HttpHeaderConfig, QueryStringConfig, HttpRequestMethodConfig } =
    condition;
  const plain = condition.Values ?? [];
  switch (condition.Field) {
    case 'host-header':
      return { field: 'host-header', ...valuesOf(HostHeaderConfig, plain, condition.RegexValues) };
    case 'path-pattern':
      return { field: 'path-pattern', ...valuesOf(PathPatternConfig, plain, condition.RegexValues) };
    case 'http-header': {
      const name = HttpHeaderConfig?.HttpHeaderName ?? '';
      return { field: 'http-header', name, ...valuesOf(HttpHeaderConfig, plain, condition.RegexValues) };
    }
    case 'http-request-method':
      return { field: 'http-request-method', values: HttpRequestMethodConfig?.Values ?? plain };
    case 'query-string':
      return {
        field: 'query-string',
        values: (QueryStringConfig?.Values ?? []).map(({ Key, Value = '' }) => ({
          ...(Key !== undefined && { key: Key }),
          value: Value,
        })),
      };
    case undefined:
    default:
      // Gatehouse makes no `source-ip` conditions.
      return undefined;
  }
}

interface Patterns {
  readonly Values?: readonly string[] | undefined;
  readonly RegexValues?: readonly string[] | undefined;
}

function valuesOf(
  { Values, RegexValues }: Patterns = {},
  plain: readonly string[],
  plainRegex: readonly string[] | undefined,
): { readonly values: readonly string[] } | { readonly regexValues: readonly string[] } {
  const regexValues = RegexValues ?? plainRegex ?? [];
  return regexValues.length > 0 ? { regexValues } : { values: Values ?? plain };
}
