// A rule's filters: what becomes of a request before, or instead of, a backend.
import type { HttpPathModifier, HttpRouteFilter, HttpRouteRule } from '../api/gateway-api.ts';
import { withoutTrailingSlash } from './paths.ts';
import type { RuleContext } from './rule-context.ts';
import type { PathModifier, Redirect, Rewrite } from './topology.ts';

type RequestRedirect = NonNullable<HttpRouteFilter['requestRedirect']>;
type UrlRewrite = NonNullable<HttpRouteFilter['urlRewrite']>;

/** At most one of them. */
export interface RuleFilters {
  readonly redirect?: RequestRedirect;
  readonly rewrite?: UrlRewrite;
}

/** Undefined, and reported, when the rule asks for what cannot be done: then it must not be served without it. */
export function resolveFilters(rule: HttpRouteRule, context: RuleContext): RuleFilters | undefined {
  const filters = rule.filters ?? [];
  const verdicts = [
    ...filters.map((filter, index) => isSupported(filter, `filters[${index}]`, context)),
    ...filters.map((filter, index) => modifiesPathOfPrefixOnly(rule, filter, `filters[${index}]`, context)),
    ...backendFilters(rule).map(({ filter, field }) => isRewrite(filter, field, context)),
    ...backendFilters(rule).map(({ filter, field }) => modifiesPathOfPrefixOnly(rule, filter, field, context)),
    rewritesAlike(rule, context),
    areCompatible(rule, context),
  ];
  if (verdicts.includes(false)) return undefined;
  const redirect = filters.find((filter) => filter.requestRedirect !== undefined)?.requestRedirect;
  const all = [...filters, ...backendFilters(rule).map(({ filter }) => filter)];
  const rewrite = all.find((filter) => filter.urlRewrite !== undefined)?.urlRewrite;
  return { ...(redirect !== undefined && { redirect }), ...(rewrite !== undefined && { rewrite }) };
}

function isSupported(filter: HttpRouteFilter, field: string, { place, capabilities, report }: RuleContext): boolean {
  const { type } = filter;
  const known = filter.requestRedirect !== undefined || filter.urlRewrite !== undefined;
  if (!known || !capabilities.filters.includes(type)) {
    report({ ...place(field), kind: 'filter-unsupported', filter: type });
    return false;
  }
  const statusCode = filter.requestRedirect?.statusCode;
  const allowed = capabilities.redirectStatusCodes;
  if (statusCode !== undefined && !allowed.includes(statusCode)) {
    const at = place(`${field}.requestRedirect.statusCode`);
    report({ ...at, kind: 'redirect-status-unsupported', statusCode, allowed });
    return false;
  }
  return true;
}

const replacesPrefix = (path: HttpPathModifier | undefined): boolean => path?.type === 'ReplacePrefixMatch';

/** ReplacePrefixMatch has no meaning where no prefix was matched. */
function modifiesPathOfPrefixOnly(
  rule: HttpRouteRule,
  filter: HttpRouteFilter,
  field: string,
  { place, report }: RuleContext,
): boolean {
  const matchesPrefixes = (rule.matches ?? []).every(({ path }) => (path?.type ?? 'PathPrefix') === 'PathPrefix');
  if (matchesPrefixes) return true;
  const detail = 'ReplacePrefixMatch needs matches of type PathPrefix';
  if (replacesPrefix(filter.requestRedirect?.path)) {
    report({ ...place(`${field}.requestRedirect.path`), kind: 'redirect-unsupported', detail });
    return false;
  }
  if (replacesPrefix(filter.urlRewrite?.path)) {
    report({ ...place(`${field}.urlRewrite.path`), kind: 'rewrite-unsupported', detail });
    return false;
  }
  return true;
}

const backendFilters = ({ backendRefs = [] }: HttpRouteRule) =>
  backendRefs.flatMap(({ filters = [] }, backend) =>
    filters.map((filter, index) => ({ filter, field: `backendRefs[${backend}].filters[${index}]` })),
  );

/** A data plane that chooses a backend and then does something else for it than for others does not exist here. */
function isRewrite(filter: HttpRouteFilter, field: string, context: RuleContext): boolean {
  if (filter.urlRewrite !== undefined) return isSupported(filter, field, context);
  context.report({ ...context.place(field), kind: 'filter-unsupported', filter: filter.type });
  return false;
}

/** What all of a rule's backends ask for, and the rule itself does not, is as if the rule did. */
function rewritesAlike(rule: HttpRouteRule, { place, report }: RuleContext): boolean {
  const wanted = (rule.backendRefs ?? []).map(({ filters = [] }) =>
    filters.flatMap(({ urlRewrite }) => (urlRewrite === undefined ? [] : JSON.stringify(rewriteOf(urlRewrite)))),
  );
  if (wanted.every((rewrites) => rewrites.length === 0)) return true;
  const alike = wanted.every((rewrites) => rewrites.length === 1) && new Set(wanted.flat()).size === 1;
  const rewritten = (rule.filters ?? []).some(({ urlRewrite }) => urlRewrite !== undefined);
  if (alike && !rewritten) return true;
  const detail = 'a rule has one URLRewrite, which all of its backends share';
  report({ ...place('backendRefs'), kind: 'rewrite-unsupported', detail });
  return false;
}

/** No filter twice, and no redirect together with what would need the request itself. */
function areCompatible(rule: HttpRouteRule, { place, report }: RuleContext): boolean {
  const types = (rule.filters ?? []).map(({ type }) => type);
  const repeated = types.filter((type, index) => types.indexOf(type) !== index);
  if (repeated.length > 0) {
    report({ ...place('filters'), kind: 'filters-incompatible', filters: repeated });
    return false;
  }
  if (!types.includes('RequestRedirect')) return true;
  const others = [
    ...(types.includes('URLRewrite') ? ['URLRewrite'] : []),
    ...((rule.backendRefs ?? []).length > 0 ? ['backendRefs'] : []),
  ];
  if (others.length === 0) return true;
  report({ ...place('filters'), kind: 'filters-incompatible', filters: ['RequestRedirect', ...others] });
  return false;
}

export function redirectOf({ scheme, hostname, port, path, statusCode = 302 }: RequestRedirect): Redirect {
  // Gateway API: without a port, the well-known one of the scheme that it redirects to, else the listener's own.
  const target = port ?? (scheme === undefined ? undefined : scheme === 'https' ? 443 : 80);
  return {
    ...(scheme !== undefined && { scheme }),
    ...(hostname !== undefined && { hostname: hostname.toLowerCase() }),
    ...(target !== undefined && { port: target }),
    ...(path !== undefined && { path: pathModifier(path) }),
    statusCode,
  };
}

export function rewriteOf({ hostname, path }: UrlRewrite): Rewrite {
  return {
    ...(hostname !== undefined && { hostname: hostname.toLowerCase() }),
    ...(path !== undefined && { path: pathModifier(path) }),
  };
}

function pathModifier(path: HttpPathModifier): PathModifier {
  switch (path.type) {
    case 'ReplaceFullPath':
      return { kind: 'full', value: path.replaceFullPath };
    case 'ReplacePrefixMatch':
      return { kind: 'prefix', value: withoutTrailingSlash(path.replacePrefixMatch) };
    default:
      return path satisfies never;
  }
}
