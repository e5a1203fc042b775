import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadBalancer, Target, TargetGroup } from '../elbv2/state.ts';
import { settleTargets } from '../elbv2/target-health.ts';
import { loadBalancersByTargetGroup } from '../elbv2/usage.ts';
import type { World } from '../world.ts';
import { noAnswer, probe } from './probe.ts';
import { reachesTarget } from './reach.ts';
import { type AddressMapping, mapAddress, privateAddress } from './target-address.ts';
import { judge, unchecked, type Verdict } from './verdict.ts';

/** Checks each target of each group in use, from its registration on until it drains or its group is used no more. */
export class HealthChecker {
  readonly #mappings: readonly AddressMapping[];
  readonly #checked = new Map<Target, AbortController>();

  constructor(mappings: readonly AddressMapping[]) {
    this.#mappings = mappings;
  }

  /** Begins and ends checks as the API's state has it now. */
  sync(worlds: readonly World[]): void {
    const wanted = new Set<Target>();
    for (const world of worlds) {
      for (const group of world.elbv2.targetGroups.values()) {
        settleTargets(world, group);
        if (group.inUseSince === undefined) continue;
        for (const target of group.targets.values()) {
          if (target.drainingUntil !== undefined) continue;
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
      const place = this.#placeOf(world, group, target);
      const reached = loadBalancersOf(world, group).some((each) =>
        reachesTarget(world, each, { group, target }, place),
      );
      const outcome = await (reached ? probe(group, place, signal) : noAnswer(group, signal));
      if (signal.aborted) return;
      verdict = judge(verdict, outcome, group.healthCheck);
      target.checked = verdict.health;
      await sleep(group.healthCheck.intervalSeconds * 1000, undefined, { signal });
    }
  }

  #placeOf(world: World, group: TargetGroup, target: Target) {
    const own = privateAddress(world, group, target) ?? '0.0.0.0';
    const { port: asked } = group.healthCheck;
    const port = asked === 'traffic-port' ? (target.port ?? group.port ?? 80) : Number(asked);
    return { address: mapAddress(this.#mappings, own), port, host: `${own}:${port}` };
  }

  close(): void {
    this.sync([]);
  }
}

const loadBalancersOf = ({ elbv2 }: World, { arn }: TargetGroup): readonly LoadBalancer[] =>
  [...(loadBalancersByTargetGroup(elbv2).get(arn) ?? [])].flatMap((each) => elbv2.loadBalancers.get(each) ?? []);
