// Encodes Envoy's routes. A change of one route costs what this route costs: the others are taken from the model before.
import { hash } from 'node:crypto';
import { routeId } from '../../gateway/route-id.ts';
import type { RouteEntry } from '../../gateway/topology.ts';
import { RouteSchema, VirtualHostSchema } from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { asField, encoded, joined } from './encoded.ts';
import { type PublicPort, routesOf } from './route.ts';

/** By port, route, rule and match. */
export type EncodedRoutes = ReadonlyMap<string, EncodedRoute>;

interface EncodedRoute {
  /** The hash of what it was made from. */
  readonly content: string;
  /** As fields of a virtual host. */
  readonly bytes: Uint8Array;
}

export class RouteEncoder {
  readonly #before: EncodedRoutes;
  readonly #encoded = new Map<string, EncodedRoute>();

  constructor(before: EncodedRoutes = new Map()) {
    this.#before = before;
  }

  /** Those that were asked for. */
  get encoded(): EncodedRoutes {
    return this.#encoded;
  }

  /** The routes of an entry, as fields of a virtual host. They are the same for each hostname. */
  fields(entry: RouteEntry, at: PublicPort): Uint8Array {
    const key = keyOf(entry, at);
    const known = this.#encoded.get(key);
    if (known !== undefined) return known.bytes;
    const content = hash('sha256', JSON.stringify([entry.source, entry.match, entry.action]), 'base64');
    const before = this.#before.get(key);
    const route =
      before?.content === content
        ? before
        : {
            content,
            bytes: joined(
              routesOf(entry, at).map((each) => asField(VirtualHostSchema.field.routes, encoded(RouteSchema, each))),
            ),
          };
    this.#encoded.set(key, route);
    return route.bytes;
  }
}

const keyOf = ({ source }: RouteEntry, { scheme, port }: PublicPort): string =>
  source.kind === 'rule'
    ? `${scheme}/${port}/${routeId(source.route)}/${source.rule}/${source.match}`
    : `${scheme}/${port}/${source.kind}`;
