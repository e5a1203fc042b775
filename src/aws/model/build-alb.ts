// Topology → the listeners, rules and target groups of one ALB.
import type { Steps } from '../../gateway/steps.ts';
import type { PortTopology } from '../../gateway/topology.ts';
import type { ModelContext } from './context.ts';
import { buildListeners } from './listeners.ts';
import { albAttributes } from './nlb/attributes.ts';
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
    attributes: { ...ownAttributes, ...albAttributes(context.topology.settings) },
    problems: [...problems, ...rules.problems],
  };
}

/** Backends get the client's Host header, because in the Gateway API only a URLRewrite may change it. */
const ownAttributes = { 'routing.http.preserve_host_header.enabled': 'true' };
