import type { Input } from '../service.ts';
import { checkArn } from './arns.ts';
import {
  listenerNotFound,
  loadBalancerNotFound,
  ruleNotFound,
  targetGroupNotFound,
  trustStoreNotFound,
} from './errors.ts';
import { requiredText } from './input.ts';
import type { Elbv2State, Listener, LoadBalancer, Rule, TargetGroup, TrustStore } from './state.ts';

export function findLoadBalancer(state: Elbv2State, arn: string): LoadBalancer {
  checkArn(arn, 'load balancer');
  const found = state.loadBalancers.get(arn);
  if (!found) throw loadBalancerNotFound(arn);
  return found;
}

export function findListener(state: Elbv2State, arn: string): Listener {
  checkArn(arn, 'listener');
  const found = state.listeners.get(arn);
  if (!found) throw listenerNotFound(arn);
  return found;
}

export function findRule(state: Elbv2State, arn: string): Rule {
  checkArn(arn, 'listener rule');
  const found = state.rules.get(arn);
  if (!found) throw ruleNotFound(arn);
  return found;
}

export function findTargetGroup(state: Elbv2State, arn: string): TargetGroup {
  checkArn(arn, 'target group');
  const found = state.targetGroups.get(arn);
  if (!found) throw targetGroupNotFound(arn);
  return found;
}

export function findTrustStore(state: Elbv2State, arn: string): TrustStore {
  checkArn(arn, 'trust store');
  const found = state.trustStores.get(arn);
  if (!found) throw trustStoreNotFound(arn);
  return found;
}

export const loadBalancerOf = (state: Elbv2State, input: Input) =>
  findLoadBalancer(state, requiredText(input, 'LoadBalancerArn'));
export const listenerOf = (state: Elbv2State, input: Input) => findListener(state, requiredText(input, 'ListenerArn'));
export const ruleOf = (state: Elbv2State, input: Input) => findRule(state, requiredText(input, 'RuleArn'));
export const targetGroupOf = (state: Elbv2State, input: Input) =>
  findTargetGroup(state, requiredText(input, 'TargetGroupArn'));
export const trustStoreOf = (state: Elbv2State, input: Input) =>
  findTrustStore(state, requiredText(input, 'TrustStoreArn'));

export const listenersOf = (state: Elbv2State, loadBalancerArn: string) =>
  [...state.listeners.values()].filter((listener) => listener.loadBalancerArn === loadBalancerArn);
/** The target groups in which a load balancer is registered, by its ARN. */
export const groupsOf = (state: Elbv2State, loadBalancerArn: string): readonly TargetGroup[] =>
  [...state.targetGroups.values()].filter(({ targets }) =>
    [...targets.values()].some(({ id, drainingUntil }) => id === loadBalancerArn && drainingUntil === undefined),
  );
export const rulesOf = (state: Elbv2State, listenerArn: string) =>
  [...state.rules.values()].filter((rule) => rule.listenerArn === listenerArn);
