// The pure part of AWS's provider: the same for its passes, for `gatehouse plan` and for the golden cases.

import type { GatewayInput } from '../gateway/input.ts';
import type { Steps } from '../gateway/steps.ts';
import type { Translation } from '../gateway/topology.ts';
import type { Finding } from '../provider/finding.ts';
import type { Accepted, Asked, Built, Stages } from '../provider/provider.ts';
import type { AddressNotUsable, CloudProblem } from './cloud-problem.ts';
import { findingAll } from './findings.ts';
import { buildingModel } from './model/build.ts';
import { AWS_CAPABILITIES } from './model/capabilities.ts';
import type { ModelOptions } from './model/options.ts';
import type { Model } from './model/resources.ts';
import { NOTHING_STANDS, type Standing } from './model/standing.ts';
import type { Network } from './network/network.ts';
import type { Problem } from './problem.ts';
import type { SettingsDefaults } from './settings.ts';
import { type AwsTopology, forAws } from './translation.ts';

export interface AwsFacts {
  readonly network: Network;
  /** What serves has precedence. Without it nothing serves. */
  readonly standing?: Standing;
}

export type AwsAccepted = Accepted<AwsTopology>;

export const awsStages = (
  options: ModelOptions,
  defaults: SettingsDefaults,
): Omit<Stages<AwsTopology, AwsFacts, Model>, 'facts'> => ({
  capabilities: AWS_CAPABILITIES,
  narrow: narrowForAws(defaults),
  *model({ topology }: AwsAccepted, { network, standing = NOTHING_STANDS }: AwsFacts): Steps<Built<Model>> {
    const { problems, ...built } = yield* buildingModel(topology, network, options, standing);
    const found = yield* findingAll(problems);
    const retryable = found.filter(({ problem }) => aboutNetwork.has(problem));
    return { ...built, found, retryable, ...(problems.some(isAboutSubnets) && { doubtsFacts: true as const }) };
  },
});

export const narrowForAws = (defaults: SettingsDefaults) =>
  function* narrow(input: GatewayInput, translation: Translation): Steps<Asked<AwsTopology>> {
    const { problems, ...asked } = yield* forAws(input, translation, defaults);
    return { ...asked, found: yield* findingAll(problems) };
  };

/** What may be corrected in AWS, without a change in the cluster. */
const aboutNetwork: ReadonlySet<string> = new Set([
  'address-not-usable',
  'subnets-too-few',
  'subnets-invalid',
  'subnet-address-invalid',
] satisfies readonly CloudProblem['kind'][]);

/** Whether the subnets may have changed since they were read. An address is asked for in each pass. */
const isAboutSubnets = (problem: Problem): boolean =>
  problem.kind === 'address-not-usable' ? madeBySubnets.has(problem.why.kind) : aboutNetwork.has(problem.kind);

const madeBySubnets: ReadonlySet<string> = new Set([
  'unknown',
  'no-zone-left',
] satisfies readonly AddressNotUsable['why']['kind'][]);

/**
 * Without a valid listener the load balancer and its name stay, because there may be one again. Its listeners stay too, unless
 * one serves a certificate that it may no longer use.
 */
export const stays = ({ topology, found }: AwsAccepted, { subnets }: Standing): boolean =>
  topology.ports.length === 0 && !(subnets.length > 0 && found.some(isRevoked));

const isRevoked = (finding: Finding): boolean =>
  finding.kind === 'listener' && finding.effect.kind === 'unresolved' && finding.effect.reason === 'RefNotPermitted';
