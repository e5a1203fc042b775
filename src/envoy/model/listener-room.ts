// Which listeners of ListenerSets Envoy gets. Tenants may write any number of them, and each takes room, also without routes. So
// they are counted before anything is made of them.
import { compareStrings } from '../../gateway/precedence.ts';
import { routeId } from '../../gateway/route-id.ts';
import { mapping, type Steps } from '../../gateway/steps.ts';
import type { ListenerTopology, PortTopology, Topology } from '../../gateway/topology.ts';
import type { LeftOutListener } from '../problem.ts';
import { envoyListenerName } from './names.ts';

/** How much the ListenerSets of a Gateway may add. */
export interface ListenerLimits {
  readonly listeners: number;
  /** TCP and UDP of one number are two ports. */
  readonly ports: number;
}

/**
 * A listener with a certificate takes about 50 KB in each Envoy, so that all take 50 MB. All ports of a Gateway are in one Service,
 * and each may need one of the 2,768 node ports of the cluster.
 */
const MAX: ListenerLimits = { listeners: 1_000, ports: 64 };

export interface ListenerRoom {
  /** The listeners of ListenerSets that serve, by name. What serves stays. */
  readonly serving?: ReadonlySet<string>;
  readonly limits?: ListenerLimits;
}

type Fitting = Pick<Topology, 'ports' | 'routes'>;

/** The Gateway's own listeners always have room: there are at most 64. */
export function* withListenerRoom(
  topology: Fitting,
  { serving = new Set(), limits = MAX }: ListenerRoom = {},
): Steps<Fitting & { readonly problems: readonly LeftOutListener[] }> {
  const { ports, routes } = topology;
  const own = new Set(ports.filter(({ listeners }) => listeners.some(isOwn)).map(envoyListenerName));
  const asks = (yield* mapping(ports, (port) => asksOf(port, own))).flat();
  const problems = new Map<string, LeftOutListener>();
  const room = new Count();
  for (const { name, port } of inOrder(asks, serving, limits)) {
    const lack = room.add(port, limits);
    if (lack !== undefined) problems.set(name, leftOut(name, lack, limits));
  }
  if (problems.size === 0) return { ports, routes, problems: [] };
  const fitting = (yield* mapping(ports, (port) => without(port, problems))).flat();
  const attached = new Set(fitting.flatMap(({ listeners }) => listeners.flatMap((each) => each.routes)));
  return {
    ports: fitting,
    routes: routes.filter(({ route }) => attached.has(routeId(route))),
    problems: [...problems.values()].toSorted((a, b) => compareStrings(a.listener, b.listener)),
  };
}

const isOwn = ({ precedence }: ListenerTopology): boolean => precedence === undefined;

interface Ask {
  readonly name: string;
  readonly namespace: string;
  readonly precedence: number;
  /** Undefined if the Gateway itself has the port. */
  readonly port: string | undefined;
}

function asksOf(port: PortTopology, own: ReadonlySet<string>): readonly Ask[] {
  const at = envoyListenerName(port);
  return port.listeners.flatMap(({ name, precedence }) => {
    if (precedence === undefined) return [];
    const [namespace = ''] = name.split('/', 1);
    return { name, namespace, precedence, port: own.has(at) ? undefined : at };
  });
}

/**
 * Each namespace gets a share, so that no growth of others takes the room of those that keep within their share and serve. Then come
 * all others that serve, so that they lose nothing to new listeners. Then the share counts again. The oldest ListenerSet comes first.
 */
function inOrder(asks: readonly Ask[], serving: ReadonlySet<string>, limits: ListenerLimits): readonly Ask[] {
  const rankOf = ({ name }: Ask): number => (serving.has(name) ? 0 : 2);
  const ranked = asks
    .map((ask) => ({ ask, rank: rankOf(ask) }))
    .toSorted((a, b) => a.rank - b.rank || a.ask.precedence - b.ask.precedence);
  const namespaces = new Set(asks.map(({ namespace }) => namespace)).size;
  const share = { listeners: limits.listeners / namespaces, ports: limits.ports / namespaces };
  const counts = new Map<string, Count>();
  const shared = ranked.map(({ ask, rank }) => {
    const count = counts.get(ask.namespace) ?? new Count();
    counts.set(ask.namespace, count);
    return { ask, rank: count.add(ask.port, share) === undefined ? rank : rank + 1 };
  });
  return shared.toSorted((a, b) => a.rank - b.rank || a.ask.precedence - b.ask.precedence).map(({ ask }) => ask);
}

class Count {
  readonly #ports = new Set<string>();
  #listeners = 0;

  /** @returns what there is no room for. Then nothing is added */
  add(port: string | undefined, limits: ListenerLimits): keyof ListenerLimits | undefined {
    if (this.#listeners + 1 > limits.listeners) return 'listeners';
    const isNew = port !== undefined && !this.#ports.has(port);
    if (isNew && this.#ports.size + 1 > limits.ports) return 'ports';
    if (isNew) this.#ports.add(port);
    this.#listeners += 1;
    return undefined;
  }
}

const leftOut = (listener: string, lack: keyof ListenerLimits, limits: ListenerLimits): LeftOutListener =>
  lack === 'listeners'
    ? { kind: 'too-many-listeners', listener, field: '', limit: limits.listeners }
    : { kind: 'too-many-ports', listener, field: 'port', limit: limits.ports };

/** None if no listener is left. */
function without(port: PortTopology, names: ReadonlyMap<string, unknown>): readonly PortTopology[] {
  const listeners = port.listeners.filter(({ name }) => !names.has(name));
  if (listeners.length === port.listeners.length) return [port];
  return listeners.length === 0 ? [] : [{ ...port, listeners }];
}
