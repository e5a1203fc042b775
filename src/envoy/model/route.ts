// A route of Envoy: the requests of one entry, and what happens to them.

import type { Forward, Redirect } from '../../gateway/route-action.ts';
import { routeId } from '../../gateway/route-id.ts';
import type { RouteEntry } from '../../gateway/topology.ts';
import {
  type RedirectActionSchema,
  RedirectAction_RedirectResponseCode as RedirectCode,
  type RouteActionSchema,
  type RouteSchema,
} from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { corsFields, needsPreflight, preflightMatch } from './cors.ts';
import { clusterSpecifier, mirrorPolicies } from './forward.ts';
import { headerFields } from './headers.ts';
import { routeMatch } from './match.ts';
import { type Init, millionths } from './messages.ts';
import { pathChange, wholePath } from './path-modifier.ts';
import { tries } from './retries.ts';
import { type Share, sharesOf } from './shares.ts';

/** As clients see it. */
export interface PublicPort {
  readonly port: number;
  readonly scheme: 'http' | 'https';
}

/** Mostly one. Several share the requests of the entry. The first may be that of preflight requests. */
export function routesOf(entry: RouteEntry, at: PublicPort): readonly Init<typeof RouteSchema>[] {
  const { action, match, source } = entry;
  const name = nameOf(entry);
  const shares = sharesOf(action, source.kind === 'rule' ? source.route : { kind: 'HTTPRoute' });
  const asked = needsPreflight(match, action) ? shares.find(hasCors) : undefined;
  return [
    ...(asked === undefined
      ? []
      : [{ name, match: preflightMatch(match), ...actionOf({ ...entry, action: asked.action }, at) }]),
    ...shares.map(({ action: shared, upTo }) => ({
      name,
      match: { ...routeMatch(match), ...(upTo !== undefined && { runtimeFraction: millionths(upTo) }) },
      ...actionOf({ ...entry, action: shared }, at),
    })),
  ];
}

const hasCors = ({ action }: Share): boolean => action.kind === 'forward' && action.cors !== undefined;

/** Logs and metrics show it. */
const nameOf = ({ source }: RouteEntry): string =>
  source.kind === 'rule' ? `${routeId(source.route)}/${source.ruleName ?? source.rule}/${source.match}` : source.kind;

function actionOf(entry: RouteEntry, at: PublicPort): Init<typeof RouteSchema> {
  const { action } = entry;
  switch (action.kind) {
    case 'forward':
      return { ...responseFields(action), action: { case: 'route', value: forward(action, entry) } };
    case 'redirect':
      return {
        ...headerFields({ ...(action.responseHeaders && { responseHeaders: action.responseHeaders }) }),
        action: { case: 'redirect', value: redirect(action.redirect, entry, at) },
      };
    case 'respond':
      return { action: { case: 'directResponse', value: { status: action.statusCode } } };
    default:
      return action satisfies never;
  }
}

function responseFields(action: Forward): Init<typeof RouteSchema> {
  const headers = headerFields(action);
  return { ...headers, ...(action.cors && corsFields(action.cors, headers.responseHeadersToRemove ?? [])) };
}

function forward(action: Forward, { match, source }: RouteEntry): Init<typeof RouteActionSchema> {
  const { rewrite } = action;
  const grpc = source.kind === 'rule' && source.route.kind === 'GRPCRoute';
  return {
    ...clusterSpecifier(action, grpc),
    ...(rewrite?.hostname !== undefined && {
      hostRewriteSpecifier: { case: 'hostRewriteLiteral' as const, value: rewrite.hostname },
    }),
    ...(rewrite?.path !== undefined && rewrittenPath(pathChange(rewrite.path, match.path))),
    ...(action.mirrors !== undefined && { requestMirrorPolicies: mirrorPolicies(action.mirrors) }),
    ...tries(action),
  };
}

function rewrittenPath(change: ReturnType<typeof pathChange>): Init<typeof RouteActionSchema> {
  switch (change.kind) {
    case 'none':
      return {};
    case 'full':
      return { regexRewrite: wholePath(change.value) };
    case 'prefix':
      return { prefixRewrite: change.value };
    case 'regex':
      return { regexRewrite: change.value };
    default:
      return change satisfies never;
  }
}

const redirectCodes: Readonly<Record<number, RedirectCode>> = {
  301: RedirectCode.MOVED_PERMANENTLY,
  302: RedirectCode.FOUND,
  303: RedirectCode.SEE_OTHER,
  307: RedirectCode.TEMPORARY_REDIRECT,
  308: RedirectCode.PERMANENT_REDIRECT,
};

const defaultPorts = { http: 80, https: 443 } as const;

function redirect(
  { scheme, hostname, port, path, statusCode }: Redirect,
  { match }: RouteEntry,
  at: PublicPort,
): Init<typeof RedirectActionSchema> {
  const toPort = port ?? at.port;
  const isDefault = toPort === defaultPorts[scheme ?? at.scheme];
  // Without a port of its own, the Location has that of the Host header.
  const hostHasPort = hostname === undefined && at.port !== defaultPorts[at.scheme];
  return {
    ...(scheme !== undefined && { schemeRewriteSpecifier: { case: 'schemeRedirect' as const, value: scheme } }),
    ...(hostname !== undefined && { hostRedirect: hostname }),
    // Gateway API: a Location should have no port that its scheme has by default.
    ...((!isDefault || hostHasPort) && { portRedirect: toPort }),
    ...(path !== undefined && redirectedPath(pathChange(path, match.path))),
    responseCode: redirectCodes[statusCode] ?? RedirectCode.FOUND,
  };
}

function redirectedPath(change: ReturnType<typeof pathChange>): Init<typeof RedirectActionSchema> {
  switch (change.kind) {
    case 'none':
      return {};
    case 'full':
      return { pathRewriteSpecifier: { case: 'pathRedirect', value: change.value } };
    case 'prefix':
      return { pathRewriteSpecifier: { case: 'prefixRewrite', value: change.value } };
    case 'regex':
      return { pathRewriteSpecifier: { case: 'regexRewrite', value: change.value } };
    default:
      return change satisfies never;
  }
}
