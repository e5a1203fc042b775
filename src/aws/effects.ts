// The effect of each AWS problem on conditions.
import { listenerPort } from '../gateway/listener-protocols.ts';
import type { GatewayEffect, Hindrance, ListenerEffect, RuleEffect } from '../provider/finding.ts';
import type { CloudProblem, RefusalProblem } from './cloud-problem.ts';
import type { ListenerProblem } from './listener-problem.ts';
import type { Problem } from './problem.ts';
import type { RuleProblem } from './rule-problem.ts';

/** Reasons of gatehouse.dev/UpToDate. */
type UpToDate =
  | 'AccessDenied'
  | 'AddressNotUsable'
  | 'CredentialsInvalid'
  | 'DeletionHeld'
  | 'NoResources'
  | 'NotAnswered'
  | 'Refused'
  | 'RegionChanged'
  | 'VpcUnknown';

type CloudEffect = Pick<Hindrance, 'programmed' | 'passing'> & { readonly upToDate: UpToDate };

const refusalEffects: Readonly<Record<RefusalProblem['kind'], CloudEffect>> = {
  'name-taken': { programmed: 'Invalid', upToDate: 'Refused' },
  'quota-reached': { programmed: 'NoResources', upToDate: 'NoResources' },
  'access-denied': { programmed: 'Invalid', upToDate: 'AccessDenied' },
  'cloud-refused': { programmed: 'Invalid', upToDate: 'Refused' },
};

const cloudEffects: Readonly<Record<CloudProblem['kind'], CloudEffect | 'remark'>> = {
  ...refusalEffects,
  'subnets-too-few': { programmed: 'NoResources', upToDate: 'NoResources' },
  'source-ranges-too-many': { programmed: 'NoResources', upToDate: 'NoResources' },
  'ip-address-type-unsupported': { programmed: 'Invalid', upToDate: 'Refused' },
  'address-not-usable': { programmed: 'AddressNotUsable', upToDate: 'AddressNotUsable' },
  'subnets-invalid': { programmed: 'Invalid', upToDate: 'Refused' },
  'subnets-all-change': { programmed: 'Invalid', upToDate: 'Refused' },
  'subnet-address-invalid': { programmed: 'Invalid', upToDate: 'Refused' },
  'security-groups-not-permitted': { programmed: 'Invalid', upToDate: 'Refused' },
  'vpc-unknown': { programmed: 'Pending', upToDate: 'VpcUnknown', passing: true },
  'region-changed': { programmed: 'Pending', upToDate: 'RegionChanged' },
  'cluster-name-taken': { programmed: 'Invalid', upToDate: 'Refused' },
  'credentials-invalid': { programmed: 'Pending', upToDate: 'CredentialsInvalid', passing: true },
  'cloud-unanswered': { programmed: 'Pending', upToDate: 'NotAnswered', passing: true },
  // AWS may need minutes to release a resource.
  'deletion-held': { programmed: 'Pending', upToDate: 'DeletionHeld', passing: true },
  'addresses-in-one-zone': 'remark',
  'zones-kept': 'remark',
  'mapped-addresses-unused': 'remark',
  'admission-widened': 'remark',
  'attributes-without-effect': 'remark',
  'region-near-quota': 'remark',
  'rules-of-others': 'remark',
  'targets-near-quota': 'remark',
};

export const listenerEffects: Readonly<Record<ListenerProblem['kind'], ListenerEffect>> = {
  'listener-hostname-too-long': { kind: 'unsupported', reason: 'UnsupportedValue' },
  'certificate-arn-malformed': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'certificate-arn-not-permitted': { kind: 'unresolved', reason: 'RefNotPermitted' },
  'certificate-arn-not-found': { kind: 'unresolved', reason: 'InvalidCertificateRef', passing: 'unseen' },
  'certificate-arn-unknown': { kind: 'unresolved', reason: 'InvalidCertificateRef', passing: 'unknown' },
  'certificate-refused': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'listener-setting-conflict': { kind: 'remark' },
  'listener-not-isolated': { kind: 'remark' },
  'listener-pair': { kind: 'no-room', lack: 'port' },
  'listener-port-taken': { kind: 'no-room', lack: 'port' },
  'listener-unanswered': { kind: 'remark' },
  'server-names-not-told-apart': { kind: 'remark' },
  'udp-without-ipv6': { kind: 'unsupported', reason: 'UnsupportedProtocol' },
  'alpn-policy-unknown': { kind: 'remark' },
  'too-many-certificates': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'too-many-listeners': { kind: 'no-room', lack: 'listeners' },
  'too-many-ingress-rules': { kind: 'no-room', lack: 'port' },
};

const dropped: RuleEffect = { kind: 'dropped', reason: 'UnsupportedValue' };

const ruleEffects: Readonly<Record<RuleProblem['kind'], RuleEffect>> = {
  'backend-without-node-port': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
  'backend-without-ipv4': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
  'backend-needs-https-listener': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
  'backend-without-ipv6': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
  'backend-of-other-family': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
  'invalid-share-unanswered': { kind: 'remark' },
  'port-taken-by-others': dropped,
  'pair-differs': { kind: 'remark' },
  'health-unknown': { kind: 'remark' },
  'health-node-port-missing': { kind: 'remark' },
  'client-address-kept': { kind: 'remark' },
  'targets-refused': { kind: 'unreachable', reason: 'TargetsRefused' },
  'targets-unfit': { kind: 'unreachable', reason: 'TargetsRefused' },
  'targets-group-unclear': { kind: 'unreachable', reason: 'TargetsNotAdmitted' },
  'targets-not-admitted': { kind: 'unreachable', reason: 'TargetsNotAdmitted' },
  'targets-not-located': { kind: 'unreachable', reason: 'TargetsNotLocated' },
  'targets-in-other-zones': { kind: 'unreachable', reason: 'TargetsUnused' },
  'invalid-share-answers-503': { kind: 'remark' },
  'match-ignores-case': { kind: 'remark' },
  'partly-left-out': { kind: 'remark' },
  'match-unsupported': dropped,
  'match-too-large': dropped,
  'regex-unsupported': dropped,
  'redirect-to-itself': dropped,
  'too-many-backends': dropped,
  'too-many-rules': dropped,
  'too-many-target-groups': dropped,
  'gate-missing': dropped,
  'change-does-not-fit': { kind: 'kept' },
  'rule-refused': dropped,
  'rule-change-refused': { kind: 'outdated', reason: 'Refused' satisfies UpToDate },
};

export const isOfCloud = (problem: Problem): problem is CloudProblem => problem.kind in cloudEffects;
export const isOfListener = (problem: Problem): problem is ListenerProblem => problem.kind in listenerEffects;
export const isOfRule = (problem: Problem): problem is RuleProblem => problem.kind in ruleEffects;

export function cloudEffect(problem: CloudProblem): GatewayEffect {
  const effect = cloudEffects[problem.kind];
  if (effect === 'remark') return { kind: 'remark' };
  return { kind: 'hindrance', ...effect, concerns: 'resource' in problem ? concernOf(problem.resource) : 'everything' };
}

/** Rules and target groups concern only routes: a listener is served without them. @param resource a logical id */
function concernOf(resource: string): Hindrance['concerns'] {
  const [kind = '', ...rest] = resource.split('/');
  if (['rule', 'target-group', 'admission', 'admissions'].includes(kind)) return 'routes';
  if (kind === 'security-group') return 'clients';
  if (kind !== 'listener' || rest.length === 0) return 'everything';
  const [loadBalancer = '', port] = rest;
  // A listener of an NLB may serve listeners of any protocol.
  const protocols = loadBalancer.startsWith('nlb-') ? ['TCP', 'UDP', 'TLS', 'HTTP'] : ['HTTP'];
  return { ports: protocols.map((protocol) => listenerPort(protocol, Number(port))) };
}

export function ruleEffect(problem: RuleProblem): RuleEffect {
  // Missing permissions are not the route's fault.
  if (isDenied(problem)) return { kind: 'dropped', reason: 'Pending' };
  if (problem.kind === 'rule-change-refused') {
    return { kind: 'outdated', reason: refusalEffects[problem.cause.kind].upToDate };
  }
  return ruleEffects[problem.kind];
}

const isDenied = (problem: RuleProblem): boolean =>
  problem.kind === 'rule-refused' && problem.cause.kind === 'access-denied';
