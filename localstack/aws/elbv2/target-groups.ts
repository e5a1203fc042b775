import { type Action, AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { newTargetGroupArn } from './arns.ts';
import { targetGroupNotFound, validationError } from './errors.ts';
import { findLoadBalancer, findTargetGroup, targetGroupOf } from './find.ts';
import { describeHealthCheck, readHealthCheck } from './health-checks.ts';
import { isTargetGroupReleasing } from './in-use.ts';
import { integer, oneOf, portRange, requiredText, text, texts } from './input.ts';
import { checkName } from './load-balancers.ts';
import { page } from './page.ts';
import type { TargetGroup } from './state.ts';
import { sameTags, tagsOf } from './tags.ts';
import { loadBalancersByTargetGroup } from './usage.ts';

const protocols = ['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP', 'TCP_UDP', 'QUIC', 'TCP_QUIC'] as const;

type Used = ReturnType<typeof loadBalancersByTargetGroup>;

function describeTargetGroup(group: TargetGroup, used: Used): Output {
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpcId,
    ...describeHealthCheck(group.healthCheck),
    LoadBalancerArns: [...(used.get(group.arn) ?? [])],
    TargetType: group.targetType,
    ProtocolVersion: group.protocolVersion,
    IpAddressType: group.ipAddressType,
    TargetControlPort: group.targetControlPort,
  };
}

function readTargetGroup(world: World, input: Input): TargetGroup {
  const name = requiredText(input, 'Name');
  checkName(name, 'target group');
  const targetType = oneOf(input, 'TargetType', ['instance', 'ip', 'alb']) ?? 'instance';
  const protocol = oneOf(input, 'Protocol', protocols);
  if (protocol === undefined) throw validationError('A target group protocol must be specified');
  if (targetType === 'alb' && protocol !== 'TCP') {
    throw validationError("A target group of type 'alb' must have protocol TCP");
  }
  const http = protocol === 'HTTP' || protocol === 'HTTPS';
  const version = oneOf(input, 'ProtocolVersion', ['HTTP1', 'HTTP2', 'GRPC']);
  if (version !== undefined && !http) {
    throw validationError(`A protocol version cannot be specified for protocol ${protocol}`);
  }
  const protocolVersion = http ? (version ?? 'HTTP1') : undefined;
  const port = integer(input, 'Port', portRange);
  if (port === undefined) throw validationError('A target group port must be specified');
  const vpcId = requiredText(input, 'VpcId');
  if (!world.ec2.vpcs.has(vpcId)) throw validationError(`The VPC ID '${vpcId}' is not found`);
  return {
    arn: newTargetGroupArn(world, name),
    name,
    targetType,
    protocol,
    protocolVersion,
    port,
    vpcId,
    ipAddressType: oneOf(input, 'IpAddressType', ['ipv4', 'ipv6']) ?? 'ipv4',
    targetControlPort: integer(input, 'TargetControlPort', portRange),
    healthCheck: readHealthCheck(input, { protocol, protocolVersion, targetType }, undefined),
    attributes: new Map(),
    targets: new Map(),
    inUseSince: undefined,
    tags: tagsOf(input),
  };
}

const settings = (group: TargetGroup) =>
  JSON.stringify([
    group.targetType,
    group.protocol,
    group.protocolVersion,
    group.port,
    group.vpcId,
    group.ipAddressType,
    group.targetControlPort,
    describeHealthCheck(group.healthCheck),
  ]);

const sameSettings = (a: TargetGroup, b: TargetGroup) => settings(a) === settings(b) && sameTags(a.tags, b.tags);

function create(world: World, input: Input): Output {
  const { targetGroups } = world.elbv2;
  const wanted = readTargetGroup(world, input);
  const used = loadBalancersByTargetGroup(world.elbv2);
  const namesake = [...targetGroups.values()].find(({ name }) => name === wanted.name);
  if (namesake) {
    if (sameSettings(namesake, wanted)) return { TargetGroups: [describeTargetGroup(namesake, used)] };
    const message = `A target group with the same name '${wanted.name}' exists, but with different settings`;
    throw new AwsError('DuplicateTargetGroupName', message);
  }
  if (targetGroups.size >= world.options.quotas['target-groups']) {
    throw new AwsError('TooManyTargetGroups', 'The maximum number of target groups has been reached');
  }
  targetGroups.set(wanted.arn, wanted);
  return { TargetGroups: [describeTargetGroup(wanted, used)] };
}

function describe(world: World, input: Input): Output {
  const state = world.elbv2;
  const used = loadBalancersByTargetGroup(state);
  const arns = texts(input, 'TargetGroupArns') ?? [];
  const names = texts(input, 'Names') ?? [];
  const loadBalancerArn = text(input, 'LoadBalancerArn');
  if ([arns.length > 0, names.length > 0, loadBalancerArn !== undefined].filter(Boolean).length > 1) {
    throw validationError('Target group ARNs, names and a load balancer ARN cannot be specified at the same time');
  }
  if (arns.length > 0) {
    return { TargetGroups: arns.map((arn) => describeTargetGroup(findTargetGroup(state, arn), used)) };
  }
  if (loadBalancerArn !== undefined) findLoadBalancer(state, loadBalancerArn);
  const all = [...state.targetGroups.values()];
  const missing = names.filter((name) => !all.some((group) => group.name === name));
  if (missing.length > 0) throw targetGroupNotFound(`[${missing.join(', ')}]`);
  const wanted = all.filter(
    ({ name, arn }) =>
      (names.length === 0 || names.includes(name)) &&
      (loadBalancerArn === undefined || used.get(arn)?.has(loadBalancerArn)),
  );
  const { items, nextMarker } = page(input, wanted, (group) => group.arn);
  return { TargetGroups: items.map((group) => describeTargetGroup(group, used)), NextMarker: nextMarker };
}

export function targetGroupActions(world: World): Record<string, Action> {
  const state = world.elbv2;
  return {
    CreateTargetGroup: (input) => create(world, input),
    DescribeTargetGroups: (input) => describe(world, input),
    ModifyTargetGroup(input) {
      const group = targetGroupOf(state, input);
      group.healthCheck = readHealthCheck(input, group, group.healthCheck);
      return { TargetGroups: [describeTargetGroup(group, loadBalancersByTargetGroup(state))] };
    },
    DeleteTargetGroup(input) {
      const arn = requiredText(input, 'TargetGroupArn');
      if (loadBalancersByTargetGroup(state).has(arn) || isTargetGroupReleasing(state, arn, world.clock.now())) {
        throw new AwsError('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`);
      }
      // Deleting a target group that does not exist succeeds.
      state.targetGroups.delete(arn);
      return {};
    },
  };
}
