import type { Action, Input, Output } from '../service.ts';
import type { World } from '../world.ts';
import { type Attribute, listenerTable, loadBalancerTable, targetGroupTable } from './attribute-tables.ts';
import { invalidConfiguration, validationError } from './errors.ts';
import { listenerOf, loadBalancerOf, targetGroupOf } from './find.ts';
import { nonEmpty, records, requiredText, text } from './input.ts';
import type { Listener, LoadBalancer, TargetGroup } from './state.ts';
import { targetGroupsOf } from './usage.ts';

/** The value of an attribute: set, or the default. */
export function loadBalancerAttribute(loadBalancer: LoadBalancer, key: string): string | undefined {
  return loadBalancer.attributes.get(key) ?? loadBalancerTable(loadBalancer).find((each) => each.key === key)?.value;
}

export function listenerAttribute({ attributes, protocol }: Listener, key: string): string | undefined {
  return attributes.get(key) ?? listenerTable(protocol).find((each) => each.key === key)?.value;
}

export function targetGroupAttribute(group: TargetGroup, key: string): string | undefined {
  return group.attributes.get(key) ?? targetGroupTable(group).find((each) => each.key === key)?.value;
}

function describe(table: readonly Attribute[], set: ReadonlyMap<string, string>): Output {
  return { Attributes: table.map(({ key, value }) => ({ Key: key, Value: set.get(key) ?? value })) };
}

/** Checks the attributes in a request. An unknown key or an invalid value refuses the whole call. */
function readAttributes(input: Input, table: readonly Attribute[]): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>();
  for (const given of nonEmpty(records(input, 'Attributes'), 'Attributes')) {
    const key = requiredText(given, 'Key');
    const value = text(given, 'Value') ?? '';
    const known = table.find((each) => each.key === key);
    if (!known) throw invalidConfiguration(`Attribute key '${key}' is not recognized or not supported here`);
    if (!known.allows(value)) throw invalidConfiguration(`Attribute value '${value}' is not valid for '${key}'`);
    if (wanted.has(key)) throw validationError(`Attribute key '${key}' cannot be specified twice`);
    wanted.set(key, value);
  }
  return wanted;
}

function modify(input: Input, table: readonly Attribute[], onto: Map<string, string>): Output {
  for (const [key, value] of readAttributes(input, table)) onto.set(key, value);
  return describe(table, onto);
}

function modifyLoadBalancer(loadBalancer: LoadBalancer, input: Input): Output {
  const table = loadBalancerTable(loadBalancer);
  const wanted = readAttributes(input, table);
  const secondary = 'secondary_ips.auto_assigned.per_subnet';
  // "After you set this value, you can't decrease it."
  if (Number(wanted.get(secondary) ?? Infinity) < Number(loadBalancer.attributes.get(secondary) ?? 0)) {
    throw invalidConfiguration(`The value of '${secondary}' cannot be decreased`);
  }
  const after = new Map([...loadBalancer.attributes, ...wanted]);
  for (const kind of ['access_logs', 'connection_logs', 'health_check_logs']) {
    if (after.get(`${kind}.s3.enabled`) === 'true' && !after.get(`${kind}.s3.bucket`)) {
      throw invalidConfiguration(`'${kind}.s3.bucket' must be set when '${kind}.s3.enabled' is true`);
    }
  }
  return modify(input, table, loadBalancer.attributes);
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html */
function checkNetwork(world: World, group: TargetGroup, after: ReadonlyMap<string, string>): void {
  const tls = group.protocol === 'TLS' || listenersUsing(world, group).some(({ protocol }) => protocol === 'TLS');
  if (tls && after.get('stickiness.enabled') === 'true') {
    throw invalidConfiguration('Stickiness is not supported with TLS listeners and TLS target groups');
  }
  const key = 'target_health_state.unhealthy.draining_interval_seconds';
  const termination = 'target_health_state.unhealthy.connection_termination.enabled';
  const terminates = after.get(termination) ?? targetGroupAttribute(group, termination);
  if ((after.get(key) ?? '0') !== '0' && terminates === 'true') {
    throw invalidConfiguration(`'${key}' can only be set when '${termination}' is false`);
  }
}

function listenersUsing(world: World, group: TargetGroup): readonly Listener[] {
  const { rules, listeners } = world.elbv2;
  const using = [...rules.values()].filter(({ actions }) => targetGroupsOf(actions).includes(group.arn));
  return using.flatMap(({ listenerArn }) => listeners.get(listenerArn) ?? []);
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html */
function checkTogether(after: ReadonlyMap<string, string>): void {
  const algorithm = after.get('load_balancing.algorithm.type') ?? 'round_robin';
  if ((after.get('slow_start.duration_seconds') ?? '0') !== '0' && algorithm !== 'round_robin') {
    throw invalidConfiguration(`Slow start cannot be enabled with the '${algorithm}' algorithm`);
  }
  const appCookie = after.get('stickiness.enabled') === 'true' && after.get('stickiness.type') === 'app_cookie';
  if (appCookie && !after.get('stickiness.app_cookie.cookie_name')) {
    throw invalidConfiguration("'stickiness.app_cookie.cookie_name' must be set for stickiness of type app_cookie");
  }
}

export function attributeActions(world: World): Record<string, Action> {
  const state = world.elbv2;
  return {
    DescribeLoadBalancerAttributes(input) {
      const loadBalancer = loadBalancerOf(state, input);
      return describe(loadBalancerTable(loadBalancer), loadBalancer.attributes);
    },
    ModifyLoadBalancerAttributes: (input) => modifyLoadBalancer(loadBalancerOf(state, input), input),
    DescribeTargetGroupAttributes(input) {
      const group = targetGroupOf(state, input);
      return describe(targetGroupTable(group), group.attributes);
    },
    ModifyTargetGroupAttributes(input) {
      const group = targetGroupOf(state, input);
      const table = targetGroupTable(group);
      const after = new Map([...group.attributes, ...readAttributes(input, table)]);
      checkTogether(after);
      if (group.protocol !== 'HTTP' && group.protocol !== 'HTTPS') checkNetwork(world, group, after);
      return modify(input, table, group.attributes);
    },
    DescribeListenerAttributes(input) {
      const listener = listenerOf(state, input);
      return describe(listenerTable(listener.protocol), listener.attributes);
    },
    ModifyListenerAttributes(input) {
      const listener = listenerOf(state, input);
      return modify(input, listenerTable(listener.protocol), listener.attributes);
    },
  };
}
