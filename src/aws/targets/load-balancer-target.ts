// The target of a group of type `alb`: the ALB behind an NLB, on the port of one of its listeners.

import {
  DeregisterTargetsCommand,
  RegisterTargetsCommand,
  type TargetDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { problemsOf } from '../errors.ts';
import type { TargetSelection } from '../model/resources.ts';
import type { Target } from '../model/targets.ts';
import type { OwnedResource } from '../observed.ts';
import type { Problem } from '../problem.ts';
import type { Binding } from './bindings.ts';
import { readHealth } from './health.ts';
import { targetKey, targetsLock } from './membership.ts';
import type { TargetsContext } from './sync-targets.ts';

type Context = Pick<TargetsContext, 'clients' | 'membership' | 'locks'>;

/**
 * Registers ALBs again in the groups of the NLB in front, if AWS has lost them. Mostly nothing has changed, so it costs no call.
 * @param owned the Gateway's existing resources
 * @returns AWS's refusals
 */
export async function registerLoadBalancers(
  context: Context,
  bindings: readonly Binding[],
  owned: readonly OwnedResource[],
): Promise<readonly Problem[]> {
  const problems = bindings.map(({ arn, group }) =>
    problemsOf(group.id, async () => {
      const target = loadBalancerTarget(group, owned);
      if (target !== undefined) await syncLoadBalancerTarget(context, arn, target);
      return [];
    }),
  );
  return (await Promise.all(problems)).flat();
}

/** Undefined until the ALB has a listener on the port, because AWS refuses to register it before that. */
function loadBalancerTarget(
  { loadBalancer, spec: { port } }: TargetSelection,
  owned: readonly OwnedResource[],
): Target | undefined {
  const found = owned.find(({ kind, id }) => kind === 'load-balancer' && id === loadBalancer);
  const listens = owned.some(
    (each) => each.kind === 'listener' && each.loadBalancerArn === found?.arn && each.port === port,
  );
  return found === undefined || port === undefined || !listens ? undefined : { id: found.arn, port };
}

/**
 * Makes the ALB the only target. Removes an earlier one first: "You can only add one Application Load Balancer per target group".
 * @throws AwsError
 */
export function syncLoadBalancerTarget(
  { clients, membership, locks }: Context,
  arn: string,
  target: Target,
): Promise<void> {
  return locks.run(targetsLock(arn), async () => {
    if (membership.members(arn) === undefined && membership.confirms(arn, [target])) return;
    const members = membership.members(arn) ?? (await readHealth(clients, arn)).members;
    const surplus = members.filter((each) => targetKey(each) !== targetKey(target));
    const isRegistered = surplus.length < members.length;
    const input = { TargetGroupArn: arn };
    // Forget first, because after a failed call the group's target is unknown.
    if (surplus.length > 0 || !isRegistered) membership.forget(arn);
    if (surplus.length > 0) {
      await clients.elbv2.send(new DeregisterTargetsCommand({ ...input, Targets: surplus.map(description) }));
    }
    if (!isRegistered) {
      await clients.elbv2.send(new RegisterTargetsCommand({ ...input, Targets: [description(target)] }));
    }
    membership.confirm(arn, [target]);
  });
}

const description = ({ id, port }: Target): TargetDescription => ({ Id: id, Port: port });
