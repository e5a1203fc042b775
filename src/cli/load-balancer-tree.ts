// A load balancer in AWS, as a tree.
import type { LiveListener, LiveLoadBalancer, LiveRule, LiveTarget } from './live-load-balancer.ts';
import { type Mark, marked } from './marks.ts';
import { conditionWords } from './rule-words.ts';
import type { Branch } from './tree.ts';

export const loadBalancerBranch = ({ name, scheme, state, listeners, behind }: LiveLoadBalancer): Branch => ({
  lines: [
    marked(
      state === 'active' ? 'good' : state === 'failed' ? 'bad' : 'waiting',
      `load balancer ${name} (${scheme}, ${state})`,
    ),
  ],
  branches: [...listeners.map(listenerBranch), ...behind.map(loadBalancerBranch)],
});

function listenerBranch({ protocol, port, policy, certificates, rules }: LiveListener): Branch {
  const names = certificates.map((arn) => arn.split('/').at(-1));
  return {
    lines: [
      `${protocol} :${port}`,
      ...(names.length === 0 ? [] : [`certificates: ${names.join(', ')}`]),
      ...(policy === undefined ? [] : [`policy: ${policy}`]),
    ],
    branches: rules.map(ruleBranch),
  };
}

function ruleBranch({ priority, conditions, transforms, answer, targetGroups }: LiveRule): Branch {
  const total = targetGroups.reduce((sum, { weight }) => sum + weight, 0);
  const isOnly = targetGroups.length === 1;
  const matches = priority === 'default' ? 'otherwise' : `${priority}. ${conditions.map(conditionWords).join(', ')}`;
  return {
    lines: [`${matches}${answer === undefined ? '' : ` → ${answer}`}`, ...transforms],
    branches: targetGroups.map(({ name, targetType, weight, targets }) => ({
      lines: [
        `${isOnly ? '' : `${total === 0 ? 0 : Math.round((weight / total) * 100)}% `}target group ${name} (${targetType}, ${healthWords(targets)})`,
      ],
      branches: targets.map((target) => ({ lines: [targetLine(target)] })),
    })),
  };
}

/** Includes `unhealthy.draining`: an NLB's target that keeps its connections for a while. */
const isUnhealthy = ({ state }: LiveTarget): boolean => state.startsWith('unhealthy');

const isHealthy = ({ state }: LiveTarget): boolean => state === 'healthy';

function healthWords(targets: readonly LiveTarget[]): string {
  if (targets.length === 0) return 'no targets';
  // "If a target group contains only unhealthy registered targets, the load balancer routes requests to all those targets."
  const goesToAll = targets.every(isUnhealthy) ? ', so AWS sends to all' : '';
  return `${targets.filter(isHealthy).length} of ${targets.length} healthy${goesToAll}`;
}

const targetLine = (target: LiveTarget): string =>
  marked(
    targetMark(target),
    `${target.id}:${target.port} ${target.state}${target.reason === undefined || isHealthy(target) ? '' : `: ${target.reason}`}`,
  );

function targetMark(target: LiveTarget): Mark {
  if (isHealthy(target)) return 'good';
  return isUnhealthy(target) || target.state === 'unavailable' ? 'bad' : 'waiting';
}

/** Whether a load balancer has failed, or has an unhealthy or unavailable target. */
export const isTroubled = ({ state, listeners, behind }: LiveLoadBalancer): boolean =>
  state === 'failed' ||
  behind.some(isTroubled) ||
  listeners.some(({ rules }) =>
    rules.some(({ targetGroups }) =>
      targetGroups.some(({ targets }) => targets.some((each) => targetMark(each) === 'bad')),
    ),
  );
