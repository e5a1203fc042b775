// Topology → the listeners, rules and target groups of one ALB.
import type { Steps } from '../../gateway/steps.ts';
import type { PortTopology } from '../../gateway/topology.ts';
import { albAttributes } from './attributes.ts';
import type { ModelContext } from './context.ts';
import { buildListeners } from './listeners.ts';
import type { LoadBalancerParts } from './parts.ts';
import { buildRules } from './rules.ts';
import type { Standing } from './standing.ts';

/** @param ports those that it has room for */
export function* buildAlb(
  context: ModelContext,
  ports: readonly PortTopology[],
  standing: Standing,
): Steps<LoadBalancerParts> {
  const { listeners, certificates, problems } = buildListeners(context, ports, standing);
  const rules = yield* buildRules(context, ports, standing);
  return {
    ...rules,
    ports,
    certificates,
    listeners,
    spec: {},
    attributes: albAttributes(context.topology.settings),
    problems: [...problems, ...rules.problems],
  };
}
