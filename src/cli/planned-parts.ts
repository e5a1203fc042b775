// What a plan says of a Gateway on any provider: its conditions, and the problems of each object.
import type { GatewayInput } from '../gateway/input.ts';
import type { RuleRef } from '../gateway/problem-place.ts';
import { shadowedRules } from '../gateway/shadowed.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Finding } from '../provider/finding.ts';
import type { Asked } from '../provider/provider.ts';
import type { ProviderWords } from '../provider/words.ts';
import type { Verdict } from '../status/condition.ts';
import { type Findings, findingsOf } from '../status/findings.ts';
import { acceptedCondition } from '../status/gateway-status.ts';
import { listenerSetAccepted } from '../status/listener-set-status.ts';
import { listenerConditions, servedAs } from '../status/listener-status.ts';
import { policyConditions } from '../status/policy-status.ts';
import { findingsOfAttachment, routeConditions, unserved } from '../status/route-status.ts';

/** The part of a plan that is the same for every provider. */
export interface PlannedParts {
  readonly gateway: string;
  readonly gatewayClass: string;
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

/** @param found the findings of all stages */
export function plannedObjects(
  input: GatewayInput,
  asked: Asked,
  found: readonly Finding[],
  words: ProviderWords,
): readonly PlannedObject[] {
  const gateway = objectKey(input.gateway.metadata);
  const findings = findingsOf(asked, [...asked.found, ...found], words);
  return [
    {
      object: `Gateway ${gateway}`,
      conditions: [acceptedCondition(findings)],
      problems: findings.whole.map(planned),
    },
    ...listeners(gateway, findings),
    ...input.listenerSets.map(({ metadata }) => listenerSet(objectKey(metadata), findings)),
    ...routes(findings),
    ...policies(findings),
  ];
}

/** @param served the rules that the data plane has */
export const shadowed = ({ topology }: Asked, served: readonly RuleRef[]): PlannedParts['shadowed'] =>
  topology === undefined
    ? []
    : shadowedRules(topology, served).map(({ by, ...rule }) => ({ rule: ruleName(rule), by: by.map(ruleName) }));

export const ruleName = ({ route, rule }: RuleRef): string => `${route.kind} ${route.key}, rule ${rule}`;

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

const policies = (findings: Findings): readonly PlannedObject[] =>
  findings.policies.map(({ policy }) => {
    const own = findings.ofPolicy(policy);
    return {
      object: `BackendTLSPolicy ${policy}`,
      conditions: policyConditions(own),
      problems: own.map(planned),
    };
  });

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
