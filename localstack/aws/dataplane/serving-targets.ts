import { targetGroupAttribute } from '../elbv2/attributes.ts';
import type { Target, TargetGroup } from '../elbv2/state.ts';
import { enabledZones, healthOf, removeDrainedTargets } from '../elbv2/target-health.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/**
 * The targets that get requests now: the healthy ones. If there is none, all registered targets, whatever their
 * health ("the load balancer fails open"). Draining targets and targets outside the enabled zones get none.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
function servingTargets(world: World, group: TargetGroup): readonly Target[] {
  removeDrainedTargets(world, group);
  const zones = enabledZones(world, group);
  const targets = [...group.targets.values()].map((target) => ({
    target,
    state: healthOf(world, group, target, zones).State,
  }));
  const healthy = targets.filter(({ state }) => state === 'healthy');
  const registered = targets.filter(({ state }) => state === 'initial' || state === 'unhealthy');
  return (healthy.length > 0 ? healthy : registered).map(({ target }) => target);
}

export const targetName = ({ id, port }: Target): string => `${id}:${port}`;

/**
 * Application Load Balancers balance over all zones, unless a target group says otherwise: then each zone's node has only
 * its own zone's targets. Nodes without targets are not in DNS, and clients take turns among the others.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/disable-cross-zone.html
 */
const isCrossZone = (group: TargetGroup): boolean =>
  targetGroupAttribute(group, 'load_balancing.cross_zone.enabled') !== 'false';

/** Chooses the target of the next request, by group. */
export class Turns {
  readonly #turns = new WeakMap<TargetGroup, number>();
  readonly #random: Random;
  readonly #outstanding: (target: Target) => number;

  /** @param outstanding the number of a target's running requests */
  constructor(random: Random, outstanding: (target: Target) => number) {
    this.#random = random;
    this.#outstanding = outstanding;
  }

  /** The preferred target, by `ID:PORT`, if it serves; else the choice of the group's algorithm. */
  next(world: World, group: TargetGroup, preferred: string | undefined): Target | undefined {
    const targets = servingTargets(world, group);
    const turn = this.#turns.get(group) ?? 0;
    if (isCrossZone(group)) {
      const sticky = targets.find((target) => targetName(target) === preferred);
      if (sticky) return sticky;
      this.#turns.set(group, turn + 1);
      return this.#choose(group, targets, turn);
    }
    this.#turns.set(group, turn + 1);
    const zones = [...Map.groupBy(targets, ({ availabilityZone }) => availabilityZone).values()];
    return this.#choose(group, zones[turn % zones.length] ?? [], Math.floor(turn / zones.length));
  }

  /** docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#modify-routing-algorithm */
  #choose(group: TargetGroup, targets: readonly Target[], turn: number): Target | undefined {
    const algorithm = targetGroupAttribute(group, 'load_balancing.algorithm.type');
    if (algorithm === 'weighted_random') return targets[Number.parseInt(this.#random.hex(8), 16) % targets.length];
    if (algorithm !== 'least_outstanding_requests') return targets[turn % targets.length];
    const least = Math.min(...targets.map(this.#outstanding));
    const idlest = targets.filter((target) => this.#outstanding(target) === least);
    return idlest[turn % idlest.length];
  }
}
