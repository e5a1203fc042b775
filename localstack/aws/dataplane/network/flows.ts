// The open connections and flows, and when the load balancer ends them.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
import { targetGroupAttribute } from '../../elbv2/attributes.ts';
import type { LoadBalancer } from '../../elbv2/state.ts';
import { enabledZones, healthOf } from '../../elbv2/target-health.ts';
import { targetName } from '../serving-targets.ts';
import type { Arrival } from './arrival.ts';
import type { Choice } from './choose.ts';
import { nodeTargets } from './node-targets.ts';

export interface Flow {
  readonly arrival: Arrival;
  readonly choice: Choice;
  readonly cut: () => void;
}

export class Flows {
  readonly #flows = new Set<Flow>();
  readonly #gone = new WeakSet<LoadBalancer>();

  add(flow: Flow): void {
    // The load balancer was deleted while this connection was being opened.
    if (this.#gone.has(flow.arrival.loadBalancer)) flow.cut();
    else this.#flows.add(flow);
  }

  delete(flow: Flow): void {
    this.#flows.delete(flow);
  }

  /** Ends flows whose target has drained, or is unhealthy. */
  cutEnded(): void {
    for (const flow of this.#flows) {
      if (isOver(flow)) this.#cut(flow);
    }
  }

  /** Ends all flows of a load balancer, for good. */
  cutAllOf(loadBalancer: LoadBalancer): void {
    this.#gone.add(loadBalancer);
    for (const flow of this.#flows) {
      if (flow.arrival.loadBalancer === loadBalancer) this.#cut(flow);
    }
  }

  /** Ends all flows of an address: its network interface is deleted. */
  cutAllAt(address: string): void {
    for (const flow of this.#flows) {
      if (flow.arrival.own.address === address) this.#cut(flow);
    }
  }

  close(): void {
    for (const flow of this.#flows) this.#cut(flow);
  }

  #cut(flow: Flow): void {
    this.#flows.delete(flow);
    flow.cut();
  }
}

function isOver({ arrival: { world, loadBalancer, zone }, choice: { group, target } }: Flow): boolean {
  const now = [...group.targets.values()].find((each) => targetName(each) === targetName(target));
  if (!now) return targetGroupAttribute(group, 'deregistration_delay.connection_termination.enabled') === 'true';
  if (now.checked?.State !== 'unhealthy') return false;
  if (healthOf(world, group, now, enabledZones(world, group)).State !== 'unhealthy') return false;
  const attribute = (name: string) => targetGroupAttribute(group, `target_health_state.unhealthy.${name}`);
  // With an interval, connections have drained by now, because the target was `unhealthy.draining` before.
  const isCut =
    attribute('connection_termination.enabled') === 'true' || attribute('draining_interval_seconds') !== '0';
  // "Unless the unhealthy target triggers the load balancer to fail open."
  return isCut && !nodeTargets(world, loadBalancer, group, zone).includes(now);
}
