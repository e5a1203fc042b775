import type { ForwardAction } from '../elbv2/forward.ts';

/**
 * The target group of a request. `random` is in [0, 1). A group of weight 0 gets nothing; undefined if all weights are 0.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
 */
export function chooseGroup({ ForwardConfig }: ForwardAction, random: number): string | undefined {
  const groups = ForwardConfig.TargetGroups;
  const total = groups.reduce((sum, { Weight }) => sum + Weight, 0);
  let left = random * total;
  for (const { TargetGroupArn, Weight } of groups) {
    if (left < Weight) return TargetGroupArn;
    left -= Weight;
  }
  return undefined;
}
