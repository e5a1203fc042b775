import type { ForwardAction } from '../elbv2/forward.ts';

/**
 * The target group that a request goes to. `random` is in [0, 1). A group of weight 0 gets nothing; undefined when all
 * have it. docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
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
