// Which kinds of routes a listener takes: the Gateway API allows some for each protocol, the plane serves some of those, and
// the listener may allow fewer.
import { GATEWAY_GROUP, type Listener, type RouteGroupKind } from '../api/gateway-api.ts';
import { type ServedKind, servedKinds } from '../api/route-kinds.ts';
import type { ListenerCapabilities } from './capabilities.ts';
import { isServable } from './listener-protocols.ts';
import type { OwnedListener } from './owned-listeners.ts';
import type { Report } from './problem.ts';

/** The protocols of the listeners that take routes of this kind. */
export const protocolsOf = (
  { resource: { kind }, protocols }: ServedKind,
  { excludedKinds = {} }: ListenerCapabilities,
): readonly string[] =>
  protocols.filter((protocol) => !(isServable(protocol) && excludedKinds[protocol]?.includes(kind) === true));

/** The kinds that the plane serves on listeners of the protocol. */
export const kindsOn = (protocol: string, capabilities: ListenerCapabilities): readonly RouteGroupKind[] =>
  kindsWith((kind) => protocolsOf(kind, capabilities).includes(protocol));

/** The kinds that the Gateway API allows on listeners of the protocol. */
const kindsFor = (protocol: string): readonly RouteGroupKind[] =>
  kindsWith(({ protocols }) => protocols.includes(protocol));

const kindsWith = (predicate: (kind: ServedKind) => boolean): readonly RouteGroupKind[] =>
  servedKinds.filter(predicate).map(({ resource: { group, kind } }) => ({ group, kind }));

/** The kinds of routes that the listener allows and that are supported. */
export function resolveKinds(
  { id, listener }: OwnedListener,
  capabilities: ListenerCapabilities,
  report: Report,
): readonly RouteGroupKind[] {
  const supported = kindsOn(listener.protocol, capabilities);
  const requested = requestedKinds(listener);
  if (requested.length === 0) return supported;
  if (requested.every((each) => isAmong(kindsFor(listener.protocol), each) && !isAmong(supported, each))) {
    const protocols = capabilities.protocols.filter((protocol) =>
      requested.every((each) => isAmong(kindsOn(protocol, capabilities), each)),
    );
    const routeKinds = requested.map(({ kind }) => kind);
    report({ kind: 'route-kinds-elsewhere', listener: id, field: 'protocol', routeKinds, protocols });
    return [];
  }
  for (const [index, each] of requested.entries()) {
    if (isAmong(supported, each)) continue;
    const field = `allowedRoutes.kinds[${index}]`;
    const routeKind = `${each.group}/${each.kind}`;
    report({
      kind: 'route-kind-unsupported',
      listener: id,
      field,
      routeKind,
      supported: supported.map(({ kind }) => kind),
    });
  }
  return supported.filter((each) => isAmong(requested, each));
}

const requestedKinds = ({ allowedRoutes }: Listener): readonly Required<RouteGroupKind>[] =>
  (allowedRoutes?.kinds ?? []).map(({ group = GATEWAY_GROUP, kind }) => ({ group, kind }));

const isAmong = (kinds: readonly RouteGroupKind[], { group, kind }: RouteGroupKind): boolean =>
  kinds.some((each) => each.group === group && each.kind === kind);
