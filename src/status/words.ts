// The messages for problems that the Gateway API's rules find. The provider's words say what the provider supports.
import { MAX_ANCESTORS } from '../gateway/policy-problem.ts';
import type { Problem } from '../gateway/problem.ts';
import type {
  BackendTlsInvalid,
  RedirectUnsupported,
  RewriteUnsupported,
  RuleProblem,
} from '../gateway/route-problem.ts';
import type { Fault } from '../kube/object.ts';
import { type Finding, sectionOf } from '../provider/finding.ts';
import type { ProviderWords } from '../provider/words.ts';
import { sentences } from './condition.ts';
import { list, namesOf, otherRoute, parentName, quoted } from './phrases.ts';

/** A message is about this long at most, in characters. */
const maxMessage = 1_600;

/** The findings as sentences, each once. If there are too many to read, the last sentence says how many more there are. */
export function messageOf(findings: readonly Pick<Finding, 'words'>[]): string {
  const said = new Set<string>();
  let length = 0;
  for (const [index, { words }] of findings.entries()) {
    if (said.has(words)) continue;
    if (said.size > 0 && length + words.length > maxMessage) {
      said.add(`There are ${findings.length - index} more.`);
      break;
    }
    said.add(words);
    length += words.length;
  }
  return sentences([...said]);
}

/** The message of all findings that have a reason, with the reason of the first. Undefined if no finding has a reason. */
export function pick<F extends Pick<Finding, 'words'>, Reason extends string>(
  findings: readonly F[],
  reasonOf: (finding: F) => Reason | undefined,
): { readonly reason: Reason; readonly message: string } | undefined {
  const those = findings.filter((finding) => reasonOf(finding) !== undefined);
  const reason = those[0] && reasonOf(those[0]);
  return reason && { reason, message: messageOf(those) };
}

/** @param otherwise the sentence to use if no earlier version of the object serves */
export function unreadable({ detail, isLast }: Fault, otherwise: string): string {
  const served = isLast ? 'The last version that it could read still serves.' : otherwise;
  return `Gatehouse can't read this: ${detail}. ${served} Correct it, or use a version of Gatehouse that knows this format.`;
}

/** If a rule has one of these problems, its requests are answered 500. */
export const answers500: ReadonlySet<string> = new Set([
  'filter-unsupported',
  'filters-incompatible',
  'cors-malformed',
  'rule-field-unsupported',
  'redirect-status-unsupported',
  'redirect-unsupported',
  'rewrite-unsupported',
] satisfies readonly RuleProblem['kind'][]);

/** Says what is wrong and how to correct it. The caller adds the field. */
export function sentence(problem: Problem, words: ProviderWords): string {
  switch (problem.kind) {
    case 'parameters-kind-unknown':
      return `parametersRef names ${problem.reference}, which is not a ${words.parametersKind}. Correct it, or remove parametersRef.`;
    case 'parameters-not-found':
      return `parametersRef names ${problem.reference}, which does not exist. Create it, or remove parametersRef.`;
    case 'parameters-invalid':
      return `${problem.reference} is invalid at spec${problem.field === '' ? '' : `.${problem.field}`}: ${problem.detail}.`;
    case 'gateway-unreadable':
      return unreadable(problem.fault, 'What existed before stays as it is.');
    case 'listener-set-unreadable':
      return unreadable(problem.fault, 'The listeners that can be read still serve.');
    case 'route-unreadable':
      return unreadable(problem.fault, words.routeUnread);
    case 'address-unsupported':
      return `the address "${problem.value}" of type ${problem.type} cannot be used: ${words.addresses} Leave value empty, or remove the address.`;
    case 'gateway-tls-unsupported':
      return `this field is not supported yet. Remove it.`;
    case 'listener-protocol-unsupported':
      return `protocol "${problem.protocol}" is not supported. Use ${words.protocols.join(' or ')}.`;
    case 'listener-protocol-conflict':
      return `port ${problem.port} is used with another protocol by ${namesOf(problem, problem.listener)}. Give one of them another port.`;
    case 'listener-hostname-conflict':
      if (problem.hostname === undefined)
        return `port ${problem.port} is also used by ${namesOf(problem, problem.listener)}. Give each listener its own port.`;
      return `port ${problem.port} ${problem.hostname === '' ? 'without a hostname' : `with hostname "${problem.hostname}"`} is also used by ${namesOf(problem, problem.listener)}. Give each listener its own hostname or port.`;
    case 'listener-set-not-allowed':
      return 'allowedListeners of the Gateway does not admit ListenerSets of this namespace. Ask the owner of the Gateway.';
    case 'route-kind-unsupported':
      return `routes of kind ${problem.routeKind} are not supported here. Use ${problem.supported.join(' or ')}.`;
    case 'route-kinds-elsewhere':
      return `${words.plane} serves ${list(problem.routeKinds)} only with protocol ${problem.protocols.join(' or ')}. Use that protocol, or allow other kinds.`;
    case 'tls-mode-unsupported':
      return `TLS mode "${problem.mode}" is not supported. Use Terminate.`;
    case 'tls-missing':
      return `${problem.protocol === 'TLS' ? 'a TLS' : 'an HTTPS'} listener needs tls with certificateRefs${words.certificateOption === undefined ? '' : `, or the option ${words.certificateOption}`}.`;
    case 'tls-overlap':
      return `its hostname overlaps with that of ${namesOf(problem, problem.listener)}. A client may reuse a connection for the other listener's host.`;
    case 'clients-not-checked':
      return 'also clients without a valid certificate are served. Use AllowValidOnly.';
    case 'clients-authority-kind-unsupported':
      return `${problem.reference} is not a ConfigMap. Name a ConfigMap with the key ca.crt.`;
    case 'clients-authority-not-permitted':
      return `ConfigMap ${problem.configMap} is in another namespace, and no ReferenceGrant there allows Gateways of this namespace to use it. Create a ReferenceGrant there, or copy the ConfigMap.`;
    case 'clients-authority-not-found':
      return `ConfigMap ${problem.configMap} does not exist, or has no key ca.crt. Create it with CA certificates in PEM.`;
    case 'clients-authority-malformed':
      return `ConfigMap ${problem.configMap} has no usable CA certificates: ${problem.detail}. Correct it.`;
    case 'clients-without-authority':
      return 'none of these CA certificates can be used, so the listener serves nobody.';
    case 'certificate-kind-unsupported':
      return `${problem.reference} is not a Secret. Name a Secret of type kubernetes.io/tls.`;
    case 'certificate-not-permitted':
      return `Secret ${problem.secret} is in another namespace, and no ReferenceGrant there allows ${problem.listener.includes('/') ? 'ListenerSets' : 'Gateways'} of this namespace to use it. Create a ReferenceGrant there, or copy the Secret.`;
    case 'certificate-not-found':
      return `Secret ${problem.secret} does not exist, or is not of type kubernetes.io/tls. Create it with "kubectl create secret tls".`;
    case 'certificate-malformed':
      return `Secret ${problem.secret} has no usable certificate: ${problem.detail}. Create it again with "kubectl create secret tls".`;
    case 'certificate-key-mismatch':
      return `in Secret ${problem.secret} the key in tls.key does not belong to the certificate in tls.crt. Use the private key of the certificate.`;
    case 'certificate-expired':
      return `the certificate in Secret ${problem.secret} expired on ${problem.notAfter}. Renew it.`;
    case 'certificate-not-yet-valid':
      return `the certificate in Secret ${problem.secret} is not valid before ${problem.notBefore}. Use one that is valid now.`;
    case 'certificate-algorithm-unsupported':
      return `the certificate in Secret ${problem.secret} has a key of type ${problem.algorithm}, which the load balancer does not support. Use ${words.certificateKeys}.`;
    case 'parent-not-matching':
      if (problem.available.length === 0)
        return `the Gateway accepts no listener of ListenerSet "${problem.parentRef.name}". See the conditions of the ListenerSet.`;
      return `no listener matches the parentRef ${parentName(problem.parentRef)}. Check its sectionName and port; the listeners are ${quoted(problem.available)}.`;
    case 'route-not-allowed':
      if (problem.protocols !== undefined)
        return `${quoted(problem.listeners.map(sectionOf))} takes no ${problem.route.kind}s. Attach the route to a listener of protocol ${problem.protocols.join(' or ')}.`;
      return `allowedRoutes of ${quoted(problem.listeners.map(sectionOf))} does not admit ${problem.route.kind}s of this namespace. Ask the ${problem.parentRef.kind ?? 'Gateway'}'s owner, or attach to another listener.`;
    case 'hostname-not-matching':
      return `no hostname of the route overlaps with that of ${quoted(problem.listeners.map(sectionOf))}. Give the route a hostname that does.`;
    case 'route-waits':
      return `${problem.listeners.length === 1 ? 'listener' : 'listeners'} ${quoted(problem.listeners.map(sectionOf))} ${problem.listeners.length === 1 ? 'sends' : 'send'} all traffic to an older route, ${otherRoute(problem.route, problem.for)}. This route gets it when that route is gone.`;
    case 'backend-kind-unknown':
      return `${problem.reference} is not supported as a backend. Name a Service.`;
    case 'backend-not-permitted':
      return `${problem.reference} is in another namespace, and no ReferenceGrant in ${problem.namespace} allows ${problem.route.kind}s of this namespace to use it. Create a ReferenceGrant there, or name a Service of this namespace.`;
    case 'backend-not-found':
      return `Service ${problem.service} does not exist. Create it, or name another Service.`;
    case 'backend-port-missing':
      return `the reference to Service ${problem.service} has no port. Add the port.`;
    case 'backend-port-not-found':
      return `Service ${problem.service} has no port ${problem.port}. Its ports: ${list(problem.available)}.`;
    case 'backend-protocol-unsupported':
      return `Service ${problem.service} has the appProtocol "${problem.protocol}", which the load balancer does not support. Use ${problem.route.kind === 'GRPCRoute' ? 'grpc' : 'HTTP'}.`;
    case 'backend-tls-unsupported':
      return `BackendTLSPolicy ${problem.policy} asks for TLS to Service ${problem.service}, and the Gateway's load balancer can't check the certificates of backends. So it sends no requests there. Use a GatewayClass that can, or remove the policy.`;
    case 'backend-tls-invalid':
      return backendTlsInvalid(problem);
    case 'backend-transport-mismatch':
      return `port ${problem.port} of Service ${problem.service} is a ${problem.transport} port. The route needs a ${problem.transport === 'UDP' ? 'TCP' : 'UDP'} port.`;
    case 'backend-external-name':
      return `Service ${problem.service} is of type ExternalName, which has no endpoints to send traffic to. Name a Service that has endpoints.`;
    case 'filter-unsupported':
      return `filter ${problem.filter} is not supported by ${words.plane}. Remove it.`;
    case 'filters-incompatible':
      return `${list(problem.filters)} can't be used together in one rule. Keep one of them.`;
    case 'cors-malformed':
      return `"${problem.value}" can't be used in a CORS filter. Write an origin as https://www.example.com or https://*.example.com:8443, and methods and headers by their names.`;
    case 'rule-field-unsupported':
      return `${words.plane} does not support this field in a rule. Remove it.`;
    case 'redirect-status-unsupported':
      return `a redirect with status ${problem.statusCode} is not supported by ${words.plane}. Use ${problem.allowed.join(' or ')}.`;
    case 'redirect-unsupported':
      return redirectMisfit(problem, words);
    case 'rewrite-unsupported':
      return rewriteMisfit(problem);
    case 'policy-unreadable':
      return unreadable(problem.fault, 'No requests go to its Services.');
    case 'policy-conflicted':
      return `Service ${problem.service} has an older BackendTLSPolicy, ${problem.by}, and that one counts. Remove one of them, or name a port that only one of them has.`;
    case 'policy-target-not-found':
      return `Service ${problem.service} has no port with the name "${problem.section}". Its ports: ${list(problem.available)}.`;
    case 'policy-authorities-unknown':
      return `"${problem.value}" is not a known set of CA certificates. Use "System", or caCertificateRefs.`;
    case 'policy-without-authority':
      return 'none of these CA certificates can be used, so no requests go to the Services of the policy.';
    case 'policy-authority-kind-unsupported':
      return `${problem.reference} is not a ConfigMap. Name a ConfigMap with the key ca.crt.`;
    case 'policy-authority-not-found':
      return `ConfigMap ${problem.configMap} does not exist, or has no key ca.crt. Create it with CA certificates in PEM.`;
    case 'policy-authority-malformed':
      return `ConfigMap ${problem.configMap} has no usable CA certificates: ${problem.detail}. Correct it.`;
    case 'policy-unsupported':
      return "the Gateway's load balancer can't check the certificates of backends. So it sends no requests to the Services of the policy. Use a GatewayClass that can, or remove the policy.";
    case 'kinds-missing':
      return `the API server does not serve ${list(problem.kinds)}. Until it does, everything stays as it is. Install the Gateway API's CRDs.`;
    default:
      return problem satisfies never;
  }
}

function redirectMisfit({ why }: RedirectUnsupported, { plane }: ProviderWords): string {
  switch (why.kind) {
    case 'needs-prefix-match':
      return needsPrefixMatch;
    case 'line-break':
      return lineBreak;
    case 'prefix-replaced':
      return `${plane} cannot replace a prefix in a redirect; it can only add text before the path.`;
    case 'only-prefix':
      return 'it changes only the prefix of the path.';
    case 'https-to-http':
      return 'HTTPS cannot be redirected to HTTP.';
    case 'too-long':
      return `a host name or path is longer than ${why.limit} characters.`;
    default:
      return why satisfies never;
  }
}

function backendTlsInvalid({ policy, service, why }: BackendTlsInvalid): string {
  switch (why) {
    case 'invalid':
      return `BackendTLSPolicy ${policy} of Service ${service} is not accepted, so no requests go there. The status of the policy says why.`;
    case 'ancestors':
      return `the status of BackendTLSPolicy ${policy} has room for ${MAX_ANCESTORS} Gateways, and others have it. So no requests go to Service ${service}. Use another Service for this Gateway.`;
    default:
      return why satisfies never;
  }
}

function rewriteMisfit({ why }: RewriteUnsupported): string {
  switch (why.kind) {
    case 'needs-prefix-match':
      return needsPrefixMatch;
    case 'line-break':
      return lineBreak;
    case 'not-shared':
      return 'a rule has one URLRewrite, which all of its backends share.';
    case 'group':
      return `${why.replacement} has a $ before a digit, which would insert a group of the regular expression.`;
    case 'too-long':
      return `the rewrite is longer than ${why.limit} characters.`;
    default:
      return why satisfies never;
  }
}

const lineBreak = 'the path has a line break or a zero byte. Remove it.';
const needsPrefixMatch = 'ReplacePrefixMatch needs matches of type PathPrefix.';
