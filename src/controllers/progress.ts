// What AWS does by itself and a pass waits for: load balancers being provisioned, targets becoming healthy. It is asked
// about only where the last pass waited for it.
import type { Plan } from '../aws/diff/step.ts';
import type { Inventory } from '../aws/inventory.ts';
import { gatewayTagValue } from '../aws/model/naming.ts';
import type { ResourceId } from '../aws/model/resources.ts';
import type { OwnedResource } from '../aws/observed.ts';
import type { Clock } from '../kube/clock.ts';
import type { ObjectKey } from '../kube/object.ts';

/** How often the state of load balancers is read at most, in milliseconds. */
const pollMs = 2500;

const isProvisioning = (resource: OwnedResource): boolean =>
  resource.kind === 'load-balancer' && resource.state === 'provisioning';

export class Progress {
  readonly #inventory: Inventory;
  readonly #clock: Clock;
  /** The target groups whose health the last plan waited for. */
  readonly #awaited = new Map<ObjectKey, readonly ResourceId[]>();
  #polledAt = Number.NEGATIVE_INFINITY;

  constructor(inventory: Inventory, clock: Clock) {
    this.#inventory = inventory;
    this.#clock = clock;
  }

  /** Remembers what a plan waits for. */
  awaits(gateway: ObjectKey, { pending }: Plan): void {
    const health = pending.flatMap(({ kind, resource }) => (kind === 'target-group-health' ? [resource] : []));
    this.#awaited.set(gateway, health);
  }

  forget(gateway: ObjectKey): void {
    this.#awaited.delete(gateway);
  }

  /** Whether AWS is still at work on a load balancer of the Gateway. */
  isProvisioning(gateway: ObjectKey): boolean {
    return this.#inventory.owned(gatewayTagValue(gateway)).some(isProvisioning);
  }

  /** Brings the inventory up to date with what the Gateway waits for. @throws AwsError */
  async refresh(gateway: ObjectKey): Promise<void> {
    const { resources } = this.#inventory.observed(gateway, this.#clock.now());
    const awaited = this.#awaited.get(gateway) ?? [];
    const groups = resources.flatMap(({ kind, id, arn }) =>
      kind === 'target-group' && awaited.includes(id) ? [arn] : [],
    );
    if (resources.some(isProvisioning)) await this.#pollLoadBalancers();
    if (groups.length > 0) await this.#inventory.refreshTargetHealth(groups);
  }

  /** One call for all that are being provisioned: the passes that wait for them come at different times. */
  async #pollLoadBalancers(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now - this.#polledAt < pollMs) return;
    this.#polledAt = now;
    const owned = this.#inventory.gateways().flatMap((gateway) => this.#inventory.owned(gateway));
    await this.#inventory.refreshLoadBalancers(owned.filter(isProvisioning).map(({ arn }) => arn));
  }
}
