// The rules of a load balancer in AWS, in the model's terms.
import { portsOfListener } from '../listener-ports.ts';
import { hash } from '../model/hash.ts';
import { isEmptyGroup, resourceId } from '../model/naming.ts';
import { isNlbProtocol } from '../model/nlb/protocol.ts';
import type { ResourceId, RuleResource, Tags } from '../model/resources.ts';
import type { Standing, StandingForward, StandingRule } from '../model/standing.ts';
import {
  type OwnedListener,
  type OwnedResource,
  type OwnedRule,
  type OwnedTargetGroup,
  TAG,
  timeIn,
} from '../observed.ts';
import { pairPatienceMs } from '../timings.ts';

/** @param name the load balancer's name in ids. @param now in milliseconds since the epoch. @returns its ports, and its fully known rules, ordered by port and priority */
export function standingRules(
  owned: readonly OwnedResource[],
  name: string,
  now: number,
): Pick<Standing, 'ports' | 'rules' | 'forwards'> {
  const loadBalancer = resourceId('load-balancer', name);
  const loadBalancers = new Set(
    owned.flatMap(({ kind, id, arn }) => (kind === 'load-balancer' && id === loadBalancer ? arn : [])),
  );
  const listeners = owned.flatMap((each) =>
    each.kind === 'listener' && loadBalancers.has(each.loadBalancerArn) ? each : [],
  );
  const ports = new Map(listeners.map(({ arn, port }) => [arn, port]));
  const targetGroups = new Map(owned.flatMap((each) => (each.kind === 'target-group' ? [[each.arn, each]] : [])));
  const groups = new Map([...targetGroups].map(([arn, { id }]) => [arn, id]));
  const rules = owned.flatMap((rule) => {
    const port = rule.kind === 'rule' ? ports.get(rule.listenerArn) : undefined;
    return rule.kind === 'rule' && port !== undefined ? (standingRule(rule, port, groups) ?? []) : [];
  });
  return {
    ports: new Set(listeners.flatMap(({ protocol, port }) => portsOfListener(protocol, port))),
    forwards: new Map(
      listeners.flatMap((listener) => {
        const forward = standingForward(listener, targetGroups, now);
        return forward === undefined ? [] : [[listener.port, forward] as const];
      }),
    ),
    rules: rules.toSorted((a, b) => a.port - b.port || a.priority - b.priority || (a.id < b.id ? -1 : 1)),
  };
}

function standingForward(
  { protocol, forwards, tags }: OwnedListener,
  groups: ReadonlyMap<string, OwnedTargetGroup>,
  now: number,
): StandingForward | undefined {
  if (!isNlbProtocol(protocol)) return undefined;
  const serving = forwards.flatMap(({ arn, weight }) => {
    const group = weight === 0 ? undefined : groups.get(arn);
    return group === undefined ? [] : [{ group, weight }];
  });
  if (serving.length === 0) return undefined;
  const withTargets = serving.find(({ group }) => !isEmptyGroup(group.id))?.group;
  return {
    protocol,
    targetGroups: serving.map(({ group, weight }) => ({ targetGroup: group.id, weight })),
    ...(withTargets !== undefined && { family: withTargets.ipAddressType === 'ipv6' ? 'IPv6' : 'IPv4' }),
    ...(protocol === 'TCP_UDP' && { patience: patienceOf(tags, now) }),
  };
}

function patienceOf({ [TAG.apart]: tag }: Tags, now: number): NonNullable<StandingForward['patience']> {
  const since = timeIn(tag) ?? now;
  const until = since + pairPatienceMs;
  return { since, until, isBegun: tag !== undefined, isOver: now >= until };
}

function standingRule(
  rule: OwnedRule,
  port: number,
  groups: ReadonlyMap<string, ResourceId>,
): StandingRule | undefined {
  const spec = specOf(rule, groups);
  if (spec === undefined) return undefined;
  const { id, priority, tags } = rule;
  return { id, port, priority, spec, specHash: tags[TAG.spec], routes: tags[TAG.routes] };
}

function specOf(
  { content, targetGroups, tags }: OwnedRule,
  groups: ReadonlyMap<string, ResourceId>,
): RuleResource['spec'] | undefined {
  if (content === undefined) return undefined;
  const { conditions, action, transforms } = content;
  if (action.kind !== 'forward') return { conditions, action, transforms };
  const forwards = targetGroups.flatMap(({ arn, weight }) => {
    const targetGroup = groups.get(arn);
    return targetGroup === undefined ? [] : { targetGroup, weight };
  });
  if (forwards.length < targetGroups.length) return undefined;
  const as = (shares: typeof forwards): RuleResource['spec'] => ({
    conditions,
    action: { kind: 'forward', targetGroups: shares },
    transforms,
  });
  // A group that is warming up was added to the rule later: its spec has no such group.
  const serving = as(forwards.filter(({ weight }) => weight > 0));
  return hash(serving) === tags[TAG.spec] ? serving : as(forwards);
}
