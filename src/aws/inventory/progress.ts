// Reads AWS's own progress while a pass waits: load balancers are provisioned, and targets become healthy. We read it only
// if the last pass waited for it.

import type { Clock } from '../../kube/clock.ts';
import { Lane } from '../../kube/lane.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { Plan } from '../diff/step.ts';
import { gatewayTagValue, isOfNetwork } from '../model/naming.ts';
import { gatewayOwner, namespaceOf } from '../model/owner.ts';
import type { ResourceId } from '../model/resources.ts';
import type { OwnedResource } from '../observed.ts';
import { slowestStateReadMs, stateReadMs } from '../timings.ts';
import type { Inventory } from './inventory.ts';

/** AWS allows ten reads a second, and the passes need some of them. */
const readsAtOnce = 15;

/** When the health of a group was read first and last. */
export interface Reads {
  readonly first: number;
  readonly last: number;
}

/** When the health of a Gateway's groups was last read: for the Gateway, and for each group by ARN. */
interface HealthRead {
  readonly at: number;
  readonly read: ReadonlyMap<string, Reads>;
}

const neverRead: HealthRead = { at: Number.NEGATIVE_INFINITY, read: new Map() };

const isProvisioning = (resource: OwnedResource): boolean =>
  resource.kind === 'load-balancer' && resource.state === 'provisioning';

export class Progress {
  readonly #inventory: Inventory;
  readonly #clock: Clock;
  /** The target groups whose health the last plan waited for. */
  readonly #awaited = new Map<ObjectKey, readonly ResourceId[]>();
  readonly #health = new Map<ObjectKey, HealthRead>();
  #polledAt = Number.NEGATIVE_INFINITY;

  constructor(inventory: Inventory, clock: Clock) {
    this.#inventory = inventory;
    this.#clock = clock;
  }

  /** Remembers the target groups that a plan waits for. */
  awaits(gateway: ObjectKey, { pending }: Plan): void {
    const health = pending.flatMap(({ kind, resource }) => (kind === 'target-group-health' ? [resource] : []));
    this.#awaited.set(gateway, health);
  }

  forget(gateway: ObjectKey): void {
    this.#awaited.delete(gateway);
    this.#health.delete(gateway);
  }

  /** Whether AWS is still at work on a load balancer of the Gateway. */
  isProvisioning(gateway: ObjectKey): boolean {
    return this.#inventory.owned(gatewayTagValue(gateway)).some(isProvisioning);
  }

  /** Whether a load balancer of the Gateway takes requests. */
  isServing(gateway: ObjectKey): boolean {
    const owned = this.#inventory.owned(gatewayTagValue(gateway));
    return owned.some((resource) => resource.kind === 'load-balancer' && !isProvisioning(resource));
  }

  /** Reads everything that the Gateway waits for into the inventory. @throws AwsError */
  async refresh(gateway: ObjectKey): Promise<void> {
    const { resources } = this.#inventory.observed(gatewayOwner(gateway), this.#clock.now());
    const awaited = this.#awaited.get(gateway) ?? [];
    const groups = resources.filter(({ kind, id }) => kind === 'target-group' && awaited.includes(id));
    if (resources.some(isProvisioning)) await this.#pollLoadBalancers();
    if (groups.length > 0) await this.#readHealth(gateway, groups);
  }

  /** Limited in rate, because passes come more often than health changes. */
  async #readHealth(gateway: ObjectKey, groups: readonly OwnedResource[]): Promise<void> {
    const now = this.#clock.monotonic();
    const { at, read } = this.#health.get(gateway) ?? neverRead;
    if (now - at < stateReadMs) return;
    const waiting = groups.filter(({ id, arn }) => !isOfNetwork(id) || isDue(read.get(arn), now));
    const due = nextToRead(gateway, waiting, read);
    const before = [...read].filter(([arn]) => groups.some((group) => group.arn === arn));
    const reads = due.map((arn): [string, Reads] => [arn, { first: read.get(arn)?.first ?? now, last: now }]);
    this.#health.set(gateway, { at: now, read: new Map([...before, ...reads]) });
    await this.#inventory.refreshTargetHealth(due);
  }

  /** One call for all load balancers that are being provisioned, because the passes that wait come at different times. */
  async #pollLoadBalancers(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now - this.#polledAt < stateReadMs) return;
    this.#polledAt = now;
    const owned = this.#inventory.gateways().flatMap((gateway) => this.#inventory.owned(gateway));
    await this.#inventory.refreshLoadBalancers(owned.filter(isProvisioning).map(({ arn }) => arn));
  }
}

/** AWS takes minutes to register the targets of an NLB. So the pauses between two reads become longer with time. */
export const isDue = (reads: Reads | undefined, now: number): boolean =>
  reads === undefined || now - reads.last >= Math.min((now - reads.first) / 10, slowestStateReadMs);

/**
 * The ARNs of the groups whose health is read next. Namespaces take turns, and in each namespace the groups that were read
 * longest ago come first. So a tenant whose groups never become healthy delays the others by one turn at most.
 */
export function nextToRead(
  gateway: ObjectKey,
  groups: readonly Pick<OwnedResource, 'arn' | 'id'>[],
  read: ReadonlyMap<string, Pick<Reads, 'last'>>,
): readonly string[] {
  const turns = new Lane<Pick<OwnedResource, 'arn' | 'id'>>(({ id }) => namespaceOf(id, gatewayOwner(gateway)));
  const readAt = ({ arn }: Pick<OwnedResource, 'arn'>) => read.get(arn)?.last ?? Number.MIN_SAFE_INTEGER;
  for (const group of groups.toSorted((a, b) => readAt(a) - readAt(b))) turns.add(group);
  return Array.from({ length: readsAtOnce }, () => turns.shift()?.arn ?? []).flat();
}
