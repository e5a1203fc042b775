// Plans one Gateway with the pipeline's pure stages, without a cluster or a cloud, and collects its conditions.

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
import type { RuleRef } from '../gateway/problem-place.ts';
import { shadowedRules } from '../gateway/shadowed.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { derive } from '../provider/derive.ts';
import type { Finding } from '../provider/finding.ts';
import type { Asked, Known } from '../provider/provider.ts';
import type { Verdict } from '../status/condition.ts';
import { type Findings, findingsOf } from '../status/findings.ts';
import { acceptedCondition } from '../status/gateway-status.ts';
import { listenerSetAccepted } from '../status/listener-set-status.ts';
import { listenerConditions, servedAs } from '../status/listener-status.ts';
import { findingsOfAttachment, routeConditions, unserved } from '../status/route-status.ts';
import { type Changes, changesOf } from './changes.ts';
import type { LiveAws } from './live-aws.ts';

export interface PlanOptions {
  readonly clusterName: string;
  readonly defaults: SettingsDefaults;
  /** If absent, the plan assumes that nothing serves, and invents a network. */
  readonly aws?: LiveAws;
}

export interface PlannedGateway {
  readonly gateway: string;
  readonly gatewayClass: string;
  /** Absent if nothing would change, because the parameters or the network can't be used. */
  readonly model?: Model;
  /** The next pass's changes in AWS; absent if AWS was not read. */
  readonly aws?: Changes;
  /** The Secrets that the plan only assumes to exist: `namespace/name`. */
  readonly assumedSecrets: readonly string[];
  /** Rules that can never answer. This is not a problem, but probably a mistake. */
  readonly shadowed: readonly { readonly rule: string; readonly by: readonly string[] }[];
  /** The Gateway, its listeners and its routes, each with its problems. */
  readonly objects: readonly PlannedObject[];
}

export interface PlannedObject {
  /** `HTTPRoute shop/web`. */
  readonly object: string;
  /** The place of the conditions in the object's status, such as `listener "https"`. */
  readonly part?: string;
  readonly conditions: readonly PlannedCondition[];
  readonly problems: readonly PlannedProblem[];
}

type PlannedCondition = Verdict<string, string>;

interface PlannedProblem {
  readonly kind: string;
  /** A path from the object's root. */
  readonly field?: string;
  readonly message: string;
}

export async function planGateway(
  input: GatewayInput,
  { clusterName, defaults, aws }: PlanOptions,
): Promise<PlannedGateway> {
  const gateway = objectKey(input.gateway.metadata);
  const obstacles =
    aws === undefined ? [] : [...aws.problems, ...otherRegion(input.gateway, aws.region)].map(awsFinding);
  const options = { clusterName, clusterUid: aws?.clusterUid ?? clusterName, quotas: DEFAULT_QUOTAS };
  const facts = async (accepted: AwsAccepted) => factsOf(accepted, aws);
  const { asked, model, found } = await derive({ ...awsStages(options, defaults), facts }, input, obstacles);
  const findings = findingsOf(asked, [...asked.found, ...found], awsWords);
  const assumed = assumedSecrets(model);
  return {
    gateway,
    gatewayClass: input.gatewayClass.metadata.name,
    ...(model !== undefined && { model }),
    ...(aws !== undefined && { aws: changes(model, aws.observed(gateway), assumed) }),
    assumedSecrets: assumed,
    shadowed: shadowed(asked, model),
    objects: [
      {
        object: `Gateway ${gateway}`,
        conditions: [acceptedCondition(findings)],
        problems: findings.whole.map(planned),
      },
      ...listeners(gateway, findings),
      ...input.listenerSets.map(({ metadata }) => listenerSet(objectKey(metadata), findings)),
      ...routes(findings),
    ],
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

function shadowed({ topology }: Asked, model: Model | undefined): PlannedGateway['shadowed'] {
  if (topology === undefined || model === undefined) return [];
  const served = model.resources.flatMap((resource) => (resource.kind === 'rule' ? resource.sources : []));
  return shadowedRules(topology, served).map(({ by, ...rule }) => ({ rule: ruleName(rule), by: by.map(ruleName) }));
}

export const ruleName = ({ route, rule }: RuleRef): string => `${route.kind} ${route.key}, rule ${rule}`;

const assumedSecrets = (model: Model | undefined): readonly string[] =>
  (model?.resources ?? []).flatMap((resource) =>
    resource.kind === 'certificate' && resource.spec.fingerprint === ASSUMED_FINGERPRINT ? resource.spec.secret : [],
  );

const planned = ({ problem, field, words }: Finding): PlannedProblem => ({
  kind: problem,
  ...(field !== undefined && { field }),
  message: words,
});

/** Leaves out Programmed, because a plan programs nothing. */
const withoutProgrammed = (conditions: readonly PlannedCondition[]): readonly PlannedCondition[] =>
  conditions.filter(({ type }) => type !== 'Programmed');

function listeners(gateway: string, findings: Findings): readonly PlannedObject[] {
  return findings.listeners.map((listener) => {
    const own = findings.ofListener(listener.name);
    return {
      object: listener.ofSet === undefined ? `Gateway ${gateway}` : `ListenerSet ${listener.ofSet.listenerSet}`,
      part: `listener "${listener.ofSet?.section ?? listener.name}"`,
      conditions: withoutProgrammed(listenerConditions(listener, own, servedAs(''))),
      problems: own.map(planned),
    };
  });
}

function listenerSet(key: ObjectKey, findings: Findings): PlannedObject {
  return {
    object: `ListenerSet ${key}`,
    conditions: [listenerSetAccepted(key, findings)],
    problems: findings.ofListenerSet(key).map(planned),
  };
}

function routes(findings: Findings): readonly PlannedObject[] {
  return findings.attachments.map((attachment) => {
    const { route, parentRef } = attachment;
    const own = findingsOfAttachment(attachment, findings);
    return {
      object: `${route.kind} ${route.key}`,
      ...(parentRef.sectionName !== undefined && {
        part: `parent "${parentRef.name}", section "${parentRef.sectionName}"`,
      }),
      conditions: routeConditions(attachment, own, unserved(attachment, findings)),
      problems: own.map(planned),
    };
  });
}
