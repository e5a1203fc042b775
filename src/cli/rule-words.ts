// Conditions and actions of an ALB's rule, for readers of a plan. The model's regular expressions for hostnames and paths are
// shown as hostnames and paths. Other regular expressions are shown unchanged, after a tilde.
import type {
  HealthCheck,
  ResourceId,
  RuleAction,
  RuleCondition,
  RuleTransform,
  TargetGroupResource,
} from '../aws/model/resources.ts';

const any = (words: readonly string[]): string => words.join(' or ');

/** The values of one condition are alternatives. */
export function conditionWords(condition: RuleCondition): string {
  switch (condition.field) {
    case 'host-header':
      return `host ${any('values' in condition ? condition.values : condition.regexValues.map(hostWords))}`;
    case 'path-pattern':
      return `path ${any('values' in condition ? condition.values : condition.regexValues.map(pathWords))}`;
    case 'http-header': {
      const values = 'values' in condition ? condition.values : condition.regexValues.map(exactWords);
      return `header ${condition.name} ${any(values)}`;
    }
    case 'http-request-method':
      return `method ${any(condition.values)}`;
    case 'query-string':
      return `query ${any(condition.values.map(({ key, value }) => (key === undefined ? value : `${key}=${value}`)))}`;
    default:
      return condition satisfies never;
  }
}

function hostWords(regex: string): string {
  const inner = /^\^\(\?i:(.*)\)\(:\[0-9\]\+\)\?\$$/.exec(regex)?.[1];
  const suffix = inner?.startsWith(String.raw`.+\.`) === true ? literal(inner.slice(4)) : undefined;
  return suffix === undefined ? (literal(inner) ?? `~ ${regex}`) : `*.${suffix}`;
}

function pathWords(regex: string): string {
  const prefix = literal(/^\^(.*)\(\/\.\*\)\?\$$/.exec(regex)?.[1]);
  return prefix === undefined ? exactWords(regex) : `${prefix} and below`;
}

const exactWords = (regex: string): string => {
  const text = literal(/^\^(.*)\$$/.exec(regex)?.[1]);
  return text === undefined ? `~ ${regex}` : `= ${text}`;
};

/** The text that a regular expression matches, if it matches only one text. */
function literal(regex: string | undefined): string | undefined {
  if (regex === undefined || /[\\^$.*+?()[\]{}|]/.test(regex.replaceAll(/\\[^A-Za-z0-9]/g, ''))) return undefined;
  return regex.replaceAll(/\\(.)/g, '$1');
}

export function actionWords(action: RuleAction, targetGroups: ReadonlyMap<ResourceId, TargetGroupResource>): string {
  switch (action.kind) {
    case 'forward': {
      const total = action.targetGroups.reduce((sum, { weight }) => sum + weight, 0);
      const shares = action.targetGroups.map(({ targetGroup, weight }) => {
        const name = targetGroupWords(targetGroups.get(targetGroup));
        return action.targetGroups.length === 1 ? name : `${percent(weight, total)} ${name}`;
      });
      return `→ ${shares.join(', ')}`;
    }
    case 'redirect': {
      const { protocol, host, port, path, query, statusCode } = action;
      const place = `${protocol.toLowerCase()}://${host}:${port}${path}${query === '' ? '' : `?${query}`}`;
      return `→ redirect ${statusCode.slice('HTTP_'.length)} to ${place}`;
    }
    case 'fixed-response':
      return `→ answer ${action.statusCode}`;
    default:
      return action satisfies never;
  }
}

export const percent = (weight: number, total: number): string =>
  `${total === 0 ? 0 : Number(((weight / total) * 100).toFixed(1))}%`;

export function targetGroupWords(targetGroup: TargetGroupResource | undefined): string {
  const backend = targetGroup?.backend;
  if (targetGroup?.loadBalancer !== undefined) return 'the Application Load Balancer';
  if (backend !== undefined) return `Service ${backend.service}:${backend.port}`;
  return targetGroup === undefined || targetGroup.spec.protocol.startsWith('HTTP') ? 'no targets (503)' : 'no targets';
}

export const transformWords = ({ kind, regex, replace }: RuleTransform): string =>
  `${kind === 'host-header-rewrite' ? 'host' : 'URL'} rewritten: ${regex} by ${replace}`;

export function healthCheckWords({ protocol, path, port, matcher, intervalSeconds }: HealthCheck): string {
  const at = port === 'traffic-port' ? '' : ` on port ${port}`;
  if (matcher === undefined) return `healthy if ${protocol} connects${at}, every ${intervalSeconds} s`;
  const wanted = 'httpCode' in matcher ? matcher.httpCode : `gRPC ${matcher.grpcCode}`;
  return `healthy on ${wanted} from ${path}${at}, every ${intervalSeconds} s`;
}
