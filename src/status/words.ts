// A problem in words: what is wrong, where, and what to do. The one place where problems become prose.
import type { ParentReference } from '../api/gateway-api.ts';
import type { Holder } from '../aws/cloud-problem.ts';
import type { Others } from '../gateway/other-listeners.ts';
import type { Fault } from '../kube/object.ts';
import { sentences } from './condition.ts';
import type { Problem } from './problem.ts';

/** Nobody reads more names than this in a sentence. */
const maxNames = 10;

/** @param unnamed how many there are beside the items */
const list = (items: readonly (string | number)[], unnamed = 0): string => {
  if (items.length === 0) return 'none';
  const more = Math.max(items.length - maxNames, 0) + unnamed;
  return `${items.slice(0, maxNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** Names in quotes: the first ones, and how many more there are. */
export const quoted = (names: readonly string[]): string => list(names.map((name) => `"${name}"`));

/** A ListenerSet's listener is `namespace/set/name` among its Gateway's, and the Gateway's own just `name`. */
const ownerOf = (listener: string): string => listener.slice(0, listener.lastIndexOf('/') + 1);

/** Its name in what has it. */
const sectionOf = (listener: string): string => listener.slice(ownerOf(listener).length);

/** Those beside it by name; of what stands elsewhere, maybe in another team's hands, not even that. */
function namesOf({ others, more = 0 }: Others, listener: string): string {
  const said = others.map((other) => {
    const owner = ownerOf(other);
    if (owner === ownerOf(listener)) return `"${sectionOf(other)}"`;
    return owner === '' ? 'a listener of the Gateway' : 'a listener of another ListenerSet';
  });
  return list([...new Set(said)], more);
}

function parentName(parentRef: ParentReference): string {
  const section = parentRef.sectionName === undefined ? '' : `, sectionName "${parentRef.sectionName}"`;
  const port = parentRef.port === undefined ? '' : `, port ${parentRef.port}`;
  const kind = parentRef.kind === 'ListenerSet' ? 'ListenerSet ' : '';
  return `${kind}"${parentRef.name}"${section}${port}`;
}

/** The field that a problem concerns, as a path from the object's root; absent where no single field is at fault. */
export function fieldOf(problem: Problem): string | undefined {
  if ('fault' in problem) return problem.fault.field;
  if ('rule' in problem) return `spec.rules[${problem.rule}]${problem.field === '' ? '' : `.${problem.field}`}`;
  if ('listener' in problem)
    return `spec.listeners["${sectionOf(problem.listener)}"]${problem.field === '' ? '' : `.${problem.field}`}`;
  if ('parentRef' in problem) return problem.kind === 'hostname-not-matching' ? 'spec.hostnames' : 'spec.parentRefs';
  if ('field' in problem) return problem.kind === 'parameters-invalid' ? problem.field : `spec.${problem.field}`;
  return undefined;
}

/** What all of them say together is about this long at most: the field at fault is in the first ones, too. */
const maxTold = 1_600;

/** Problems in sentences, each once. Where there are too many to read, the last sentence says how many more. */
export function told(problems: readonly Problem[]): string {
  const said = new Set<string>();
  let length = 0;
  for (const [index, problem] of problems.entries()) {
    const text = explain(problem);
    if (said.has(text)) continue;
    if (said.size > 0 && length + text.length > maxTold) {
      said.add(`There are ${problems.length - index} more.`);
      break;
    }
    said.add(text);
    length += text.length;
  }
  return sentences([...said]);
}

/** One or two sentences: the fault with its field, and the remedy. Never a secret. */
export function explain(problem: Problem): string {
  const field = fieldOf(problem);
  const served = 'stillServed' in problem ? ' The certificate that was imported from it before still serves.' : '';
  const answered = answers500.has(problem.kind) ? ' Its requests are answered 500.' : '';
  const said = sentence(problem) + served + answered;
  return field === undefined || problem.kind === 'parameters-invalid' ? said : `${field}: ${said}`;
}

/** @param otherwise what becomes of an object of which no earlier version could be read */
export function unreadable({ detail, isLast }: Fault, otherwise: string): string {
  const served = isLast ? 'The version before it goes on serving.' : otherwise;
  return `Gatehouse can't read this: ${detail}. ${served} Correct it, or run a Gatehouse that knows it.`;
}

const want = ({ held, limit, wanted }: { held: number; limit: number; wanted?: number }, what: string): string =>
  `the load balancer holds ${held} of at most ${limit} ${what}, and ${wanted === undefined ? 'the routes of this namespace ask for so much more that not all of them are looked at' : `this needs at least ${wanted}`}.`;

/** Faults of what is to be done with a request. */
const answers500: ReadonlySet<Problem['kind']> = new Set([
  'filter-unsupported',
  'filters-incompatible',
  'rule-field-unsupported',
  'redirect-status-unsupported',
  'redirect-unsupported',
  'rewrite-unsupported',
  'too-many-backends',
]);

function sentence(problem: Problem): string {
  switch (problem.kind) {
    case 'parameters-kind-unknown':
      return `parametersRef names ${problem.reference}, which is no LoadBalancerConfiguration of gatehouse.dev. Name one, or remove parametersRef.`;
    case 'parameters-not-found':
      return `parametersRef names ${problem.reference}, which does not exist. Create it, or remove parametersRef.`;
    case 'parameters-invalid':
      return `${problem.reference} is invalid at spec${problem.field === '' ? '' : `.${problem.field}`}: ${problem.detail}.`;
    case 'gateway-unreadable':
      return unreadable(problem.fault, 'What existed before stays as it is.');
    case 'listener-set-unreadable':
      return unreadable(problem.fault, 'The listeners that can be read go on.');
    case 'route-unreadable':
      return unreadable(problem.fault, 'Its rules in AWS stay as they are.');
    case 'address-unsupported':
      return `the address "${problem.value}" can't be had: AWS chooses the addresses of an Application Load Balancer. Leave value empty, or remove the address.`;
    case 'gateway-tls-unsupported':
      return 'an Application Load Balancer made from a Gateway does not do this yet. Remove it.';
    case 'listener-protocol-unsupported':
      return `protocol "${problem.protocol}" is not supported. Use HTTP or HTTPS.`;
    case 'listener-protocol-conflict':
      return `port ${problem.port} is used with another protocol by ${namesOf(problem, problem.listener)}. Give one of them another port.`;
    case 'listener-hostname-conflict':
      return `port ${problem.port} ${problem.hostname === '' ? 'without a hostname' : `and hostname "${problem.hostname}"`} is what ${namesOf(problem, problem.listener)} has too. Give each listener its own hostname or port.`;
    case 'listener-hostname-too-long':
      return `no condition of an Application Load Balancer holds a host name of over ${problem.limit} characters: requests for it are taken for those of the port's other listeners. Use a shorter one.`;
    case 'listener-set-not-allowed':
      return 'allowedListeners of the Gateway does not admit ListenerSets of this namespace. Ask its owner.';
    case 'route-kind-unsupported':
      return `routes of kind ${problem.routeKind} are not supported here. Use HTTPRoute.`;
    case 'tls-mode-unsupported':
      return `TLS mode "${problem.mode}" is not supported. Use Terminate.`;
    case 'tls-missing':
      return 'an HTTPS listener needs tls with certificateRefs, or the option gatehouse.dev/certificate-arn.';
    case 'tls-overlap':
      return `its hostname overlaps with that of ${namesOf(problem, problem.listener)}. A client may reuse a connection for the other listener's host.`;
    case 'certificate-kind-unsupported':
      return `${problem.reference} is no Secret. Name a Secret of type kubernetes.io/tls.`;
    case 'certificate-not-permitted':
      return `Secret ${problem.secret} lies in another namespace, and no ReferenceGrant there allows ${problem.listener.includes('/') ? 'ListenerSets' : 'Gateways'} of this namespace to use it. Make one there, or copy the Secret.`;
    case 'certificate-not-found':
      return `Secret ${problem.secret} does not exist, or is not of type kubernetes.io/tls. Make it with "kubectl create secret tls".`;
    case 'certificate-malformed':
      return `Secret ${problem.secret} holds no usable certificate: ${problem.detail}. Make it anew with "kubectl create secret tls".`;
    case 'certificate-key-mismatch':
      return `in Secret ${problem.secret} the key in tls.key does not belong to the certificate in tls.crt. Put in the key that the certificate was made with.`;
    case 'certificate-expired':
      return `the certificate in Secret ${problem.secret} expired on ${problem.notAfter}. Renew it.`;
    case 'certificate-not-yet-valid':
      return `the certificate in Secret ${problem.secret} is not valid before ${problem.notBefore}. Use one that is valid now.`;
    case 'certificate-algorithm-unsupported':
      return `the certificate in Secret ${problem.secret} has a key of type ${problem.algorithm}, which a load balancer does not take. Use RSA of 2048 to 4096 bits, or ECDSA on P-256, P-384 or P-521.`;
    case 'certificate-arn-malformed':
      return `"${problem.arn}" is no ARN of an ACM certificate (arn:aws:acm:REGION:ACCOUNT:certificate/ID).`;
    case 'certificate-arn-not-permitted':
      return `certificate ${problem.arn} was imported by Gatehouse from a Secret that this listener may not use. Name a Secret that it may use in certificateRefs, or a certificate of your own.`;
    case 'certificate-arn-not-found':
      return `ACM has no certificate ${problem.arn} in this account and region. Check the ARN.`;
    case 'certificate-arn-unknown':
      return `AWS does not say whose certificate ${problem.arn} is (${problem.detail}). It is left out until AWS does.`;
    case 'certificate-refused':
      return sentence(problem.cause);
    case 'listener-setting-conflict':
      return `listeners that share port ${problem.port} share ${problem.setting} as well; that of ${namesOf({ others: [problem.other] }, problem.listener)} is in force. Make them equal, or use another port.`;
    case 'too-many-certificates':
      return `a load balancer holds ${problem.limit} certificates beside the default ones; this one is left out. Spread the listeners over more Gateways, or use a certificate with more names.`;
    case 'listener-not-isolated':
      return `requests for its hosts that none of its routes takes go to other listeners of port ${problem.port}: the load balancer has no room for the rules that keep them apart (it takes ${problem.limit}). Use fewer hostnames, or another Gateway.`;
    case 'too-many-listeners':
      return `a load balancer has at most ${problem.limit} listeners; this one is left out. Spread them over more Gateways.`;
    case 'too-many-ingress-rules':
      return `the security groups of a load balancer hold ${problem.limit} rules, and each port needs ${problem.ranges} for the source ranges: ${problem.ports === 1 ? '1 port fits' : `${problem.ports} ports fit`}, and this one is left out. Use fewer sourceRanges or ports, or name securityGroups of your own.`;
    case 'parent-not-matching':
      if (problem.available.length === 0)
        return `the Gateway takes no listener of ListenerSet "${problem.parentRef.name}". See its conditions.`;
      return `no listener matches the parentRef ${parentName(problem.parentRef)}. Check its sectionName and port; the listeners are ${quoted(problem.available)}.`;
    case 'route-not-allowed':
      return `allowedRoutes of ${quoted(problem.listeners.map(sectionOf))} does not admit HTTPRoutes of this namespace. Ask the ${problem.parentRef.kind ?? 'Gateway'}'s owner, or attach to another listener.`;
    case 'hostname-not-matching':
      return `no hostname of the route overlaps with that of ${quoted(problem.listeners.map(sectionOf))}. Give it one that does.`;
    case 'backend-kind-unknown':
      return `${problem.reference} is not supported as a backend. Name a Service.`;
    case 'backend-not-permitted':
      return `${problem.reference} lies in another namespace, and no ReferenceGrant in ${problem.namespace} allows HTTPRoutes of this namespace to use it. Make a ReferenceGrant there, or name a Service of this namespace.`;
    case 'backend-not-found':
      return `Service ${problem.service} does not exist. Create it, or name another one.`;
    case 'backend-port-missing':
      return `a reference to Service ${problem.service} needs a port. Name one.`;
    case 'backend-port-not-found':
      return `Service ${problem.service} has no port ${problem.port}. Its ports: ${list(problem.available)}.`;
    case 'backend-protocol-unsupported':
      return `Service ${problem.service} has the appProtocol "${problem.protocol}", which the load balancer can't speak to it. Use HTTP.`;
    case 'backend-without-node-port':
      return `Service ${problem.service} has no node port, which target type instance needs. Use type NodePort or LoadBalancer, or target type ip.`;
    case 'backend-without-ipv4':
      return `Service ${problem.service} has IPv6 addresses only, and the load balancer's ipAddressType is ipv4. Set it to dualstack in a LoadBalancerConfiguration, or give the Service IPv4 too.`;
    case 'backend-external-name':
      return `Service ${problem.service} is of type ExternalName, which has no endpoints to send traffic to. Name a Service that has.`;
    case 'invalid-share-answers-503':
      return 'the share of the invalid backends is answered 503, not 500: an Application Load Balancer can only answer 500 for a whole rule.';
    case 'targets-refused':
      return `AWS refused targets of Service ${problem.service}: ${list(problem.targets)} (${problem.detail}). They get no requests.`;
    case 'targets-unfit':
      return `AWS refuses targets of Service ${problem.service}: ${list(problem.targets)}. Their addresses must be in a subnet of the VPC, or private: in 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12 or 192.168.0.0/16.`;
    case 'targets-group-unclear':
      return `the network interface ${problem.carrier} of targets of Service ${problem.service} has the security groups ${list(problem.groups)}, and none of them is opened. Tag one of them with ${problem.tag}.`;
    case 'targets-not-admitted':
      return `no security group rule lets the load balancer through to the targets of Service ${problem.service}. ${sentence(problem.cause)}${problem.cause.kind === 'access-denied' ? ' The policy allows security groups with the tag kubernetes.io/cluster/NAME alone.' : ''}`;
    case 'targets-not-located':
      return `no Node and no network interface is known to have the targets of Service ${problem.service}: ${list(problem.targets)}. So no security group is opened for them. Name the Node in its EndpointSlices, or open the group yourself.`;
    case 'match-ignores-case':
      return `the value "${problem.value}" is compared without regard to case: an Application Load Balancer has no other comparison for query parameters.`;
    case 'partly-left-out': {
      const host = problem.hostname === undefined ? '' : ` for ${problem.hostname}`;
      const becomes = answers500.has(problem.cause.kind) ? 'requests are answered 500' : 'this is left out';
      return `${becomes} on port ${problem.port}${host}: ${sentence(problem.cause)}`;
    }
    case 'filter-unsupported':
      return `filter ${problem.filter} is not something an Application Load Balancer can do. Remove it.`;
    case 'filters-incompatible':
      return `${list(problem.filters)} can't be used together in one rule. Keep one of them.`;
    case 'rule-field-unsupported':
      return 'this is not something an Application Load Balancer can do for a rule. Remove it.';
    case 'match-unsupported':
      return `${problem.detail}.`;
    case 'match-too-large':
      return `the match needs ${problem.values} values, and a rule of an Application Load Balancer takes ${problem.limit} (each hostname, path, header, query parameter and method is one). Match less at once.`;
    case 'regex-unsupported':
      return `the regular expression "${problem.regex}" is not one that an Application Load Balancer takes: ${problem.detail}. Write it in another way, or match something simpler.`;
    case 'redirect-status-unsupported':
      return `a redirect with status ${problem.statusCode} is not something an Application Load Balancer can do. Use ${problem.allowed.join(' or ')}.`;
    case 'redirect-unsupported':
    case 'rewrite-unsupported':
      return `${problem.detail}.`;
    case 'too-many-backends':
      return `${problem.count} backends are more than the ${problem.limit} that a rule can forward to. Use fewer.`;
    case 'redirect-to-itself':
      return 'it redirects to the same URL.';
    case 'too-many-rules':
      return `there is no room for it: ${want(problem, 'rules')} Match less, or use another Gateway.`;
    case 'too-many-target-groups':
      return `there is no room for it: ${want(problem, 'target groups')} Use fewer backends, or another Gateway.`;
    case 'change-does-not-fit':
      return `there is no room for the change, and all that the route did before serves on: ${want(problem, problem.lack === 'rules' ? 'rules' : 'target groups')} Ask for less, or use another Gateway.`;
    case 'gate-missing':
      return `rule ${problem.gate} of the route is left out, and this one would answer the requests that are its. So it is left out too.`;
    case 'rule-refused':
      return sentence(problem.cause);
    case 'rule-change-refused':
      return `the last change is not in force, and what was before it serves. ${sentence(problem.cause)}`;
    case 'subnets-too-few': {
      const elsewhere = problem.elsewhere ?? [];
      const leftOut =
        elsewhere.length === 0
          ? ''
          : ` Subnets in Local Zones and on Outposts (${list(elsewhere)}) are used only where a LoadBalancerConfiguration names them.`;
      return `An ${problem.scheme} load balancer needs subnets in two availability zones, found ${problem.zones} (${list(problem.found)}). Tag subnets with kubernetes.io/role/${problem.scheme === 'internal' ? 'internal-elb' : 'elb'}=1, or name them in a LoadBalancerConfiguration.${leftOut}`;
    }
    case 'source-ranges-too-many':
      return `${problem.ranges} source ranges on ${problem.ports} ports are ${problem.ranges * problem.ports} rules, and the security groups of a load balancer hold ${problem.limit}. What exists stays as it is. Use fewer sourceRanges or ports, or name securityGroups of your own.`;
    case 'subnets-invalid':
      return `The configured subnets can't be used: ${problem.detail}. Name subnets of the cluster's VPC, one a zone, in zones of one type.`;
    case 'security-groups-not-permitted':
      return `The configured securityGroups name ${list(problem.groups)}, which Gatehouse made for load balancers of its own. Name security groups of yours.`;
    case 'region-changed':
      return `its load balancer ${problem.address} is in region ${problem.there}, and Gatehouse works in ${problem.here}, where it can neither change nor remove it. Run it with --aws-region=${problem.there}; or, if that load balancer is not this cluster's any more, empty status.addresses.`;
    case 'kinds-missing':
      return `the API server does not know ${list(problem.kinds)}; until it does, what exists stays as it is. Install the Gateway API's CRDs.`;
    case 'vpc-unknown':
      return `Neither a Node's instance in region ${problem.region} nor instance metadata tells in which VPC the cluster is. Check --aws-region, or set --aws-vpc-id.`;
    case 'name-taken':
      return `The name "${problem.name}" that ${problem.resource} needs is taken by ${problem.arn}, which has not our tags and so is left alone. Remove it.`;
    case 'cluster-name-taken':
      return `Another cluster uses the name "${problem.clusterName}" for what it owns in this account (${problem.arn}). Give each cluster a --cluster-name of its own; what a cluster that is gone has left is removed with "gatehouse cleanup --cluster-name ${problem.clusterName}".`;
    case 'quota-reached':
      return `AWS refused ${problem.action} for ${problem.resource}: a quota is reached (${problem.code}: ${problem.detail}). Raise it, or remove what is not needed.`;
    case 'access-denied':
      return `AWS denied ${problem.action} for ${problem.resource} (${problem.detail}). Compare the role's policy with "gatehouse iam-policy".`;
    case 'credentials-invalid':
      return `AWS did not accept the credentials for ${problem.action} (${problem.detail}). Check the ServiceAccount's role and its trust policy.`;
    case 'cloud-unanswered':
      return unanswered(problem);
    case 'cloud-refused':
      return `AWS refused ${problem.action} for ${problem.resource}: ${problem.code}: ${problem.detail}.`;
    case 'admission-widened':
      return `Security group ${problem.group} has no room for a rule a port, so ${list(problem.ranges)} are open to load balancers, beside the ports of targets. Remove rules from it, or raise the quota of rules per security group.`;
    case 'deletion-held':
      return deletionHeld(problem);
    default:
      return problem satisfies never;
  }
}

/** Those that could be found, by id; else what AWS says, which names what is to go. */
function deletionHeld({ resource, arn, detail, holders }: Extract<Problem, { kind: 'deletion-held' }>): string {
  const kind = resource.slice(0, resource.indexOf('/')).replaceAll('-', ' ');
  // ACM tells by what one is used only those who may call DescribeCertificate.
  const hint = kind === 'certificate' ? ` InUseBy of "aws acm describe-certificate" tells by what it is used.` : '';
  if (holders.length === 0) return `AWS does not delete the ${kind} ${arn} yet: ${detail.replace(/\.$/, '')}.${hint}`;
  return `The ${kind} ${arn} can be deleted when nothing uses it any more. It is used by ${list(holders.map(holder))}.`;
}

function holder(each: Holder): string {
  switch (each.kind) {
    case 'group-rule':
      return `rule ${each.rule} of security group ${each.group}`;
    case 'network-interface':
      return `network interface ${each.id}${each.description === '' ? '' : ` (${each.description})`}`;
    case 'load-balancer':
      return `load balancer ${each.arn}`;
    default:
      return each satisfies never;
  }
}

function unanswered({ why, action, detail }: Extract<Problem, { kind: 'cloud-unanswered' }>): string {
  switch (why) {
    case 'unreachable':
      return `AWS could not be reached for ${action} (${detail}). Check the region, the endpoint and the network; it is tried again.`;
    case 'throttled':
      return `AWS put off ${action} because the account makes too many calls (${detail}). It is tried again.`;
    case 'failed':
      return `AWS failed at ${action} (${detail}). The fault is on AWS's side; it is tried again.`;
    case 'unreadable':
      return `What answered ${action} was not AWS (${detail}). Check what stands between Gatehouse and AWS, such as a proxy; it is tried again.`;
    case 'settling':
      return `AWS does not show yet what ${action} needs (${detail}). It is tried again.`;
    case 'gone':
      return `What ${action} refers to is gone (${detail}). It is made again.`;
    default:
      return why satisfies never;
  }
}
