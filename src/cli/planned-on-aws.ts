// Plans one Gateway on AWS with the pipeline's pure stages, without a cluster or a cloud.
import { diff } from '../aws/diff/diff.ts';
import { awsFinding } from '../aws/findings.ts';
import { DEFAULT_QUOTAS } from '../aws/model/options.ts';
import { placeholderNetwork } from '../aws/model/placeholder-network.ts';
import type { Model } from '../aws/model/resources.ts';
import { otherRegion } from '../aws/network/place.ts';
import type { Observed } from '../aws/observed.ts';
import type { SettingsDefaults } from '../aws/settings.ts';
import { type AwsAccepted, type AwsFacts, awsStages, stays } from '../aws/stages.ts';
import { awsWords } from '../aws/words.ts';
import { ASSUMED_FINGERPRINT } from '../gateway/certificates.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { objectKey } from '../kube/object.ts';
import { derive } from '../provider/derive.ts';
import type { Known } from '../provider/provider.ts';
import { type Changes, changesOf } from './changes.ts';
import type { LiveAws } from './live-aws.ts';
import { type PlannedParts, plannedObjects, shadowed } from './planned-parts.ts';

export interface AwsPlanOptions {
  readonly clusterName: string;
  readonly defaults: SettingsDefaults;
  /** If absent, the plan assumes that nothing serves, and invents a network. */
  readonly aws?: LiveAws;
}

export interface PlannedOnAws extends PlannedParts {
  readonly provider: 'aws';
  /** Absent if nothing would change, because the parameters or the network can't be used. */
  readonly model?: Model;
  /** The next pass's changes in AWS; absent if AWS was not read. */
  readonly aws?: Changes;
}

export async function planOnAws(
  input: GatewayInput,
  { clusterName, defaults, aws }: AwsPlanOptions,
): Promise<PlannedOnAws> {
  const gateway = objectKey(input.gateway.metadata);
  const obstacles =
    aws === undefined ? [] : [...aws.problems, ...otherRegion(input.gateway, aws.region)].map(awsFinding);
  const options = { clusterName, clusterUid: aws?.clusterUid ?? clusterName, quotas: DEFAULT_QUOTAS };
  const facts = async (accepted: AwsAccepted) => factsOf(accepted, aws);
  const { asked, model, found } = await derive({ ...awsStages(options, defaults), facts }, input, obstacles);
  const assumed = assumedSecrets(model);
  const served = (model?.resources ?? []).flatMap((resource) => (resource.kind === 'rule' ? resource.sources : []));
  return {
    provider: 'aws',
    gateway,
    gatewayClass: input.gatewayClass.metadata.name,
    ...(model !== undefined && { model }),
    ...(aws !== undefined && { aws: changes(model, aws.observed(gateway), assumed) }),
    assumedSecrets: assumed,
    shadowed: shadowed(asked, served),
    objects: plannedObjects(input, asked, found, awsWords),
  };
}

function factsOf(accepted: AwsAccepted, aws: LiveAws | undefined): Known<AwsFacts> {
  const { topology } = accepted;
  if (aws === undefined) return { facts: { network: placeholderNetwork(topology) }, found: [] };
  const standing = aws.standing(topology);
  if (stays(accepted, standing)) return { found: [] };
  return { facts: { network: aws.networkOf(topology.gateway), standing }, found: [] };
}

/** Without a model nothing changes. We don't know whether a certificate changes if its Secret is only assumed to exist. */
function changes(model: Model | undefined, observed: Observed, assumed: readonly string[]): Changes {
  if (model === undefined) return { changes: [], later: [] };
  const unknown = new Set(assumed.map((secret) => `certificate/${secret}`));
  const standing = new Set<string>(observed.resources.map(({ id }) => id));
  const all = changesOf(diff(model, observed), observed);
  return { ...all, changes: all.changes.filter(({ resource }) => !unknown.has(resource) || !standing.has(resource)) };
}

const assumedSecrets = (model: Model | undefined): readonly string[] =>
  (model?.resources ?? []).flatMap((resource) =>
    resource.kind === 'certificate' && resource.spec.fingerprint === ASSUMED_FINGERPRINT ? resource.spec.secret : [],
  );
