// Envoy has most filters only for whole routes. If a backend has such a filter, each backend gets a route of its own, for its share
// of the requests.
import type { RouteRef } from '../../gateway/problem-place.ts';
import type { Forward, HeaderChanges, RouteAction, TopologyBackend } from '../../gateway/route-action.ts';
import { withoutBackend } from '../../gateway/rules.ts';

/** A part of an entry's requests. */
export interface Share {
  readonly action: RouteAction;
  /** Where the share ends, in millionths of all requests. Absent for the last one. */
  readonly upTo?: number;
}

const MILLION = 1_000_000;

/** Envoy draws one number for a request, and compares it with the end of each share in turn. */
export function sharesOf(action: RouteAction, route: Pick<RouteRef, 'kind'>): readonly Share[] {
  const weighted = partsOf(action);
  if (action.kind !== 'forward' || weighted.length === 0) return [{ action }];
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  let end = 0;
  return weighted.map((backend, index) => {
    end += backend.weight;
    const upTo = index === weighted.length - 1 ? undefined : Math.round((end / total) * MILLION);
    return { action: actionOf(action, backend, route), ...(upTo !== undefined && { upTo }) };
  });
}

/** The backends with a route of their own. */
function partsOf(action: RouteAction): readonly TopologyBackend[] {
  if (action.kind !== 'forward') return [];
  const weighted = action.backends.filter(({ weight }) => weight > 0);
  return weighted.some(needsRoute) ? weighted : [];
}

const needsRoute = ({ rewrite, redirect, mirrors, cors }: TopologyBackend): boolean =>
  [rewrite, redirect, mirrors, cors].some((filter) => filter !== undefined);

function actionOf(rule: Forward, backend: TopologyBackend, route: Pick<RouteRef, 'kind'>): RouteAction {
  const { rewrite, redirect, mirrors = [], cors = rule.cors, ...plain } = backend;
  if (plain.service === undefined) return { kind: 'respond', statusCode: withoutBackend(route) };
  if (redirect !== undefined) {
    const responseHeaders = both(rule.responseHeaders, plain.responseHeaders);
    return { kind: 'redirect', redirect, ...(responseHeaders && { responseHeaders }), ...(cors && { cors }) };
  }
  return {
    ...rule,
    backends: [plain],
    ...(rewrite !== undefined && { rewrite: { ...rule.rewrite, ...rewrite } }),
    ...(mirrors.length > 0 && { mirrors: [...(rule.mirrors ?? []), ...mirrors] }),
    ...(cors && { cors }),
  };
}

function both(first: HeaderChanges | undefined, second: HeaderChanges | undefined): HeaderChanges | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    set: [...first.set, ...second.set],
    add: [...first.add, ...second.add],
    remove: [...first.remove, ...second.remove],
  };
}
