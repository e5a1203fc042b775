// What a Gateway needs from MetalLB and Envoy: the result of translate. What Envoy cannot do of it is found by Envoy's model.
import type { GatewayInput } from '../gateway/input.ts';
import type { Steps } from '../gateway/steps.ts';
import type { Topology, Translation } from '../gateway/topology.ts';
import type { Finding } from '../provider/finding.ts';
import type { Asked } from '../provider/provider.ts';
import { apiFinding } from '../status/api-findings.ts';
import { metallbWords } from './provider-words.ts';

export type MetallbTopology = Topology;

export function* narrowForMetallb(_: GatewayInput, { problems, ...asked }: Translation): Steps<Asked<MetallbTopology>> {
  const found: Finding[] = [];
  for (const problem of problems) {
    found.push(apiFinding(problem, metallbWords));
    yield;
  }
  return { ...asked, found };
}
