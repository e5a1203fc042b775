// Chooses the target of a flow.
// docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html#routing-algorithm
import { createHash } from 'node:crypto';
import { familyOf } from '../../ec2/family.ts';
import { targetGroupAttribute } from '../../elbv2/attributes.ts';
import { rulesOf } from '../../elbv2/find.ts';
import type { ForwardAction } from '../../elbv2/forward.ts';
import type { Rule, Target, TargetGroup } from '../../elbv2/state.ts';
import type { Random } from '../../random.ts';
import { targetName } from '../serving-targets.ts';
import type { Arrival } from './arrival.ts';
import { nodeTargets } from './node-targets.ts';

export interface Choice {
  readonly group: TargetGroup;
  readonly target: Target;
}

/** Undefined if no target can have the address. */
export function choose(arrival: Arrival, random: Random): Choice | undefined {
  const { world, loadBalancer, zone } = arrival;
  const action = forwardOf(arrival);
  const group = world.elbv2.targetGroups.get((action && groupOf(action, arrival, random)) ?? '');
  if (!group) return undefined;
  const targets = nodeTargets(world, loadBalancer, group, zone);
  const key = flowKey(arrival, group, random);
  const target = highest(targets, (each) => draw(`${key} ${targetName(each)}`));
  return target && { group, target };
}

const rank = ({ priority }: Rule): number => (priority === 'default' ? Infinity : priority);

/** The action of the first rule for the client's family. */
function forwardOf({ world, listener, client }: Arrival): ForwardAction | undefined {
  const family = familyOf(client.address);
  const rule = rulesOf(world.elbv2, listener.arn)
    .toSorted((a, b) => rank(a) - rank(b))
    .find(({ conditions }) =>
      conditions.every((each) => each.Field === 'source-ip' && each.SourceIpConfig.IpAddressType === family),
    );
  return rule?.actions.find((action) => action.Type === 'forward');
}

/** Chooses by weight. With stickiness a client's address always gets the same group. A group of weight 0 gets nothing. */
function groupOf({ ForwardConfig }: ForwardAction, { client, listener }: Arrival, random: Random) {
  const sticky = ForwardConfig.TargetGroupStickinessConfig.Enabled;
  const key = sticky ? `${listener.arn} ${client.address}` : random.hex(16);
  const weighted = ForwardConfig.TargetGroups.filter(({ Weight }) => Weight > 0);
  // Weighted rendezvous hashing: each group wins in proportion to its weight, and a changed weight moves few clients.
  const chosen = highest(weighted, (each) => Math.log(draw(`${key} ${each.TargetGroupArn}`)) / each.Weight);
  return chosen?.TargetGroupArn;
}

/**
 * The key of a flow's target: the client's address if it sticks, or UDP's five-tuple. For TCP the sequence number
 * counts too, so the key is random.
 */
function flowKey({ protocol, client, own }: Arrival, group: TargetGroup, random: Random): string {
  if (targetGroupAttribute(group, 'stickiness.enabled') === 'true') return client.address;
  return protocol === 'tcp' ? random.hex(16) : [client.address, client.port, own.address, own.port].join(' ');
}

/** A number in (0, 1), always the same for the same text. */
function draw(text: string): number {
  return (createHash('sha256').update(text).digest().readUInt32BE() + 0.5) / 2 ** 32;
}

function highest<Item>(items: readonly Item[], score: (item: Item) => number): Item | undefined {
  let best: { readonly item: Item; readonly score: number } | undefined;
  for (const item of items) {
    const own = score(item);
    if (!best || own > best.score) best = { item, score: own };
  }
  return best?.item;
}
