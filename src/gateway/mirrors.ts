// RequestMirror: which backends get copies of requests.
import type { HttpRouteFilter } from '../api/gateway-api.ts';
import { resolveBackend } from './backends.ts';
import type { Mirror } from './route-action.ts';
import type { RuleContext } from './rule-context.ts';

/** Reports each invalid backend. Requests are then forwarded without a copy for it. @param at the path of the filters below the rule */
export const resolveMirrors = (
  filters: readonly HttpRouteFilter[],
  context: RuleContext,
  at: string,
): readonly Mirror[] =>
  filters.flatMap(({ requestMirror }, index) => {
    if (requestMirror === undefined) return [];
    const place = context.place(`${at}[${index}].requestMirror.backendRef`);
    const service = resolveBackend(requestMirror.backendRef, context, place);
    return service === undefined ? [] : { service, ...share(requestMirror) };
  });

/** Gateway API: all requests, unless it says a part. */
function share({
  percent,
  fraction,
}: NonNullable<HttpRouteFilter['requestMirror']>): Pick<Mirror, 'numerator' | 'denominator'> {
  if (fraction !== undefined) return { numerator: fraction.numerator, denominator: fraction.denominator ?? 100 };
  return { numerator: percent ?? 100, denominator: 100 };
}
