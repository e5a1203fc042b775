// The pure part of AWS's provider: the same for its passes, for `gatehouse plan` and for the golden cases.

import type { GatewayInput } from '../gateway/input.ts';
import type { Steps } from '../gateway/steps.ts';
import type { Translation } from '../gateway/topology.ts';
import type { Finding } from '../provider/finding.ts';
import type { Accepted, Asked, Built, Stages } from '../provider/provider.ts';
import type { CloudProblem } from './cloud-problem.ts';
import { findingAll } from './findings.ts';
import { buildingModel } from './model/build.ts';
import { AWS_CAPABILITIES } from './model/capabilities.ts';
import type { ModelOptions } from './model/options.ts';
import type { Model } from './model/resources.ts';
import { NOTHING_STANDS, type Standing } from './model/standing.ts';
import type { Network } from './network/network.ts';
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
    return { ...built, found, retryable: found.filter(isAboutSubnets) };
  },
});

export const narrowForAws = (defaults: SettingsDefaults) =>
  function* narrow(input: GatewayInput, translation: Translation): Steps<Asked<AwsTopology>> {
    const { problems, ...asked } = yield* forAws(input, translation, defaults);
    return { ...asked, found: yield* findingAll(problems) };
  };

/** A fault of the network may be corrected in AWS, without a change in the cluster. */
export const isAboutSubnets = ({ problem }: Finding): boolean => subnetProblems.has(problem);

const subnetProblems: ReadonlySet<string> = new Set([
  'address-not-usable',
  'subnets-too-few',
  'subnets-invalid',
  'subnet-address-invalid',
] satisfies readonly CloudProblem['kind'][]);

/**
 * Without a valid listener the load balancer and its name stay, because there may be one again. Its listeners stay too, unless
 * one serves a certificate that it may no longer use.
 */
export const stays = ({ topology, found }: AwsAccepted, { subnets }: Standing): boolean =>
  topology.ports.length === 0 && !(subnets.length > 0 && found.some(isRevoked));

const isRevoked = (finding: Finding): boolean =>
  finding.kind === 'listener' && finding.effect.kind === 'unresolved' && finding.effect.reason === 'RefNotPermitted';
