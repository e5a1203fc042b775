// What a Gateway needs from MetalLB and Envoy: the result of translate, with the settings of Envoys and Services. What Envoy
// cannot do of its routes is found by Envoy's model.
import type { ProxySettings } from '../api/proxy-configuration.ts';
import { leftOutFinding } from '../envoy/findings.ts';
import { withListenerRoom } from '../envoy/model/listener-room.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { Problem } from '../gateway/problem.ts';
import { remembered } from '../gateway/remembered.ts';
import type { RouteId } from '../gateway/route-id.ts';
import type { Steps } from '../gateway/steps.ts';
import type { Topology, Translation } from '../gateway/topology.ts';
import type { Finding } from '../provider/finding.ts';
import type { Asked } from '../provider/provider.ts';
import { apiFinding } from '../status/api-findings.ts';
import { metallbFinding } from './findings.ts';
import { cleanInfrastructure, type Infrastructure } from './infrastructure.ts';
import { metallbWords } from './provider-words.ts';
import { servingListeners } from './serving-listeners.ts';
import { servingRoutes } from './serving-routes.ts';
import { proxySettings } from './settings.ts';

export interface MetallbTopology extends Topology {
  readonly settings: ProxySettings;
  /** If not all routes have room, these stay. */
  readonly serving: ReadonlySet<RouteId>;
  /** Of all objects. */
  readonly infrastructure: Pick<Infrastructure, 'labels' | 'annotations'>;
}

const findingOf = remembered((problem: Problem): Finding => apiFinding(problem, metallbWords));

/** The topology is also absent if a configuration is invalid, because the wanted settings are not known. */
export function* narrowForMetallb(
  input: GatewayInput,
  { topology, problems, ...asked }: Translation,
): Steps<Asked<MetallbTopology>> {
  const { settings, problems: ofSettings } = proxySettings(input);
  const { problems: reserved, ...infrastructure } = cleanInfrastructure(input.gateway);
  const found: Finding[] = reserved.map(metallbFinding);
  for (const problem of [...problems, ...ofSettings]) {
    found.push(findingOf(problem));
    yield;
  }
  if (topology === undefined || settings === undefined) return { ...asked, found };
  const { problems: leftOut, ...fitting } = yield* withListenerRoom(topology, { serving: servingListeners(input) });
  found.push(...leftOut.map(leftOutFinding));
  const serving = servingRoutes(input);
  return { ...asked, found, topology: { ...topology, ...fitting, settings, serving, infrastructure } };
}
