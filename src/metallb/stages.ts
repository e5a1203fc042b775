// The pure part of this provider: the same for its passes, for `gatehouse plan` and for the golden cases.
import { envoyFinding } from '../envoy/findings.ts';
import { buildEnvoy, type EnvoyModel, type EnvoyOptions } from '../envoy/model/build.ts';
import type { EnvoyProblem, Problem } from '../envoy/problem.ts';
import type { Steps } from '../gateway/steps.ts';
import type { Finding } from '../provider/finding.ts';
import type { Accepted, Built, Stages } from '../provider/provider.ts';
import { apiFinding } from '../status/api-findings.ts';
import { METALLB_CAPABILITIES } from './capabilities.ts';
import { metallbWords } from './provider-words.ts';
import { type MetallbTopology, narrowForMetallb } from './translation.ts';

export type MetallbFacts = EnvoyOptions;

/** The model before is what these made, or will be made again by the feed. */
export const areSameFacts = (a: MetallbFacts, b: MetallbFacts): boolean => textOf(a) === textOf(b);

const textOf = (facts: MetallbFacts): string =>
  JSON.stringify(facts, (name, value: unknown) => {
    if (name === 'before') return undefined;
    return value instanceof Map || value instanceof Set ? [...value] : value;
  });

export interface MetallbModel {
  readonly topology: MetallbTopology;
  readonly envoy: EnvoyModel;
  readonly families: EnvoyOptions['families'];
}

export const metallbStages: Omit<Stages<MetallbTopology, MetallbFacts, MetallbModel>, 'facts'> = {
  capabilities: METALLB_CAPABILITIES,
  narrow: narrowForMetallb,
  *model({ topology }: Accepted<MetallbTopology>, facts: MetallbFacts): Steps<Built<MetallbModel>> {
    const envoy = yield* buildEnvoy(topology, { ...facts, serving: topology.serving });
    const model = { topology, envoy, families: facts.families };
    return { model, found: envoy.problems.map(findingOf), retryable: [] };
  },
};

const findingOf = (problem: Problem): Finding =>
  isOfEnvoy(problem) ? envoyFinding(problem) : apiFinding(problem, metallbWords);

const envoyKinds: Readonly<Record<EnvoyProblem['kind'], true>> = {
  'regex-refused': true,
  'regex-too-long': true,
  'header-refused': true,
  'gate-missing': true,
  'mirror-protocol-unsupported': true,
  'retries-capped': true,
  'too-many-routes': true,
  'too-many-regexes': true,
  'too-many-bytes': true,
  'too-many-clusters': true,
};

const isOfEnvoy = (problem: Problem): problem is EnvoyProblem => Object.hasOwn(envoyKinds, problem.kind);
