// A Gateway's resources in AWS, read from the state directly, so that no filter or lag hides anything.
import type { SecurityGroup } from '../../../localstack/aws/ec2/state.ts';
import type { Listener, LoadBalancer, Rule, Target, TargetGroup } from '../../../localstack/aws/elbv2/state.ts';
import type { Rig } from './gatehouse.ts';
import { ruleWords } from './rule-words.ts';

export interface TargetGroupView {
  readonly group: TargetGroup;
  /** `NAMESPACE/SERVICE:PORT`, `alb:PORT`, or `empty`. */
  readonly name: string;
  /** `ID:PORT` of the targets that do not drain, sorted. An ALB has its name as id. */
  readonly targets: readonly string[];
}

export interface ListenerView {
  readonly listener: Listener;
  /** By priority, the default rule last. */
  readonly rules: readonly Rule[];
  /** The rules in the words of support/rule-words.ts, without the default rule. */
  readonly words: readonly string[];
  /** The default rule's action, in the same words. */
  readonly otherwise: string;
}

export interface GatewayInAws {
  readonly loadBalancers: readonly LoadBalancer[];
  /** By port. */
  readonly listeners: readonly ListenerView[];
  /** By name. */
  readonly targetGroups: readonly TargetGroupView[];
  readonly securityGroups: readonly SecurityGroup[];
}

const gatewayTag = 'gatehouse.dev/gateway';
const resourceTag = 'gatehouse.dev/resource';

const targetGroupName = ({ tags, targetType, port: own }: TargetGroup): string => {
  if (targetType === 'alb') return `alb:${own}`;
  const [, , namespace, service, port] = (tags.get(resourceTag) ?? '').split('/');
  return port === undefined ? 'empty' : `${namespace}/${service}:${port}`;
};

const rank = ({ priority }: Rule): number => (priority === 'default' ? Number.POSITIVE_INFINITY : priority);

/** @param gateway `NAMESPACE/NAME` */
export function awsOf(rig: Rig, gateway: string): GatewayInAws {
  const { elbv2, ec2 } = rig.aws.world();
  const owned = <T extends { readonly tags: ReadonlyMap<string, string> }>(all: ReadonlyMap<string, T>): readonly T[] =>
    [...all.values()].filter(({ tags }) => tags.get(gatewayTag) === gateway);
  const targetName = ({ id, port }: Target): string => `${elbv2.loadBalancers.get(id)?.name ?? id}:${port}`;
  const groupName = (arn: string): string => {
    const group = elbv2.targetGroups.get(arn);
    return group === undefined ? `gone:${arn}` : targetGroupName(group);
  };
  return {
    loadBalancers: owned(elbv2.loadBalancers),
    listeners: owned(elbv2.listeners)
      .toSorted((a, b) => a.port - b.port)
      .map((listener) => {
        const rules = [...elbv2.rules.values()]
          .filter(({ listenerArn }) => listenerArn === listener.arn)
          .toSorted((a, b) => rank(a) - rank(b));
        const worded = (isDefault: boolean) =>
          rules
            .filter(({ priority }) => (priority === 'default') === isDefault)
            .map((rule) => ruleWords(rule, groupName));
        return { listener, rules, words: worded(false), otherwise: worded(true).join() };
      }),
    targetGroups: owned(elbv2.targetGroups)
      .map((group) => ({
        group,
        name: targetGroupName(group),
        targets: [...group.targets.values()]
          .filter(({ drainingUntil }) => drainingUntil === undefined)
          .map(targetName)
          .toSorted(),
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name)),
    securityGroups: owned(ec2.securityGroups),
  };
}

/** The rules on a Gateway's port in words, by priority. */
export const rulesOf = (rig: Rig, gateway: string, port = 80): readonly string[] =>
  awsOf(rig, gateway).listeners.flatMap(({ listener, words }) => (listener.port === port ? words : []));

/** The default action of a Gateway's port. An NLB has no other rules. */
export const otherwiseOf = (rig: Rig, gateway: string, port: number): string =>
  awsOf(rig, gateway).listeners.find(({ listener }) => listener.port === port)?.otherwise ?? '';

/** The targets of a Gateway's target group for a Service, `SERVICE:PORT`; empty if there is no such group. */
export const targetsOf = (rig: Rig, gateway: string, backend: string): readonly string[] =>
  awsOf(rig, gateway).targetGroups.find(({ name }) => name.endsWith(`/${backend}`))?.targets ?? [];

/** Everything that a Gateway has in AWS, by ARN or id; empty after the cleanup. */
export function leftOf(rig: Rig, gateway: string): readonly string[] {
  const { elbv2, ec2, acm } = rig.aws.world();
  const kinds: readonly ReadonlyMap<string, { readonly tags: ReadonlyMap<string, string> }>[] = [
    elbv2.loadBalancers,
    elbv2.listeners,
    elbv2.rules,
    elbv2.targetGroups,
    ec2.securityGroups,
    ec2.securityGroupRules,
    acm.certificates,
  ];
  return kinds.flatMap((all) => [...all].flatMap(([id, { tags }]) => (tags.get(gatewayTag) === gateway ? [id] : [])));
}
