// Runs translate and model, and collects their findings. A pass, `gatehouse plan` and the golden cases all use it.

import type { GatewayInput } from '../gateway/input.ts';
import type { Steps } from '../gateway/steps.ts';
import type { Topology } from '../gateway/topology.ts';
import { translating } from '../gateway/translate.ts';
import { inTurns } from '../kube/turns.ts';
import type { Finding } from './finding.ts';
import type { Accepted, Asked, Built, Derived, Stages } from './provider.ts';

/** @param obstacles findings that forbid every change. If there are any, nothing is built */
export async function derive<T extends Topology, Facts, Model>(
  stages: Stages<T, Facts, Model>,
  input: GatewayInput,
  obstacles: readonly Finding[] = [],
): Promise<Derived<Model>> {
  const asked = stages.derivations?.asked(input) ?? (await inTurns(asking(stages, input)));
  const derived = { input, asked, known: obstacles.length === 0 };
  if (obstacles.length > 0) return { ...derived, found: obstacles, retryable: obstacles };
  if (!isAccepted(asked)) return { ...derived, found: [], retryable: [] };
  return { ...derived, ...(await build(stages, input, asked)) };
}

function* asking<T extends Topology>(stages: Stages<T>, input: GatewayInput): Steps<Asked<T>> {
  return yield* stages.narrow(input, yield* translating(input, stages.capabilities));
}

const isAccepted = <T extends Topology>(asked: Asked<T>): asked is Accepted<T> => asked.topology !== undefined;

async function build<T extends Topology, Facts, Model>(
  stages: Stages<T, Facts, Model>,
  input: GatewayInput,
  accepted: Accepted<T>,
): Promise<Built<Model>> {
  const { facts, found } = await stages.facts(accepted);
  if (facts === undefined) return { found, retryable: found };
  const known = stages.derivations?.built(input, accepted, facts);
  if (known !== undefined) return known;
  const built = await inTurns(stages.model(accepted, facts));
  stages.derivations?.keep({ input, asked: accepted, facts, built });
  return built;
}
