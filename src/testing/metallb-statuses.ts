// The statuses of a golden case that users would read after MetalLB and Envoys serve everything.

import type { GatewayInput } from '../gateway/input.ts';
import { portKey } from '../gateway/listener-protocols.ts';
import { familiesOf, keyPairsOf } from '../metallb/facts.ts';
import { metallbWords } from '../metallb/provider-words.ts';
import { type MetallbFacts, metallbStages } from '../metallb/stages.ts';
import type { MetallbTopology } from '../metallb/translation.ts';
import { derive } from '../provider/derive.ts';
import type { Accepted, Known } from '../provider/provider.ts';
import { type Reported, statusesOf } from './statuses.ts';

/** The golden cases about what AWS does not do. */
export const METALLB_TOPICS = ['backend-tls', 'certificates/keys', 'client-certificates'] as const;

export async function reportedOnMetallb(input: GatewayInput): Promise<Reported> {
  const facts = async ({ topology }: Accepted<MetallbTopology>): Promise<Known<MetallbFacts>> => ({
    facts: { families: familiesOf([]), keyPairs: keyPairsOf(topology, (key) => input.secrets.get(key)) },
    found: [],
  });
  const derived = await derive({ ...metallbStages, facts }, input);
  return statusesOf(input, derived, metallbWords, {
    addresses: [{ type: 'IPAddress', value: '192.0.2.10' }],
    ports: new Set((derived.model?.topology.ports ?? []).map(portKey)),
    admits: true,
    waiting: '',
    complete: true,
  });
}
