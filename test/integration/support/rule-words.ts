// A rule of a listener in one line, so that a test can show whole lists of them:
// `host a.example.com; path /api, /api/* -> ns/api:80=1`.
import type { RuleAction } from '../../../localstack/aws/elbv2/actions.ts';
import type { RuleCondition } from '../../../localstack/aws/elbv2/conditions.ts';
import type { Rule } from '../../../localstack/aws/elbv2/state.ts';
import type { RuleTransform } from '../../../localstack/aws/elbv2/transforms.ts';

interface Patterns {
  readonly Values?: readonly string[];
  readonly RegexValues?: readonly string[];
}

const patterns = ({ Values = [], RegexValues = [] }: Patterns): string =>
  [...Values, ...RegexValues.map((regex) => `~${regex}`)].join(', ');

function condition(found: RuleCondition): string {
  switch (found.Field) {
    case 'host-header':
      return `host ${patterns(found.HostHeaderConfig)}`;
    case 'path-pattern':
      return `path ${patterns(found.PathPatternConfig)}`;
    case 'http-header':
      return `header ${found.HttpHeaderConfig.HttpHeaderName}: ${patterns(found.HttpHeaderConfig)}`;
    case 'query-string':
      return `query ${found.QueryStringConfig.Values.map(({ Key, Value }) => `${Key}=${Value}`).join(', ')}`;
    case 'http-request-method':
      return `method ${found.HttpRequestMethodConfig.Values.join(', ')}`;
    case 'source-ip':
      return `source ${(found.SourceIpConfig.Values ?? []).join(', ')}`;
    default:
      return found satisfies never;
  }
}

function action(found: RuleAction, groupName: (arn: string) => string): string {
  switch (found.Type) {
    case 'forward': {
      const { TargetGroups } = found.ForwardConfig;
      return TargetGroups.map(({ TargetGroupArn, Weight }) => `${groupName(TargetGroupArn)}=${Weight}`).join(' ');
    }
    case 'redirect': {
      const { StatusCode, Protocol, Host, Port, Path, Query } = found.RedirectConfig;
      return `redirect ${StatusCode.slice('HTTP_'.length)} ${Protocol}://${Host}:${Port}${Path}?${Query}`;
    }
    case 'fixed-response':
      return `answer ${found.FixedResponseConfig.StatusCode}`;
    case 'authenticate-oidc':
    case 'authenticate-cognito':
    case 'jwt-validation':
      return found.Type;
    default:
      return found satisfies never;
  }
}

function transform(found: RuleTransform): string {
  const { Rewrites } = found.Type === 'url-rewrite' ? found.UrlRewriteConfig : found.HostHeaderRewriteConfig;
  const what = found.Type === 'url-rewrite' ? 'url' : 'host';
  return Rewrites.map(({ Regex, Replace }) => `rewrite ${what} ${Regex} to ${Replace}`).join('; ');
}

/** Conditions in the order of their words: AWS joins them with "and". */
export function ruleWords({ conditions, actions, transforms }: Rule, groupName: (arn: string) => string): string {
  const when = conditions.map(condition).toSorted().join('; ');
  const then = [...transforms.map(transform), ...actions.map((found) => action(found, groupName))].join('; ');
  return `${when} -> ${then}`;
}
