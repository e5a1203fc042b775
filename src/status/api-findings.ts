// The effects of the Gateway API's own problems on conditions.
import type { ClientProblem, ListenerProblem } from '../gateway/listener-problem.ts';
import type { PolicyProblem } from '../gateway/policy-problem.ts';
import type { GatewayProblem, ParametersProblem, Problem } from '../gateway/problem.ts';
import type { BackendProblem, ParentProblem, RouteWaits, RuleProblem } from '../gateway/route-problem.ts';
import {
  type Finding,
  type GatewayEffect,
  type GatewayFinding,
  type ListenerEffect,
  ofClients,
  ofGateway,
  ofListener,
  ofListenerSet,
  ofParent,
  ofPolicy,
  ofRule,
  type ParentFinding,
  type PolicyEffect,
  type RuleEffect,
} from '../provider/finding.ts';
import type { ProviderWords } from '../provider/words.ts';
import { answers500, sentence } from './words.ts';

type ByKind<P extends { readonly kind: string }, Effect> = Readonly<Record<P['kind'], Effect>>;

const listenerEffects: ByKind<Exclude<ListenerProblem, ClientProblem>, ListenerEffect> = {
  'listener-protocol-unsupported': { kind: 'unsupported', reason: 'UnsupportedProtocol' },
  'listener-protocol-conflict': { kind: 'conflict', reason: 'ProtocolConflict' },
  'listener-hostname-conflict': { kind: 'conflict', reason: 'HostnameConflict' },
  'route-kind-unsupported': { kind: 'unresolved', reason: 'InvalidRouteKinds' },
  'route-kinds-elsewhere': { kind: 'unsupported', reason: 'UnsupportedProtocol' },
  'tls-mode-unsupported': { kind: 'unsupported', reason: 'UnsupportedValue' },
  'tls-missing': { kind: 'unsupported', reason: 'UnsupportedValue' },
  'tls-overlap': { kind: 'overlap' },
  'certificate-kind-unsupported': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'certificate-not-permitted': { kind: 'unresolved', reason: 'RefNotPermitted' },
  'certificate-not-found': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'certificate-malformed': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'certificate-key-mismatch': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'certificate-expired': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'certificate-not-yet-valid': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  'certificate-algorithm-unsupported': { kind: 'unresolved', reason: 'InvalidCertificateRef' },
};

const clientEffects: ByKind<ClientProblem, ListenerEffect> = {
  'clients-authority-kind-unsupported': { kind: 'unresolved', reason: 'InvalidCACertificateKind' },
  'clients-authority-not-permitted': { kind: 'unresolved', reason: 'RefNotPermitted' },
  'clients-authority-not-found': { kind: 'unresolved', reason: 'InvalidCACertificateRef' },
  'clients-authority-malformed': { kind: 'unresolved', reason: 'InvalidCACertificateRef' },
  'clients-without-authority': { kind: 'unsupported', reason: 'NoValidCACertificate' },
};

const parentEffects: ByKind<ParentProblem, Pick<ParentFinding, 'reason' | 'unread'>> = {
  'route-unreadable': { reason: 'UnsupportedValue', unread: true },
  'parent-not-matching': { reason: 'NoMatchingParent' },
  'route-not-allowed': { reason: 'NotAllowedByListeners' },
  'hostname-not-matching': { reason: 'NoMatchingListenerHostname' },
};

const ruleEffects: ByKind<RouteWaits | BackendProblem | RuleProblem, RuleEffect> = {
  'route-waits': { kind: 'remark' },
  'backend-kind-unknown': { kind: 'unresolved', reason: 'InvalidKind' },
  'backend-not-permitted': { kind: 'unresolved', reason: 'RefNotPermitted' },
  'backend-not-found': { kind: 'unresolved', reason: 'BackendNotFound' },
  'backend-port-missing': { kind: 'unresolved', reason: 'BackendNotFound' },
  'backend-port-not-found': { kind: 'unresolved', reason: 'BackendNotFound' },
  'backend-protocol-unsupported': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
  'backend-tls-unsupported': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
  'backend-tls-invalid': { kind: 'unresolved', reason: 'InvalidBackendTLS' },
  'backend-transport-mismatch': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
  'backend-external-name': { kind: 'unresolved', reason: 'InvalidKind' },
  'filter-unsupported': { kind: 'dropped', reason: 'UnsupportedValue' },
  'filters-incompatible': { kind: 'dropped', reason: 'IncompatibleFilters' },
  'cors-malformed': { kind: 'dropped', reason: 'UnsupportedValue' },
  'rule-field-unsupported': { kind: 'dropped', reason: 'UnsupportedValue' },
  'redirect-status-unsupported': { kind: 'dropped', reason: 'UnsupportedValue' },
  'redirect-unsupported': { kind: 'dropped', reason: 'UnsupportedValue' },
  'rewrite-unsupported': { kind: 'dropped', reason: 'UnsupportedValue' },
};

const policyEffects: ByKind<PolicyProblem, PolicyEffect> = {
  'policy-unreadable': { kind: 'refused', reason: 'Invalid' },
  'policy-conflicted': { kind: 'refused', reason: 'Conflicted' },
  'policy-target-not-found': { kind: 'refused', reason: 'TargetNotFound' },
  'policy-authorities-unknown': { kind: 'refused', reason: 'Invalid' },
  'policy-without-authority': { kind: 'refused', reason: 'NoValidCACertificate' },
  'policy-authority-kind-unsupported': { kind: 'unresolved', reason: 'InvalidKind' },
  'policy-authority-not-found': { kind: 'unresolved', reason: 'InvalidCACertificateRef' },
  'policy-authority-malformed': { kind: 'unresolved', reason: 'InvalidCACertificateRef' },
  // "If an implementation does not support the … field", Accepted is False "with a Reason Invalid".
  'policy-unsupported': { kind: 'refused', reason: 'Invalid' },
};

const invalid: GatewayEffect = { kind: 'refused', accepted: 'Invalid' };

const badParameters: GatewayEffect = { kind: 'refused', accepted: 'InvalidParameters' };

const missingKinds: GatewayEffect = {
  kind: 'hindrance',
  programmed: 'Pending',
  upToDate: 'KindsMissing',
  passing: true,
  concerns: 'everything',
};

const isOfListener = (problem: Problem): problem is Exclude<Extract<Problem, ListenerProblem>, ClientProblem> =>
  problem.kind in listenerEffects;

const isOfClients = (problem: Problem): problem is ClientProblem => problem.kind in clientEffects;

/** @param words of the Gateway's provider */
export function apiFinding(problem: Problem, words: ProviderWords): Finding {
  const said = sentence(problem, words);
  if ('rule' in problem) {
    const answered = answers500.has(problem.kind) ? ' Its requests are answered 500.' : '';
    return ofRule(problem, said + answered, ruleEffects[problem.kind]);
  }
  if ('parentRef' in problem) return ofParent(problem, said, parentEffects[problem.kind], parentField(problem));
  if (isOfClients(problem)) return ofClients(problem, said, clientEffects[problem.kind]);
  if (isOfListener(problem)) {
    const served = 'stillServed' in problem ? ' The certificate that was imported from it before still serves.' : '';
    return ofListener(problem, said + served, listenerEffects[problem.kind]);
  }
  if ('policy' in problem) return policyFinding(problem, said);
  if (problem.kind === 'listener-set-not-allowed') return ofListenerSet(problem, said, 'NotAllowed');
  if (problem.kind === 'listener-set-unreadable') return ofListenerSet(problem, said, 'Invalid', problem.fault.field);
  return gatewayFinding(problem, said);
}

function policyFinding(problem: PolicyProblem, said: string): Finding {
  const field = problem.kind === 'policy-unreadable' ? problem.field : `spec.${problem.field}`;
  return ofPolicy(problem, said, policyEffects[problem.kind], field);
}

function parentField(problem: ParentProblem): string {
  if (problem.kind === 'route-unreadable') return problem.fault.field;
  return problem.kind === 'hostname-not-matching' ? 'spec.hostnames' : 'spec.parentRefs';
}

function gatewayFinding(problem: ParametersProblem | GatewayProblem, said: string): GatewayFinding {
  switch (problem.kind) {
    case 'parameters-kind-unknown':
    case 'parameters-not-found':
      return ofGateway(problem, said, badParameters);
    case 'parameters-invalid':
      // The field is in another object, and the sentence names both.
      return { ...ofGateway(problem, said, badParameters), field: problem.field };
    case 'gateway-unreadable': {
      const { field, isLast } = problem.fault;
      return ofGateway(problem, said, { ...invalid, ...(!isLast && { unread: true as const }) }, field);
    }
    case 'address-unsupported':
      return ofGateway(problem, said, { kind: 'refused', accepted: 'UnsupportedAddress' }, `spec.${problem.field}`);
    case 'gateway-tls-unsupported':
      return ofGateway(problem, said, invalid, `spec.${problem.field}`);
    case 'clients-not-checked':
      return ofGateway(problem, said, { kind: 'insecure' }, `spec.${problem.field}`);
    case 'kinds-missing':
      return ofGateway(problem, said, missingKinds);
    default:
      return problem satisfies never;
  }
}
