// Plans each port number of an NLB. A port has one listener with one set of target groups, for TCP and UDP and for all server
// names. The port goes to the first in this order: the Gateway's own listeners, listeners of older ListenerSets, routes with a
// valid backend, older routes.

import { byAge, type ConnectionEntry, connectionsOf, routesById } from '../../../gateway/connections.ts';
import type { RulePlace, RuleRef } from '../../../gateway/problem-place.ts';
import type { RouteAction } from '../../../gateway/route-action.ts';
import { type RouteId, routeId } from '../../../gateway/route-id.ts';
import type { Steps } from '../../../gateway/steps.ts';
import type { PortTopology, RouteTopology } from '../../../gateway/topology.ts';
import type { Problem } from '../../problem.ts';
import type { PortTakenByOthers } from '../../rule-problem.ts';
import type { ModelContext } from '../context.ts';
import { foreignServices } from '../foreign-services.ts';
import { portPrecedence, precedenceOf } from '../port-precedence.ts';
import type { ListenerResource } from '../resources.ts';
import type { Standing, StandingForward } from '../standing.ts';
import { listenerFamily } from './family.ts';
import type { NlbProtocol } from './protocol.ts';
import { sameBackendsAs, sameTargets } from './same-backends.ts';

export interface PlannedPort {
  readonly port: number;
  readonly protocol: NlbProtocol;
  /** The Gateway's ports that it serves, with the listeners that are served. */
  readonly ports: readonly PortTopology[];
  /** The routes' entries that are served, all by the same backends. If there are none, nobody answers. */
  readonly entries: readonly ConnectionEntry[];
  readonly action: RouteAction;
  /** Present if a route's action is unknown: then the listener forwards as it does now. */
  readonly stands?: Pick<StandingForward, 'targetGroups'>;
  /** Present if it stays only for a moment, because TCP and UDP differ. */
  readonly apart?: ListenerResource['apart'];
}

export interface Plan {
  readonly planned: readonly PlannedPort[];
  readonly problems: readonly Problem[];
}

/** A port's request for its number. The number may have another port, for the other transport protocol. */
interface Claim {
  readonly port: PortTopology;
  readonly protocol: NlbProtocol;
  readonly entries: readonly ConnectionEntry[];
}

/** An entry that loses its port to another entry. */
interface Loser {
  readonly entry: ConnectionEntry;
  readonly port: number;
  readonly why: PortTakenByOthers['why'];
  readonly winner: ConnectionEntry;
}

const NO_ANSWER: RouteAction = { kind: 'respond', statusCode: 500 };

const actionOf = ([first]: readonly ConnectionEntry[]): RouteAction => first?.action ?? NO_ANSWER;

/** @param ports for each number at most one TCP and one UDP port, or one TLS port */
export function* planPorts(
  { topology }: ModelContext,
  ports: readonly PortTopology[],
  standing: Pick<Standing, 'forwards' | 'isPermitted'>,
): Steps<Plan> {
  const { routes, settings } = topology;
  const ages = new Map(routes.toSorted(byAge).map(({ route }, index) => [routeId(route), index]));
  const byId = routesById(routes);
  const losers: Loser[] = [];
  const problems: Problem[] = [];
  const planned: PlannedPort[] = [];
  for (const sharing of Map.groupBy(ports, ({ port }) => port).values()) {
    const claims: Claim[] = [];
    for (const port of sharing) {
      yield;
      claims.push(claimOf(port, byId, ages, losers, problems));
    }
    planned.push(...planNumber(claims));
  }
  yield;
  // A route may lose the same port for several server names.
  const lost = new Map(losers.map((loser) => [`${loser.port} ${idOfRule(loser.entry)}`, loser]));
  yield;
  const serving = new Set(planned.flatMap(({ entries }) => entries.map(idOfRule)));
  return { planned, problems: [...problems, ...[...lost.values()].map((loser) => loserProblem(loser, serving))] };

  function planNumber(claims: readonly Claim[]): readonly PlannedPort[] {
    const kept = keptPort(claims, standing);
    if (kept !== undefined) return [kept];
    const [tcp, udp] = claims.toSorted((a, b) => Number(a.protocol === 'UDP') - Number(b.protocol === 'UDP'));
    if (tcp === undefined || udp === undefined) return claims.map(plannedPort);
    // If no pod says the numbers of named target ports, such as of no replicas, then what serves stays.
    const isPair = standing.forwards.get(tcp.port.port)?.protocol === 'TCP_UDP';
    if (fitTogether(tcp, udp, settings.targetType, isPair)) {
      if (!staysIpv4(tcp)) return [together(tcp, udp)];
      leaveOut({ winner: tcp, loser: udp, why: 'ip-version' }, losers, problems);
      return [plannedPort(tcp)];
    }
    const waiting = waitingPair(tcp, udp, standing);
    if (waiting !== undefined) {
      const rules = new Map(waiting.entries.map(({ route, rule }) => [idOfRule({ route, rule }), { route, rule }]));
      for (const place of rules.values()) {
        problems.push({ kind: 'pair-differs', ...place, field: 'backendRefs', port: waiting.port });
      }
      return [waiting];
    }
    const [winner = tcp, loser = udp] = [tcp, udp].toSorted(
      (a, b) =>
        portPrecedence(a.port) - portPrecedence(b.port) ||
        Number(forwards(b)) - Number(forwards(a)) ||
        Number(b.entries.length > 0) - Number(a.entries.length > 0) ||
        ageOf(a, ages) - ageOf(b, ages),
    );
    const isUnknown = fitTogether(tcp, udp, settings.targetType, true);
    leaveOut({ winner, loser, why: isUnknown ? 'named-target-port' : 'transport' }, losers, problems);
    return [plannedPort(winner)];
  }

  /** Whether IPv4 targets serve TCP and can go on. UDP would need IPv6 targets, and AWS needs minutes to register them. */
  function staysIpv4({ port, entries }: Claim): boolean {
    const stands = standing.forwards.get(port.port);
    const alone = { protocol: 'TCP', action: actionOf(entries) } as const;
    return (
      settings.ipAddressType !== 'ipv4' &&
      stands?.protocol === 'TCP' &&
      stands.family === 'IPv4' &&
      alone.action.kind === 'forward' &&
      listenerFamily(settings, alone, stands.family) === 'IPv4'
    );
  }
}

/**
 * The port as it is now, if a route's action is unknown.
 * @returns undefined also if the port forwards to a Service of another namespace that the route may no longer use
 */
function keptPort(
  claims: readonly Claim[],
  { forwards, isPermitted }: Pick<Standing, 'forwards' | 'isPermitted'>,
): PlannedPort | undefined {
  const unread = claims.flatMap(({ entries }) => entries.filter(({ action }) => action === undefined));
  const stands = claims[0] && forwards.get(claims[0].port.port);
  if (unread.length === 0 || stands === undefined) return undefined;
  const { protocol, targetGroups, patience } = stands;
  const isUdp = protocol === 'UDP';
  const served = claims.filter((claim) => protocol === 'TCP_UDP' || (claim.protocol === 'UDP') === isUdp);
  const [claim] = served;
  if (claim === undefined || !mayStay(stands, unread, isPermitted)) return undefined;
  return {
    ...plannedPort(claim),
    protocol,
    ports: served.map(({ port }) => port),
    stands: { targetGroups },
    ...(patience?.isBegun && { apart: { since: patience.since } }),
  };
}

/** The port as it is now, if it serves TCP and UDP, and their routes have differed only for a moment: both may be about to change. */
function waitingPair(
  tcp: Claim,
  udp: Claim,
  { forwards: standing, isPermitted }: Pick<Standing, 'forwards' | 'isPermitted'>,
): PlannedPort | undefined {
  const stands = standing.get(tcp.port.port);
  const entries = [...tcp.entries, ...udp.entries];
  if (stands?.patience?.isOver !== false || !forwards(tcp) || !forwards(udp)) return undefined;
  if (!mayStay(stands, entries, isPermitted)) return undefined;
  const { targetGroups, patience } = stands;
  const apart = { since: patience.since, until: patience.until };
  return { ...together(tcp, udp), stands: { targetGroups }, apart };
}

/** Whether the routes may still use all Services that the port forwards to. */
const mayStay = (
  { targetGroups }: Pick<StandingForward, 'targetGroups'>,
  entries: readonly ConnectionEntry[],
  isPermitted: Standing['isPermitted'],
): boolean =>
  entries.every(({ route }) => foreignServices(targetGroups, route).every((service) => isPermitted(route, service)));

const forwards = ({ entries }: Claim): boolean => actionOf(entries).kind === 'forward';

const ageOf = ({ entries: [first] }: Claim, ages: ReadonlyMap<string, number>): number =>
  first === undefined ? 0 : (ages.get(routeId(first.route)) ?? 0);

const plannedPort = ({ port, protocol, entries }: Claim): PlannedPort => ({
  port: port.port,
  protocol,
  ports: [port],
  entries,
  action: actionOf(entries),
});

function claimOf(
  port: PortTopology,
  routes: ReadonlyMap<RouteId, RouteTopology>,
  ages: ReadonlyMap<string, number>,
  losers: Loser[],
  problems: Problem[],
): Claim {
  const entries = connectionsOf(port, routes);
  if (port.serves.kind !== 'tls') return { port, protocol: port.serves.kind === 'udp' ? 'UDP' : 'TCP', entries };
  const protocol = port.listeners.some(({ tlsMode }) => tlsMode === 'Passthrough') ? 'TCP' : 'TLS';
  const precedence = new Map(port.listeners.map((listener) => [listener.name, precedenceOf(listener)]));
  const rank = ({ listener, route }: ConnectionEntry) =>
    [precedence.get(listener) ?? 0, ages.get(routeId(route)) ?? 0] as const;
  const ordered = entries.toSorted((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1]);
  const [winner] = ordered;
  if (winner === undefined) return { port, protocol, entries };
  const fits = sameBackendsAs(actionOf([winner]));
  const { fitting = [], others = [] } = Object.groupBy(ordered, (entry) =>
    fits(actionOf([entry])) ? 'fitting' : 'others',
  );
  for (const entry of others) losers.push({ entry, port: port.port, why: 'server-name', winner });
  const served = new Set(fitting.map(({ listener }) => listener));
  const refused = new Set(others.map(({ listener }) => listener));
  const isLeftOut = (name: string): boolean => refused.has(name) && !served.has(name);
  const listeners = port.listeners.filter(({ name }) => !isLeftOut(name));
  for (const { name } of port.listeners.filter((each) => isLeftOut(each.name))) {
    problems.push({
      kind: 'listener-port-taken',
      listener: name,
      field: 'port',
      port: port.port,
      why: 'server-name',
      by: winner.listener,
    });
  }
  return { port: { ...port, listeners }, protocol, entries: fitting };
}

/** @param unknown whether unknown target ports count as the same */
function fitTogether(tcp: Claim, udp: Claim, targetType: 'ip' | 'instance', unknown: boolean): boolean {
  if (tcp.entries.length === 0 || udp.entries.length === 0) return tcp.entries.length === udp.entries.length;
  return sameTargets(actionOf(tcp.entries), actionOf(udp.entries), targetType, unknown);
}

const together = (tcp: Claim, udp: Claim): PlannedPort => ({
  ...plannedPort(tcp),
  protocol: 'TCP_UDP',
  ports: [tcp.port, udp.port],
  entries: [...tcp.entries, ...udp.entries],
});

interface Contest extends Pick<Loser, 'why'> {
  readonly winner: Claim;
  readonly loser: Claim;
}

function leaveOut({ winner, loser, why }: Contest, losers: Loser[], problems: Problem[]): void {
  const [has] = winner.entries;
  const { port } = loser.port;
  const by = winner.port.listeners[0]?.name ?? '';
  for (const { name } of loser.port.listeners) {
    problems.push({ kind: 'listener-port-taken', listener: name, field: 'port', port, why, by });
  }
  if (has === undefined) return;
  for (const entry of loser.entries) losers.push({ entry, port, why, winner: has });
}

/** If the rule still serves on another port, only this port is left out. @param serving rules that serve, by `idOfRule` */
function loserProblem({ entry, port, why, winner }: Loser, serving: ReadonlySet<string>): Problem {
  const place: RulePlace = { route: entry.route, rule: entry.rule, field: 'backendRefs' };
  const cause = { kind: 'port-taken-by-others', ...place, port, why, by: winner.route } as const;
  const { hostname } = entry;
  return serving.has(idOfRule(entry))
    ? { kind: 'partly-left-out', ...place, port, ...(hostname !== undefined && { hostname }), cause }
    : cause;
}

const idOfRule = ({ route, rule }: RuleRef): string => `${routeId(route)}/${rule}`;
