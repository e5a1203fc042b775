// URLRewrite as an ALB's transforms. The url-rewrite transform gets the path and the query string. Text that its expression does not
// match stays. docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html

import type { PathModifier, Rewrite } from '../../gateway/route-action.ts';
import type { RewriteUnsupported } from '../../gateway/route-problem.ts';
import type { RouteEntry } from '../../gateway/topology.ts';
import type { Expressed } from './expressed.ts';
import { escapeRegex } from './regex.ts';
import type { RuleTransform } from './resources.ts';

const MAX_LENGTH = 1024;

/** @param match its prefix may be replaced */
export function ruleTransforms(
  rewrite: Rewrite | undefined,
  match: RouteEntry['match'],
): Expressed<readonly RuleTransform[]> {
  const transforms: RuleTransform[] = [];
  if (rewrite?.hostname !== undefined) {
    transforms.push({ kind: 'host-header-rewrite', regex: '^.*$', replace: rewrite.hostname });
  }
  if (rewrite?.path !== undefined) transforms.push(...urlRewrite(rewrite.path, match));
  for (const { regex, replace } of transforms) {
    const why = refusal(regex, replace);
    if (why !== undefined) return { shortfalls: [{ kind: 'rewrite-unsupported', field: 'filters', why }] };
  }
  return { value: transforms, shortfalls: [] };
}

function refusal(regex: string, replace: string): RewriteUnsupported['why'] | undefined {
  // AWS documents no way to escape a dollar sign.
  if (/\$[0-9]/.test(replace)) return { kind: 'group', replacement: replace };
  if (regex.length > MAX_LENGTH || replace.length > MAX_LENGTH) return { kind: 'too-long', limit: MAX_LENGTH };
  return undefined;
}

/** The rule's condition has matched the prefix in whole elements already, so the expression need not check what follows. */
function urlRewrite(path: PathModifier, match: RouteEntry['match']): readonly RuleTransform[] {
  switch (path.kind) {
    case 'full':
      return [{ kind: 'url-rewrite', regex: '^[^?]*', replace: withSlash(path.value) }];
    case 'prefix': {
      const prefix = match.path.value.replace(/\/+$/, '');
      const value = path.value.replace(/\/+$/, '');
      if (prefix === value) return [];
      if (value === '') return [{ kind: 'url-rewrite', regex: `^${escapeRegex(prefix)}/?`, replace: '/' }];
      if (prefix === '') return [{ kind: 'url-rewrite', regex: '^/', replace: `${withSlash(value)}/` }];
      return [{ kind: 'url-rewrite', regex: `^${escapeRegex(prefix)}`, replace: withSlash(value) }];
    }
    default:
      return path satisfies never;
  }
}

const withSlash = (path: string): string => (path.startsWith('/') ? path : `/${path}`);
