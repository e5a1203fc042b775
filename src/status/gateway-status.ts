// A Gateway's status, made from all findings and from what exists.

import type { Gateway, ListenerStatus } from '../api/gateway-api.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import { routeId } from '../gateway/route-id.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import type { Finding, GatewayFinding, Hindrance } from '../provider/finding.ts';
import type { ProviderWords } from '../provider/words.ts';
import { sentences, updated, type Verdict } from './condition.ts';
import type { Findings } from './findings.ts';
import { hindrancesOf, remarksOf, unprogrammedReason, upToDate } from './hindrances.ts';
import { isValid, type ListenerServing, listenerConditions, servedAs } from './listener-status.ts';
import { quoted } from './phrases.ts';
import { findingsOfAttachment, isAccepted } from './route-status.ts';
import { isProgrammed, lacking, type Provisioned, type Serving, servingOf } from './serving.ts';
import { messageOf } from './words.ts';

type GatewayStatus = NonNullable<Gateway['status']>;

/** The result of a Gateway's pass. */
export interface GatewayOutcome {
  /** The generation of the Gateway that the pass read. */
  readonly generation: number;
  readonly findings: Findings;
  /** How many routes are accepted, by the listeners that they are attached to. */
  readonly attachedRoutes: ReadonlyMap<string, number>;
  /** Undefined if the provider could not be asked. */
  readonly provisioned: Provisioned | undefined;
  /** Whether the provider has not answered for so long that people should look. */
  readonly overdue: boolean;
  /** How many ListenerSets are accepted. Undefined if there never was one. */
  readonly attachedListenerSets?: number;
}

/** @param now in milliseconds since the epoch */
export function gatewayStatus(
  existing: Gateway['status'],
  { generation, findings, attachedRoutes: attached, provisioned, overdue, attachedListenerSets }: GatewayOutcome,
  now: number,
): GatewayStatus {
  const listeners = findings.listenersOf(undefined);
  const serving = servingOf(findings, provisioned);
  const before = new Map(existing?.listeners?.map(({ name, conditions }) => [name, conditions]));
  const accepted = acceptedCondition(findings);
  const wanted = listeners.filter((listener) => isValid(listener, findings.ofListener(listener.name)));
  const unserved = wanted.filter(({ name, port }) => !serving.isServed(port, before.get(name)));
  const was = isProgrammed(existing?.conditions);
  const serves = was && unserved.length < wanted.length;
  const programmed =
    accepted.status === 'True'
      ? (unprogrammed(was, serving) ?? programmedCondition(serves, unserved, serving, provisioned, findings.words))
      : notToBeProgrammed;
  const change = {
    hindrances: hindrancesOf(findings.whole),
    overdue,
    complete: provisioned?.complete === true,
    remarks: remarksOf(findings.whole),
    words: findings.words,
  };
  const verdicts = [
    accepted,
    programmed,
    ...upToDate(change, existing?.conditions),
    ...insecureFrontend(findings.whole),
    ...(provisioned?.conditions ?? []),
  ];
  return {
    ...existing,
    // If the load balancer cannot be read now, clients must still find its address.
    ...(provisioned !== undefined && { addresses: provisioned.addresses }),
    ...(attachedListenerSets !== undefined && { attachedListenerSets }),
    conditions: updated(existing?.conditions, verdicts, generation, now),
    // Listeners that cannot be read keep their earlier status.
    ...(!areListenersUnknown(findings) && { listeners: listeners.map(listenerStatus) }),
  };

  function listenerStatus(listener: ListenerResult): ListenerStatus {
    const { name, supportedKinds, port } = listener;
    const known = before.get(name);
    const isServed = serving.isServed(port, known);
    const how = isServed ? servedAs(serving.servedBy(port, known)) : whyUnserved(port, accepted, serving);
    const conditions = listenerConditions(listener, findings.ofListener(name), how);
    return {
      name,
      supportedKinds,
      attachedRoutes: attached.get(name) ?? 0,
      conditions: updated(before.get(name), conditions, generation, now),
    };
  }
}

/** Whether the Gateway and all its earlier versions cannot be read. */
export const areListenersUnknown = ({ whole }: Findings): boolean =>
  whole.some(({ effect }) => effect.kind === 'refused' && effect.unread === true);

/** Why clients do not reach a valid listener of the port. */
function whyUnserved(port: PortKey, { status }: Accepted, serving: Serving): ListenerServing {
  if (status !== 'True') return { ...notToBeProgrammed, reason: 'Pending' };
  const hindrances = serving.hindrances(port);
  const message = sentences([serving.lackOf(port), messageOf(hindrances)]);
  // gateway_types.go has no reason for missing resources here.
  const reason = unprogrammedReason(hindrances) === 'Pending' ? 'Pending' : 'Invalid';
  return { status: 'False', reason, message };
}

/** The state of a Gateway's removal. */
export interface Removal extends Pick<GatewayOutcome, 'overdue'> {
  readonly found: readonly Finding[];
  readonly words: ProviderWords;
}

/** Why a Gateway that is being deleted still exists. */
export function removalStatus(
  { status, metadata }: Gateway,
  { found, overdue, words }: Removal,
  now: number,
): GatewayStatus {
  const message = sentences([words.removing, messageOf(found)]);
  const verdict: Programmed = { type: 'Programmed', status: 'False', reason: 'Pending', message };
  const hindrances = hindrancesOf(found.filter((finding) => finding.kind === 'gateway'));
  const change = upToDate({ hindrances, overdue, complete: false, words }, status?.conditions);
  return { ...status, conditions: updated(status?.conditions, [verdict, ...change], metadata.generation ?? 0, now) };
}

/** How many routes are accepted, by the listeners that they are attached to. */
export function attachedRoutes(findings: Findings): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const attachments of Map.groupBy(findings.attachments, ({ route }) => routeId(route)).values()) {
    const accepted = attachments.filter((each) => isAccepted(each, findingsOfAttachment(each, findings)));
    for (const listener of new Set(accepted.flatMap(({ listeners }) => listeners))) {
      counts.set(listener, (counts.get(listener) ?? 0) + 1);
    }
  }
  return counts;
}

type Accepted = Verdict<
  'Accepted',
  'Accepted' | 'ListenersNotValid' | 'InvalidParameters' | 'UnsupportedAddress' | 'Invalid'
>;
type Programmed = Verdict<'Programmed', 'Programmed' | Hindrance['programmed']>;

/** Whether the Gateway may have a data plane: it has at least one valid listener, and no problem of the whole Gateway. */
export function acceptedCondition(findings: Findings): Accepted {
  const wrong = findings.whole.filter(({ effect }) => effect.kind === 'refused');
  const reason = reasonOf(wrong[0]);
  if (reason) return { type: 'Accepted', status: 'False', reason, message: messageOf(wrong) };
  const own = findings.listenersOf(undefined);
  const invalid = own.filter((listener) => !isValid(listener, findings.ofListener(listener.name)));
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Gateway is accepted.' };
  }
  const some = invalid.length < own.length;
  const message = `${some ? 'Not all listeners are' : 'No listener is'} valid. See the conditions of ${quoted(invalid.map(({ name }) => name))}.`;
  return { type: 'Accepted', status: some ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

/** It exists only while it is True. */
function insecureFrontend(whole: readonly GatewayFinding[]): readonly Verdict<string, string>[] {
  const found = whole.filter(({ effect }) => effect.kind === 'insecure');
  if (found.length === 0) return [];
  const reason = 'ConfigurationChanged';
  return [{ type: 'InsecureFrontendValidationMode', status: 'True', reason, message: messageOf(found) }];
}

const reasonOf = (finding: GatewayFinding | undefined): Accepted['reason'] | undefined =>
  finding?.effect.kind === 'refused' ? finding.effect.accepted : undefined;

const notToBeProgrammed: Programmed = {
  type: 'Programmed',
  status: 'False',
  reason: 'Invalid',
  message: 'The Gateway is not accepted. What existed before stays as it is.',
};

/** How the message of a Gateway begins until another load balancer is its address. */
export const beingReplaced = "The load balancer is active, and another one will become the Gateway's address.";

/** The Gateway lacks something else than listeners: an address that it asks for. @param was whether it was True before */
function unprogrammed(was: boolean, { ofWhole }: Serving): Programmed | undefined {
  const why = ofWhole.filter(
    ({ effect: { unprograms } }) => unprograms === 'always' || (unprograms === 'at-first' && !was),
  );
  if (why.length === 0) return undefined;
  return { type: 'Programmed', status: 'False', reason: unprogrammedReason(why), message: messageOf(why) };
}

/**
 * It becomes True when clients can reach every valid listener, and stays True while they can reach one. UpToDate and the conditions
 * of new listeners report changes that were refused or not answered.
 * @param serves whether it was True before, and a valid listener still serves
 */
function programmedCondition(
  serves: boolean,
  unserved: readonly ListenerResult[],
  serving: Serving,
  provisioned: Provisioned | undefined,
  words: ProviderWords,
): Programmed {
  const type = 'Programmed';
  const lack = unserved.length === 0 ? '' : lacking(unserved, provisioned, words);
  if (unserved.length === 0 || serves) {
    const replaced = provisioned?.replacing === true && provisioned.ports.size > 0;
    const active = replaced ? beingReplaced : 'The load balancer is active.';
    return { type, status: 'True', reason: 'Programmed', message: sentences([active, lack]) };
  }
  const message = sentences([lack, messageOf(serving.ofWhole)]);
  return { type, status: 'False', reason: unprogrammedReason(serving.ofWhole), message };
}
