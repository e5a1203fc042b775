import type { World } from '../world.ts';
import { rulesOf } from './find.ts';
import type { Listener } from './state.ts';
import { noteUsage, targetGroupsOf } from './usage.ts';

/** Deletes a listener and its rules. */
export function removeListener(world: World, listener: Listener): void {
  const rules = rulesOf(world.elbv2, listener.arn);
  for (const rule of rules) world.elbv2.rules.delete(rule.arn);
  world.elbv2.listeners.delete(listener.arn);
  noteUsage(world, new Set(rules.flatMap((rule) => targetGroupsOf(rule.actions))));
}
