import { AwsError, type Input } from '../service.ts';
import type { World } from '../world.ts';
import { invalidConfiguration, validationError } from './errors.ts';
import { findTargetGroup } from './find.ts';
import { flag, integer, record, records, requiredText, text } from './input.ts';
import type { LoadBalancerType } from './state.ts';

interface WeightedTargetGroup {
  readonly TargetGroupArn: string;
  /** 0 to 999. */
  readonly Weight: number;
}

export interface ForwardAction {
  readonly Type: 'forward';
  readonly Order: number | undefined;
  /** Set if there is only one target group. */
  readonly TargetGroupArn: string | undefined;
  readonly ForwardConfig: {
    readonly TargetGroups: readonly WeightedTargetGroup[];
    readonly TargetGroupStickinessConfig: {
      readonly Enabled: boolean;
      readonly DurationSeconds: number | undefined;
    };
  };
}

function readGroups(input: Input, config: Input | undefined): readonly WeightedTargetGroup[] {
  const single = text(input, 'TargetGroupArn');
  const listed = ((config && records(config, 'TargetGroups')) ?? []).map((group) => ({
    TargetGroupArn: requiredText(group, 'TargetGroupArn'),
    Weight: integer(group, 'Weight', { min: 0, max: 999 }) ?? 1,
  }));
  if (listed.length === 0) {
    if (single === undefined) throw validationError('A forward action needs a target group');
    return [{ TargetGroupArn: single, Weight: 1 }];
  }
  if (single !== undefined && (listed.length > 1 || listed[0]?.TargetGroupArn !== single)) {
    throw validationError('You can specify TargetGroupArn and ForwardConfig only with one and the same target group');
  }
  return listed;
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html */
export function readForward(input: Input, order: number | undefined): ForwardAction {
  const config = record(input, 'ForwardConfig');
  const groups = readGroups(input, config);
  if (new Set(groups.map((group) => group.TargetGroupArn)).size < groups.length) {
    throw validationError('The target groups of a forward action must be distinct');
  }
  const stickiness = config && record(config, 'TargetGroupStickinessConfig');
  const enabled = (stickiness && flag(stickiness, 'Enabled')) ?? false;
  const duration = stickiness && integer(stickiness, 'DurationSeconds', { min: 1, max: 604_800 });
  if (enabled && duration === undefined) {
    throw validationError('Target group stickiness needs a DurationSeconds');
  }
  return {
    Type: 'forward',
    Order: order,
    TargetGroupArn: groups.length === 1 ? groups[0]?.TargetGroupArn : undefined,
    ForwardConfig: {
      TargetGroups: groups,
      TargetGroupStickinessConfig: { Enabled: enabled, DurationSeconds: duration },
    },
  };
}

/** The target group protocols each listener protocol forwards to. */
const compatible: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTP', 'HTTPS'],
  HTTPS: ['HTTP', 'HTTPS'],
  TCP: ['TCP', 'TCP_UDP'],
  TLS: ['TCP', 'TLS'],
  UDP: ['UDP', 'TCP_UDP'],
  TCP_UDP: ['TCP_UDP'],
};

/** Checks that the target groups exist, are not too many, and have protocols that fit the listener's. */
export function checkForward(world: World, type: LoadBalancerType, protocol: string, action: ForwardAction): void {
  const max = world.options.quotas[`target-groups-per-action-on-${type}-load-balancer`];
  if (action.ForwardConfig.TargetGroups.length > max) {
    throw new AwsError('TooManyTargetGroups', `An action can have at most ${max} target groups`);
  }
  for (const { TargetGroupArn: arn } of action.ForwardConfig.TargetGroups) {
    const group = findTargetGroup(world.elbv2, arn);
    if (group.protocol === undefined || !compatible[protocol]?.includes(group.protocol)) {
      const message = `Listener protocol '${protocol}' cannot forward to target group protocol '${group.protocol}'`;
      throw new AwsError('IncompatibleProtocols', message);
    }
    if (group.protocolVersion === 'GRPC' && protocol === 'HTTP') {
      const message = `Listener protocol 'HTTP' is not supported with a target group with the protocol-version 'GRPC'`;
      throw invalidConfiguration(message);
    }
  }
}
