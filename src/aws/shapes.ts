// Converts actions, conditions and transforms between our types and the SDK's. Fields that AWS adds are left out.
import type {
  Action,
  Rule,
  RuleCondition as SdkCondition,
  RuleTransform as SdkTransform,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ResourceId, RuleAction, RuleCondition, RuleTransform } from './model/resources.ts';
import type { Forward, RuleContent } from './observed.ts';

export type ArnOf = (id: ResourceId) => string;

export function toActions(action: RuleAction, arnOf: ArnOf): Action[] {
  switch (action.kind) {
    case 'forward':
      return forwardTo(action.targetGroups.map(({ targetGroup, weight }) => ({ arn: arnOf(targetGroup), weight })));
    case 'redirect': {
      const { protocol, host, port, path, query, statusCode } = action;
      return [
        {
          Type: 'redirect',
          RedirectConfig: {
            Protocol: protocol,
            Host: host,
            Port: port,
            Path: path,
            Query: query,
            StatusCode: statusCode,
          },
        },
      ];
    }
    case 'fixed-response': {
      const { statusCode, contentType, body } = action;
      return [
        {
          Type: 'fixed-response',
          FixedResponseConfig: { StatusCode: statusCode, ContentType: contentType, MessageBody: body },
        },
      ];
    }
    default:
      return action satisfies never;
  }
}

export const forwardTo = (targetGroups: readonly Forward[]): Action[] => [
  {
    Type: 'forward',
    ForwardConfig: { TargetGroups: targetGroups.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight })) },
  },
];

/** The groups that actions forward to. AWS may show a single group without a weight. */
export function forwardsOf(actions: readonly Action[] | undefined): readonly Forward[] {
  return (actions ?? []).flatMap(({ Type, TargetGroupArn, ForwardConfig }) => {
    if (Type !== 'forward') return [];
    const groups = ForwardConfig?.TargetGroups ?? (TargetGroupArn === undefined ? [] : [{ TargetGroupArn }]);
    return groups.flatMap(({ TargetGroupArn: arn, Weight: weight = 1 }) =>
      arn === undefined ? [] : [{ arn, weight }],
    );
  });
}

/** The content of a rule, without the target groups. Undefined if it has content that our rules never have. */
export function contentOf({ Conditions = [], Actions, Transforms = [] }: Rule): RuleContent | undefined {
  const conditions = Conditions.map(fromCondition);
  const action = fromActions(Actions);
  if (action === undefined || conditions.includes(undefined)) return undefined;
  return {
    conditions: conditions.filter((condition) => condition !== undefined),
    action,
    transforms: Transforms.flatMap(fromTransform),
  };
}

function fromActions(actions: readonly Action[] = []): RuleContent['action'] | undefined {
  const [action] = actions;
  if (action === undefined || actions.length !== 1) return undefined;
  if (action.Type === 'forward') return { kind: 'forward' };
  if (action.Type === 'redirect') {
    const { Protocol, Host, Port, Path, Query, StatusCode } = action.RedirectConfig ?? {};
    return {
      kind: 'redirect',
      protocol: Protocol ?? '#{protocol}',
      host: Host ?? '#{host}',
      port: Port ?? '#{port}',
      path: Path ?? '/#{path}',
      query: Query ?? '#{query}',
      statusCode: StatusCode === 'HTTP_301' ? 'HTTP_301' : 'HTTP_302',
    };
  }
  if (action.Type === 'fixed-response') {
    const { StatusCode = '', ContentType = '', MessageBody = '' } = action.FixedResponseConfig ?? {};
    return { kind: 'fixed-response', statusCode: StatusCode, contentType: ContentType, body: MessageBody };
  }
  return undefined;
}

export function toCondition(condition: RuleCondition): SdkCondition {
  switch (condition.field) {
    case 'host-header':
      return { Field: 'host-header', HostHeaderConfig: toValues(condition) };
    case 'path-pattern':
      return { Field: 'path-pattern', PathPatternConfig: toValues(condition) };
    case 'http-header':
      return {
        Field: 'http-header',
        HttpHeaderConfig: { HttpHeaderName: condition.name, ...toValues(condition) },
      };
    case 'http-request-method':
      return { Field: 'http-request-method', HttpRequestMethodConfig: { Values: [...condition.values] } };
    case 'query-string':
      return {
        Field: 'query-string',
        QueryStringConfig: {
          Values: condition.values.map(({ key, value }) => ({
            ...(key === undefined ? {} : { Key: key }),
            Value: value,
          })),
        },
      };
    default:
      return condition satisfies never;
  }
}

const toValues = (
  condition: { readonly values: readonly string[] } | { readonly regexValues: readonly string[] },
): { Values: string[] } | { RegexValues: string[] } =>
  'regexValues' in condition ? { RegexValues: [...condition.regexValues] } : { Values: [...condition.values] };

export function fromCondition(condition: SdkCondition): RuleCondition | undefined {
  const { Field: field, Values, HostHeaderConfig, PathPatternConfig, HttpHeaderConfig } = condition;
  switch (field) {
    case 'host-header':
      return { field, ...valuesOf(HostHeaderConfig ?? { Values }) };
    case 'path-pattern':
      return { field, ...valuesOf(PathPatternConfig ?? { Values }) };
    case 'http-header':
      return { field, name: HttpHeaderConfig?.HttpHeaderName ?? '', ...valuesOf(HttpHeaderConfig ?? {}) };
    case 'http-request-method':
      return { field, values: condition.HttpRequestMethodConfig?.Values ?? [] };
    case 'query-string':
      return {
        field,
        values: (condition.QueryStringConfig?.Values ?? []).map(({ Key, Value = '' }) => ({
          ...(Key === undefined ? {} : { key: Key }),
          value: Value,
        })),
      };
    case undefined:
    default:
      return undefined;
  }
}

interface Values {
  readonly Values?: string[] | undefined;
  readonly RegexValues?: string[] | undefined;
}

const valuesOf = ({
  Values = [],
  RegexValues = [],
}: Values): { readonly values: readonly string[] } | { readonly regexValues: readonly string[] } =>
  RegexValues.length > 0 ? { regexValues: RegexValues } : { values: Values };

export function toTransform({ kind, regex, replace }: RuleTransform): SdkTransform {
  const rewrites = { Rewrites: [{ Regex: regex, Replace: replace }] };
  switch (kind) {
    case 'host-header-rewrite':
      return { Type: kind, HostHeaderRewriteConfig: rewrites };
    case 'url-rewrite':
      return { Type: kind, UrlRewriteConfig: rewrites };
    default:
      return kind satisfies never;
  }
}

export function fromTransform({ Type, HostHeaderRewriteConfig, UrlRewriteConfig }: SdkTransform): RuleTransform[] {
  const rewrites = (HostHeaderRewriteConfig ?? UrlRewriteConfig)?.Rewrites ?? [];
  if (Type !== 'host-header-rewrite' && Type !== 'url-rewrite') return [];
  return rewrites.map(({ Regex = '', Replace = '' }) => ({ kind: Type, regex: Regex, replace: Replace }));
}
