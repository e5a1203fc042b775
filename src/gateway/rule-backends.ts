// The backends of a rule, each with the filters that are for its requests only.
import type { HttpRouteRule } from '../api/gateway-api.ts';
import { resolveBackend } from './backends.ts';
import { corsOf } from './cors.ts';
import { areRewritesShared, redirectOf, rewriteOf } from './filters.ts';
import { headerFilters } from './header-filters.ts';
import { resolveMirrors } from './mirrors.ts';
import type { TopologyBackend } from './route-action.ts';
import type { RuleContext } from './rule-context.ts';

/** One backend for each backendRef, in the same order. */
export function resolveBackends(
  rule: Pick<HttpRouteRule, 'filters' | 'backendRefs'>,
  context: RuleContext,
): readonly TopologyBackend[] {
  const isShared = areRewritesShared(rule);
  return (rule.backendRefs ?? []).map((ref, index) => {
    const { filters = [], weight = 1 } = ref;
    const at = `backendRefs[${index}]`;
    const service = resolveBackend(ref, context, context.place(at));
    const rewrite = isShared ? undefined : filters.find(({ urlRewrite }) => urlRewrite !== undefined)?.urlRewrite;
    const redirect = filters.find(({ requestRedirect }) => requestRedirect !== undefined)?.requestRedirect;
    const cors = filters.find((filter) => filter.cors !== undefined)?.cors;
    const mirrors = resolveMirrors(filters, context, `${at}.filters`);
    return {
      ...(service !== undefined && { service }),
      weight,
      ...(rewrite !== undefined && { rewrite: rewriteOf(rewrite) }),
      ...(redirect !== undefined && { redirect: redirectOf(redirect) }),
      ...(mirrors.length > 0 && { mirrors }),
      ...(cors !== undefined && { cors: corsOf(cors) }),
      ...headerFilters(filters),
      index,
    };
  });
}
