// The filters of a rule: they change a request before it is forwarded, or answer it.
import type { HttpPathModifier, HttpRouteFilter, HttpRouteRule } from '../api/gateway-api.ts';
import { corsOf, corsProblem } from './cors.ts';
import { headerFilters } from './header-filters.ts';
import { withoutTrailingSlash } from './paths.ts';
import type { ForwardFilters, PathModifier, Redirect, Rewrite } from './route-action.ts';
import type { RuleContext } from './rule-context.ts';
import type { RequestMatch, RuleNeed } from './topology.ts';

type FilteredRule = Pick<HttpRouteRule, 'filters' | 'backendRefs'>;
type RequestRedirect = NonNullable<HttpRouteFilter['requestRedirect']>;
type UrlRewrite = NonNullable<HttpRouteFilter['urlRewrite']>;

/** At most one of redirect and rewrite is set. */
export interface RuleFilters extends Pick<ForwardFilters, 'requestHeaders' | 'responseHeaders' | 'cors'> {
  readonly redirect?: RequestRedirect;
  readonly rewrite?: UrlRewrite;
}

/** Reports a problem and returns undefined if a filter is invalid. The rule must not be served without its filter. */
export function resolveFilters(
  rule: FilteredRule,
  matches: readonly RequestMatch[],
  context: RuleContext,
): RuleFilters | undefined {
  const own = ruleFilters(rule);
  const all = [...own, ...backendFilters(rule)];
  const verdicts = [
    ...all.map(({ filter, field }) => hasItsField(filter, field, context)),
    ...all.map(({ filter, field }) => modifiesPath(matches, filter, field, context)),
    ...all.map(({ filter, field }) => hasReadableCors(filter, field, context)),
    areCompatible(rule, context),
    ...(rule.backendRefs ?? []).map(({ filters }, index) => areCompatibleOfBackend(filters, index, context)),
  ];
  if (verdicts.includes(false)) return undefined;
  const redirect = own.find(({ filter }) => filter.requestRedirect !== undefined)?.filter.requestRedirect;
  const rewriting = areRewritesShared(rule) ? all : own;
  const rewrite = rewriting.find(({ filter }) => filter.urlRewrite !== undefined)?.filter.urlRewrite;
  const cors = own.find(({ filter }) => filter.cors !== undefined)?.filter.cors;
  return {
    ...(redirect !== undefined && { redirect }),
    ...(rewrite !== undefined && { rewrite }),
    ...(cors !== undefined && { cors: corsOf(cors) }),
    ...headerFilters(rule.filters ?? []),
  };
}

/** What the complete filters need from a plane, whether or not the rule is valid. */
export const filterNeeds = (rule: FilteredRule): readonly RuleNeed[] => [
  ...ruleFilters(rule).flatMap(({ filter, field }) => {
    const { type, requestRedirect } = filter;
    if (!isComplete(filter)) return [];
    const statusCode = requestRedirect?.statusCode;
    return { kind: 'filter' as const, field, filter: type, ...(statusCode !== undefined && { statusCode }) };
  }),
  ...backendFilters(rule).flatMap(({ filter, field }) =>
    isComplete(filter) ? { kind: 'backend-filter' as const, field, filter: filter.type } : [],
  ),
  ...(areRewritesShared(rule) ? [] : [{ kind: 'backend-rewrites' as const, field: 'backendRefs' }]),
];

interface PlacedFilter {
  readonly filter: HttpRouteFilter;
  readonly field: string;
}

const ruleFilters = ({ filters = [] }: FilteredRule): readonly PlacedFilter[] =>
  filters.map((filter, index) => ({ filter, field: `filters[${index}]` }));

/** Whether a filter has the field of its type. Planes themselves check the types that only some of them support. */
const isComplete = ({ type, ...filter }: HttpRouteFilter): boolean =>
  !(
    (type === 'RequestRedirect' && filter.requestRedirect === undefined) ||
    (type === 'URLRewrite' && filter.urlRewrite === undefined) ||
    (type === 'RequestHeaderModifier' && filter.requestHeaderModifier === undefined) ||
    (type === 'ResponseHeaderModifier' && filter.responseHeaderModifier === undefined) ||
    (type === 'RequestMirror' && filter.requestMirror === undefined) ||
    (type === 'CORS' && filter.cors === undefined)
  );

function hasItsField(filter: HttpRouteFilter, field: string, { place, report }: RuleContext): boolean {
  if (isComplete(filter)) return true;
  report({ ...place(field), kind: 'filter-unsupported', filter: filter.type });
  return false;
}

function hasReadableCors({ cors }: HttpRouteFilter, field: string, { place, report }: RuleContext): boolean {
  const problem = cors && corsProblem(cors);
  if (problem === undefined) return true;
  report({ ...place(`${field}.cors.${problem.field}`), kind: 'cors-malformed', value: problem.value });
  return false;
}

/** ReplacePrefixMatch needs a match of type PathPrefix. With a line break, Envoy would refuse all routes of the port. */
function modifiesPath(
  matches: readonly RequestMatch[],
  filter: HttpRouteFilter,
  field: string,
  { place, report }: RuleContext,
): boolean {
  const isOfPrefixes = matches.every(({ path }) => path.type === 'PathPrefix');
  const redirect = whyNotPath(filter.requestRedirect?.path, isOfPrefixes);
  if (redirect !== undefined)
    report({ ...place(`${field}.requestRedirect.path`), kind: 'redirect-unsupported', why: redirect });
  const rewrite = whyNotPath(filter.urlRewrite?.path, isOfPrefixes);
  if (rewrite !== undefined)
    report({ ...place(`${field}.urlRewrite.path`), kind: 'rewrite-unsupported', why: rewrite });
  return redirect === undefined && rewrite === undefined;
}

function whyNotPath(path: HttpPathModifier | undefined, isOfPrefixes: boolean) {
  if (path === undefined) return undefined;
  if (path.type === 'ReplacePrefixMatch' && !isOfPrefixes) return { kind: 'needs-prefix-match' } as const;
  return /[\0\r\n]/.test(pathModifier(path).value) ? ({ kind: 'line-break' } as const) : undefined;
}

const backendFilters = ({ backendRefs = [] }: FilteredRule): readonly PlacedFilter[] =>
  backendRefs.flatMap(({ filters = [] }, backend) =>
    filters.map((filter, index) => ({ filter, field: `backendRefs[${backend}].filters[${index}]` })),
  );

/** If all backends of a rule have the same rewrite, and the rule itself has none, it counts as the rule's rewrite. */
export function areRewritesShared(rule: FilteredRule): boolean {
  const wanted = (rule.backendRefs ?? []).map(({ filters = [] }) =>
    filters.flatMap(({ urlRewrite }) => (urlRewrite === undefined ? [] : JSON.stringify(rewriteOf(urlRewrite)))),
  );
  if (wanted.every((rewrites) => rewrites.length === 0)) return true;
  const alike = wanted.every((rewrites) => rewrites.length === 1) && new Set(wanted.flat()).size === 1;
  return alike && !(rule.filters ?? []).some(({ urlRewrite }) => urlRewrite !== undefined);
}

const repeatedTypes = (types: readonly string[]): readonly string[] =>
  types.filter((type, index) => type !== 'RequestMirror' && types.indexOf(type) !== index);

function areCompatibleOfBackend(
  filters: FilteredRule['filters'],
  index: number,
  { place, report }: RuleContext,
): boolean {
  const types = (filters ?? []).map(({ type }) => type);
  const both = ['RequestRedirect', 'URLRewrite'];
  const excluding = [...repeatedTypes(types), ...(both.every((type) => types.includes(type)) ? both : [])];
  if (excluding.length === 0) return true;
  report({ ...place(`backendRefs[${index}].filters`), kind: 'filters-incompatible', filters: excluding });
  return false;
}

/** A rule has each type of filter at most once, except mirrors. A redirect excludes rewrites and backends. */
function areCompatible(rule: FilteredRule, { place, report }: RuleContext): boolean {
  const types = (rule.filters ?? []).map(({ type }) => type);
  const repeated = repeatedTypes(types);
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
  // Gateway API: without a port, the well-known port of the redirect's scheme; without a scheme, the listener's port.
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
