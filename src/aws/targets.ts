// Brings a target group's members to what is desired, with as few calls as can be: only what differs from what is known.
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  RegisterTargetsCommand,
  type TargetDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TargetTrouble } from '../gateway/problem.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { AwsClients } from './clients.ts';
import { type AwsError, isInvalid } from './errors.ts';
import type { KeyedLock } from './keyed-lock.ts';
import { type Membership, targetKey } from './membership.ts';
import type { TargetSelection } from './model/resources.ts';
import type { Target } from './model/targets.ts';
import type { TargetTroubles } from './target-troubles.ts';

export interface TargetsContext {
  readonly clients: AwsClients;
  readonly membership: Membership;
  readonly troubles: TargetTroubles;
  /** Two passes may want to change one group at a time. */
  readonly locks: KeyedLock;
}

/** Well below what AWS takes in one call, so that one refused target costs few others a second call. */
const batchSize = 200;

/** The key under which a group's members are read and changed by one at a time. */
export const targetsLock = (arn: string): string => `targets ${arn}`;

const description = ({ id, port }: Target): TargetDescription => ({ Id: id, Port: port });

/**
 * Registers what is missing, then deregisters what is too much. A target that AWS refuses keeps no other one out: it is
 * one of the group's troubles, and comes back as such.
 * @throws AwsError when AWS refuses more than single targets; what the group has is then read the next time.
 */
export function syncTargets(
  context: TargetsContext,
  { arn, backend }: Pick<TargetSelection, 'backend'> & { readonly arn: string },
  desired: readonly Target[],
): Promise<readonly TargetTrouble[]> {
  return context.locks.run(targetsLock(arn), async () => {
    const { membership, clients, troubles } = context;
    if (membership.members(arn) === undefined && membership.confirms(arn, desired)) {
      troubles.set(arn, 'registration', []);
      return [];
    }
    const known = membership.members(arn) ?? (await readMembers(clients, arn));
    const wanted = new Set(desired.map(targetKey));
    const present = new Set(known.map(targetKey));
    const missing = desired.filter((target) => !present.has(targetKey(target)));
    const surplus = known.filter((target) => !wanted.has(targetKey(target)));
    try {
      const refused = new Map<Target, AwsError>();
      for (const batch of batches(missing)) await register(clients, arn, batch, refused);
      for (const batch of batches(surplus)) {
        await clients.elbv2.send(
          new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: batch.map(description) }),
        );
      }
      membership.confirm(arn, refused.size === 0 ? desired : desired.filter((target) => !refused.has(target)));
      const met = backend === undefined ? [] : troublesOf(backend.service, refused);
      troubles.set(arn, 'registration', met);
      return met;
    } catch (error) {
      membership.forget(arn);
      throw error;
    }
  });
}

function troublesOf(service: ObjectKey, refused: ReadonlyMap<Target, AwsError>): readonly TargetTrouble[] {
  const [error] = refused.values();
  const targets = [...refused.keys()].map(({ id, port }) => `${id}:${port}`);
  return error === undefined ? [] : [{ kind: 'targets-refused', service, targets, detail: error.detail }];
}

/** Members as AWS has them now; those that drain are none any more. */
export async function readMembers(clients: AwsClients, arn: string): Promise<readonly Target[]> {
  const { TargetHealthDescriptions = [] } = await clients.elbv2.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: arn }),
  );
  return TargetHealthDescriptions.flatMap(({ Target: { Id: id, Port: port } = {}, TargetHealth }) =>
    id === undefined || port === undefined || TargetHealth?.State === 'draining' ? [] : [{ id, port }],
  );
}

/** AWS refuses a call for one bad target in it (InvalidTarget, or ValidationError for an address outside the VPC): halves find it. */
async function register(
  clients: AwsClients,
  arn: string,
  targets: readonly Target[],
  refused: Map<Target, AwsError>,
): Promise<void> {
  try {
    await clients.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: targets.map(description) }));
  } catch (error) {
    if (!isInvalid(error)) throw error;
    const [only] = targets;
    if (targets.length === 1 && only !== undefined) {
      refused.set(only, error);
      return;
    }
    const half = Math.ceil(targets.length / 2);
    await register(clients, arn, targets.slice(0, half), refused);
    await register(clients, arn, targets.slice(half), refused);
  }
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += batchSize) yield items.slice(start, start + batchSize);
}
