// Applies the desired targets to a target group. Only differences from the known members cost calls.

import { DeregisterTargetsCommand, type TargetDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ObjectKey } from '../../kube/object.ts';
import type { AwsClients } from '../clients.ts';
import { AwsError, isUncertain } from '../errors.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import { isInstance, type Where } from '../model/addresses.ts';
import type { TargetSelection } from '../model/resources.ts';
import type { Target } from '../model/targets.ts';
import type { TargetTrouble } from '../rule-problem.ts';
import { subnetsFreshMs } from '../timings.ts';
import { readHealth } from './health.ts';
import { type Membership, targetKey, targetsLock } from './membership.ts';
import { Registration } from './registration.ts';
import type { Refused, TargetRefusals } from './target-refusals.ts';
import type { TargetTroubles } from './target-troubles.ts';

export interface TargetsContext {
  readonly clients: AwsClients;
  readonly membership: Membership;
  readonly troubles: TargetTroubles;
  readonly refusals: TargetRefusals;
  /** How to find an address's place, from a read of the VPC that is not older than `maxAgeMs`. */
  readonly where: (maxAgeMs?: number) => Promise<Where>;
  /** Two passes may want to change one group at the same time. */
  readonly locks: KeyedLock;
}

type GroupOfTargets = Pick<TargetSelection, 'backend'> & { readonly arn: string };

export interface Synced {
  /** When a refused target is to be tried again. Absent if there is none. */
  readonly retryAfterMs?: number;
}

/** Far below AWS's limit for one call, because a refused target costs all others of its call a second call. */
const batchSize = 200;

/**
 * Registers missing targets, then deregisters surplus targets, then looks for the targets that AWS refuses. A refused target
 * does not delay other targets, nor the removal of old targets. It becomes a trouble of the group, which the status reports.
 * @throws AwsError if AWS refuses more than single targets. Earlier changes are remembered
 */
export function syncTargets(
  context: TargetsContext,
  group: GroupOfTargets,
  desired: readonly Target[],
): Promise<Synced> {
  return context.locks.run(targetsLock(group.arn), () => new Sync(context, group).run(desired));
}

class Sync {
  readonly #context: TargetsContext;
  readonly #group: GroupOfTargets;

  constructor(context: TargetsContext, group: GroupOfTargets) {
    this.#context = context;
    this.#group = group;
  }

  async run(desired: readonly Target[]): Promise<Synced> {
    const { membership, clients, refusals } = this.#context;
    const { arn } = this.#group;
    const { where, fit, unfit } = await this.#sorted(desired);
    const wanted = new Map(fit.map(({ id, port }) => [targetKey({ id, port }), { id, port }]));
    refusals.retain(arn, new Set(wanted.keys()));
    if (membership.members(arn) !== undefined || !membership.confirms(arn, [...wanted.values()])) {
      const members = membership.members(arn) ?? (await readHealth(clients, arn)).members;
      await this.#change(members, wanted, where);
    }
    this.#report(unfit);
    const retryAfterMs = refusals.retryAfterMs(arn);
    return retryAfterMs === undefined ? {} : { retryAfterMs };
  }

  async #change(
    members: readonly Target[],
    wanted: ReadonlyMap<string, Target>,
    where: Where | undefined,
  ): Promise<void> {
    const { membership, clients, refusals } = this.#context;
    const { arn } = this.#group;
    const known = new Map(members.map((target) => [targetKey(target), target]));
    const surplus = [...known].flatMap(([key, target]) => (wanted.has(key) ? [] : [target]));
    const held = new Set(refusals.of(arn).flatMap(({ targets }) => targets.map(targetKey)));
    const fresh = [...wanted].flatMap(([key, target]) => (known.has(key) || held.has(key) ? [] : [target]));
    const describe = (target: Target): TargetDescription => describedBy(target, where);
    const registration = new Registration({ clients, arn, describe, known, refusals });
    const failures: unknown[] = [];
    const attempt = (work: () => Promise<void>) => work().catch((error: unknown) => failures.push(error));
    await attempt(async () => {
      for (const batch of batches(fresh)) await registration.register(batch);
    });
    // Deregister even if registering failed, because targets that are gone must not get requests.
    await attempt(async () => {
      for (const batch of batches(surplus)) {
        const Targets = batch.map(describe);
        await clients.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets }));
        for (const target of batch) known.delete(targetKey(target));
      }
    });
    if (failures.length === 0) await attempt(() => registration.narrow());
    registration.holdRest();
    const isSure = failures.every((error) => error instanceof AwsError && !isUncertain(error));
    if (isSure) membership.confirm(arn, [...known.values()]);
    else membership.forget(arn);
    if (failures.length > 0) throw failures[0];
  }

  /** Separates the targets that AWS accepts, by its documentation, from the others. */
  async #sorted(desired: readonly Target[]) {
    const { membership, refusals } = this.#context;
    const { arn } = this.#group;
    if (desired.every(({ id }) => isInstance(id))) return { where: undefined, fit: desired, unfit: [] };
    let where = await this.#context.where();
    const known = new Set((membership.members(arn) ?? []).map(targetKey));
    const isStrange = (target: Target) => where(target.id) !== 'inside' && !known.has(targetKey(target));
    const strange = new Set(desired.filter(isStrange).map(targetKey));
    if (refusals.setStrange(arn, strange)) where = await this.#context.where(subnetsFreshMs);
    const { fit = [], unfit = [] } = Object.groupBy(desired, ({ id }) =>
      where(id) === 'inside' || where(id) === 'outside' ? 'fit' : 'unfit',
    );
    return { where, fit, unfit };
  }

  #report(unfit: readonly Target[]): void {
    const { troubles, refusals } = this.#context;
    const { arn, backend } = this.#group;
    if (backend === undefined) return;
    troubles.set(arn, 'registration', [
      ...unfitTroubles(backend.service, unfit),
      ...refusedTroubles(backend.service, refusals.of(arn)),
    ]);
  }
}

/** "If the IP address is outside the VPC, this parameter is required": API_TargetDescription. */
const describedBy = ({ id, port }: Target, where: Where | undefined): TargetDescription => ({
  Id: id,
  Port: port,
  ...(where?.(id) === 'outside' && { AvailabilityZone: 'all' }),
});

const named = ({ id, port }: Target): string => (id.includes(':') ? `[${id}]:${port}` : `${id}:${port}`);

const unfitTroubles = (service: ObjectKey, unfit: readonly Target[]): readonly TargetTrouble[] =>
  unfit.length === 0 ? [] : [{ kind: 'targets-unfit', service, targets: unfit.map(named) }];

/** AWS's messages mostly differ only by the target's name, so only the first message is reported. */
function refusedTroubles(service: ObjectKey, refused: readonly Refused[]): readonly TargetTrouble[] {
  const [first] = refused;
  if (first === undefined) return [];
  const targets = refused.flatMap((each) => each.targets.map(named)).toSorted();
  return [{ kind: 'targets-refused', service, targets, detail: first.detail }];
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += batchSize) yield items.slice(start, start + batchSize);
}
