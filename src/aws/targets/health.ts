// The health of a target group's targets, as AWS has it now.
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsClients } from '../clients.ts';
import type { Target } from '../model/targets.ts';

export interface Health {
  /** Without draining targets. */
  readonly members: readonly Target[];
  /** The members that do not answer health checks in time. */
  readonly silent: readonly Target[];
  /** Whether at least one target is healthy. */
  readonly healthy: boolean;
  /** Whether AWS has registered all targets in zones of the load balancer. It begins the health checks after that. */
  readonly registered: boolean;
  /** How many targets are in each of AWS's states: `healthy`, `unhealthy`, `initial`, `draining` … */
  readonly states: Readonly<Record<string, number>>;
}

/** Called each time a target group's health was read. */
export type OnHealth = (arn: string, health: Health) => void;

/** @throws AwsError */
export async function readHealth(clients: AwsClients, arn: string): Promise<Health> {
  const { TargetHealthDescriptions = [] } = await clients.elbv2.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: arn }),
  );
  const members = TargetHealthDescriptions.flatMap(({ Target: { Id: id, Port: port } = {}, TargetHealth }) =>
    id === undefined || port === undefined || TargetHealth?.State === 'draining'
      ? []
      : [{ target: { id, port }, silent: TargetHealth?.Reason === 'Target.Timeout' }],
  );
  const used = TargetHealthDescriptions.flatMap(({ TargetHealth = {} }) =>
    TargetHealth.State === 'unused' ? [] : TargetHealth,
  );
  return {
    members: members.map(({ target }) => target),
    silent: members.flatMap(({ target, silent }) => (silent ? [target] : [])),
    healthy: TargetHealthDescriptions.some(({ TargetHealth }) => TargetHealth?.State === 'healthy'),
    registered: used.length > 0 && used.every(({ Reason }) => Reason !== 'Elb.RegistrationInProgress'),
    states: countBy(TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth?.State ?? 'unknown')),
  };
}

const countBy = (states: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(states, (state) => state)].map(([state, same]) => [state, same.length]));
