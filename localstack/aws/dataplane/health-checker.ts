import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { targetGroupAttribute } from '../elbv2/attributes.ts';
import { isHttp } from '../elbv2/health-checks.ts';
import type { LoadBalancer, Target, TargetGroup } from '../elbv2/state.ts';
import { isRegistering, removeDrainedTargets } from '../elbv2/target-health.ts';
import { loadBalancersByTargetGroup } from '../elbv2/usage.ts';
import type { World } from '../world.ts';
import { localProxyHeader } from './network/proxy-protocol.ts';
import type { OwnConnections } from './own-connections.ts';
import { noAnswer, type ProbedAt, probe } from './probe.ts';
import { reachesTarget } from './reach.ts';
import type { TargetPlace, TargetPlaces } from './target-places.ts';
import { judge, type Outcome, unchecked, type Verdict } from './verdict.ts';

/** Checks each target of a used group from the end of its registration until it drains, or the group is not used any more. */
export class HealthChecker {
  readonly #places: TargetPlaces;
  readonly #own: OwnConnections;
  readonly #checked = new Map<Target, AbortController>();

  constructor(places: TargetPlaces, own: OwnConnections) {
    this.#places = places;
    this.#own = own;
  }

  /** Starts and stops checks according to the API's current state. */
  sync(worlds: readonly World[]): void {
    const wanted = new Set<Target>();
    for (const world of worlds) {
      for (const group of world.elbv2.targetGroups.values()) {
        removeDrainedTargets(world, group);
        if (group.inUseSince === undefined) continue;
        for (const target of group.targets.values()) {
          if (target.drainingUntil !== undefined || isRegistering(world, group, target)) continue;
          wanted.add(target);
          if (!this.#checked.has(target)) this.#begin(world, group, target);
        }
      }
    }
    for (const [target, abort] of this.#checked) {
      if (wanted.has(target)) continue;
      abort.abort();
      this.#checked.delete(target);
      target.checked = undefined;
    }
  }

  #begin(world: World, group: TargetGroup, target: Target): void {
    const abort = new AbortController();
    this.#checked.set(target, abort);
    target.checked = unchecked.health;
    this.#check(world, group, target, abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) console.error(error);
    });
  }

  async #check(world: World, group: TargetGroup, target: Target, signal: AbortSignal): Promise<void> {
    let verdict: Verdict = unchecked;
    while (!signal.aborted) {
      const place = this.#places.of(world, group, target, portOf(group, target));
      const reached =
        place && loadBalancersOf(world, group).some((each) => reachesTarget(world, each, { group, target }, place));
      const outcome = await (reached ? probe(group, this.#probedAt(group, place), signal) : noAnswer(group, signal));
      if (signal.aborted) return;
      verdict = judge(verdict, reported(group, outcome), group.healthCheck);
      if (target.checked?.State !== verdict.health.State) target.checkedSince = world.clock.now();
      target.checked = verdict.health;
      await sleep(group.healthCheck.intervalSeconds * 1000, undefined, { signal });
    }
  }

  /** "The proxy protocol header is also included in health check connections." */
  #probedAt(group: TargetGroup, { address, socketPort: port, host }: TargetPlace): ProbedAt {
    const greets = targetGroupAttribute(group, 'proxy_protocol_v2.enabled') === 'true';
    const opened = (socket: Socket) => (group.targetType === 'alb' ? void this.#own.add(socket) : undefined);
    return { address, port, host, preamble: greets ? localProxyHeader : undefined, opened };
  }

  close(): void {
    this.sync([]);
  }
}

function portOf({ healthCheck, port }: TargetGroup, target: Target): number {
  return healthCheck.port === 'traffic-port' ? (target.port ?? port ?? 80) : Number(healthCheck.port);
}

/** Network Load Balancers have only one reason: network/target-group-health-checks.html#target-health-reason-codes. */
function reported({ protocol }: TargetGroup, outcome: Outcome): Outcome {
  return isHttp(protocol) || outcome.kind === 'passed' ? outcome : { kind: 'failed' };
}

const loadBalancersOf = ({ elbv2 }: World, { arn }: TargetGroup): readonly LoadBalancer[] =>
  [...(loadBalancersByTargetGroup(elbv2).get(arn) ?? [])].flatMap((each) => elbv2.loadBalancers.get(each) ?? []);
