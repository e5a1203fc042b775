import { type Action, AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { checkActions, type RuleAction, readActions } from './actions.ts';
import { newRuleArn } from './arns.ts';
import { type RuleCondition, readConditions, readNetworkConditions } from './conditions.ts';
import { invalidConfiguration, operationNotPermitted, validationError } from './errors.ts';
import { findListener, findLoadBalancer, findRule, listenerOf, ruleOf, rulesOf } from './find.ts';
import { flag, integer, nonEmpty, records, requiredText, text, texts } from './input.ts';
import { page } from './page.ts';
import type { Listener, LoadBalancer, Rule } from './state.ts';
import { tagsOf } from './tags.ts';
import { type RuleTransform, readTransforms } from './transforms.ts';
import { noteUsage, targetGroupsOf } from './usage.ts';

const priorities = { min: 1, max: 50_000 };

function describeRule(rule: Rule): Output {
  return {
    RuleArn: rule.arn,
    Priority: String(rule.priority),
    Conditions: rule.conditions,
    Actions: rule.actions,
    IsDefault: rule.priority === 'default',
    Transforms: rule.transforms,
  };
}

/** Rules in their order of evaluation: by priority, the default rule last. */
const priorityKey = ({ priority }: Rule) => (priority === 'default' ? '99999' : String(priority).padStart(5, '0'));

const priorityInUse = (priority: number) => new AwsError('PriorityInUse', `Priority '${priority}' is currently in use`);

/** Creates a rule. The caller has checked its actions. */
export function addRule(
  world: World,
  listener: Listener,
  rule: Pick<Rule, 'priority' | 'conditions' | 'actions' | 'transforms' | 'tags'>,
): Rule {
  const { arn: listenerArn, loadBalancerArn } = listener;
  const added: Rule = { arn: newRuleArn(world, listenerArn), listenerArn, loadBalancerArn, ...rule };
  world.elbv2.rules.set(added.arn, added);
  noteUsage(world, targetGroupsOf(added.actions));
  return added;
}

export function replaceActions(world: World, rule: Rule, actions: readonly RuleAction[]): void {
  const before = targetGroupsOf(rule.actions);
  rule.actions = actions;
  noteUsage(world, new Set([...before, ...targetGroupsOf(actions)]));
}

export function defaultRuleOf(world: World, listener: Listener): Rule {
  const rule = rulesOf(world.elbv2, listener.arn).find(({ priority }) => priority === 'default');
  if (!rule) throw new Error(`Expected ${listener.arn} to have a default rule`);
  return rule;
}

function conditionsFor(world: World, { type }: LoadBalancer, input: Input): readonly RuleCondition[] {
  return type === 'network' ? readNetworkConditions(input) : readConditions(world, input);
}

function transformsFor({ type }: LoadBalancer, input: Input): readonly RuleTransform[] {
  const transforms = readTransforms(input);
  if (type === 'network' && transforms.length > 0) {
    throw invalidConfiguration('Transforms are only for Application Load Balancers');
  }
  return transforms;
}

function create(world: World, input: Input): Output {
  const { rules } = world.elbv2;
  const listener = listenerOf(world.elbv2, input);
  const loadBalancer = findLoadBalancer(world.elbv2, listener.loadBalancerArn);
  // "The listener must be associated with an Application Load Balancer or a dual-stack Network Load Balancer."
  if (loadBalancer.type === 'network' && loadBalancer.ipAddressType !== 'dualstack') {
    throw invalidConfiguration('Rules are only for Application Load Balancers and dualstack Network Load Balancers');
  }
  const priority = integer(input, 'Priority', priorities);
  if (priority === undefined) throw validationError('Parameter Priority must be specified');
  const conditions = conditionsFor(world, loadBalancer, input);
  const actions = readActions(input, 'Actions');
  const transforms = transformsFor(loadBalancer, input);
  const tags = tagsOf(input);
  if (rulesOf(world.elbv2, listener.arn).some((rule) => rule.priority === priority)) throw priorityInUse(priority);
  const quota = world.options.quotas['rules-per-application-load-balancer'];
  const ours = [...rules.values()].filter(
    (rule) => rule.loadBalancerArn === loadBalancer.arn && rule.priority !== 'default',
  );
  if (loadBalancer.type === 'application' && ours.length >= quota) {
    throw new AwsError('TooManyRules', `The maximum number of rules on this load balancer, ${quota}, has been reached`);
  }
  checkActions(world, loadBalancer, listener, actions, undefined);
  return { Rules: [describeRule(addRule(world, listener, { priority, conditions, actions, transforms, tags }))] };
}

function describe(world: World, input: Input): Output {
  const arns = texts(input, 'RuleArns') ?? [];
  const listenerArn = text(input, 'ListenerArn');
  if ((arns.length === 0) === (listenerArn === undefined)) {
    throw validationError('You must specify either listener rule ARNs or a listener ARN');
  }
  if (listenerArn === undefined) return { Rules: arns.map((arn) => describeRule(findRule(world.elbv2, arn))) };
  const listener = findListener(world.elbv2, listenerArn);
  const { items, nextMarker } = page(input, rulesOf(world.elbv2, listener.arn), priorityKey);
  return { Rules: items.map(describeRule), NextMarker: nextMarker };
}

function modify(world: World, input: Input): Output {
  const rule = ruleOf(world.elbv2, input);
  if (rule.priority === 'default') throw operationNotPermitted('The default rule is modified through its listener');
  const resetTransforms = flag(input, 'ResetTransforms') === true;
  if (resetTransforms && input['Transforms'] !== undefined) {
    throw validationError('Transforms and ResetTransforms cannot be specified at the same time');
  }
  const loadBalancer = findLoadBalancer(world.elbv2, rule.loadBalancerArn);
  const conditions = input['Conditions'] === undefined ? rule.conditions : conditionsFor(world, loadBalancer, input);
  const transforms = input['Transforms'] === undefined ? rule.transforms : transformsFor(loadBalancer, input);
  if (input['Actions'] !== undefined) {
    const actions = readActions(input, 'Actions');
    checkActions(world, loadBalancer, findListener(world.elbv2, rule.listenerArn), actions, rule);
    replaceActions(world, rule, actions);
  }
  rule.conditions = conditions;
  rule.transforms = resetTransforms ? [] : transforms;
  return { Rules: [describeRule(rule)] };
}

/** All priorities change at once, so that two rules can swap theirs. */
function setPriorities(world: World, input: Input): Output {
  const wanted = nonEmpty(records(input, 'RulePriorities'), 'RulePriorities').map((pair) => {
    const priority = integer(pair, 'Priority', priorities);
    if (priority === undefined) throw validationError('Parameter Priority must be specified');
    return { rule: findRule(world.elbv2, requiredText(pair, 'RuleArn')), priority };
  });
  const moved = new Map(wanted.map(({ rule, priority }) => [rule, priority]));
  if (moved.size < wanted.length) throw validationError('A rule can be given one priority');
  for (const [rule, priority] of moved) {
    if (rule.priority === 'default') throw operationNotPermitted('The default rule has no priority to set');
    const clash = rulesOf(world.elbv2, rule.listenerArn).some(
      (other) => other !== rule && (moved.get(other) ?? other.priority) === priority,
    );
    if (clash) throw priorityInUse(priority);
  }
  for (const [rule, priority] of moved) rule.priority = priority;
  return { Rules: [...moved.keys()].map(describeRule) };
}

export function ruleActions(world: World): Record<string, Action> {
  return {
    CreateRule: (input) => create(world, input),
    DescribeRules: (input) => describe(world, input),
    ModifyRule: (input) => modify(world, input),
    SetRulePriorities: (input) => setPriorities(world, input),
    DeleteRule(input) {
      const rule = ruleOf(world.elbv2, input);
      if (rule.priority === 'default') throw operationNotPermitted(`Default rule '${rule.arn}' cannot be deleted`);
      world.elbv2.rules.delete(rule.arn);
      noteUsage(world, targetGroupsOf(rule.actions));
      return {};
    },
  };
}
