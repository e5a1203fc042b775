// The messages of AWS's problems: what is wrong, and what to do.
import type { ProviderWords } from '../provider/words.ts';
import { list, namesOf, otherRoute } from '../status/phrases.ts';
import { answers500, sentence as apiSentence } from '../status/words.ts';
import { CERTIFICATE_ARN_OPTION } from './certificate-arns.ts';
import type { CloudProblem, CloudUnanswered, DeletionHeld, Holder } from './cloud-problem.ts';
import { isOfCloud, isOfListener, isOfRule } from './effects.ts';
import type { ListenerProblem } from './listener-problem.ts';
import {
  addressMisfit,
  addressMisuse,
  beside,
  listenerPair,
  matchMisfit,
  planes,
  portTaken,
  regexMisfit,
  subnetsMisfit,
  zonesAllChange,
} from './misfit-words.ts';
import { AWS_CAPABILITIES } from './model/capabilities.ts';
import { isNetworkLoadBalancer } from './network-arn.ts';
import type { OwnedLoadBalancer } from './observed.ts';
import type { Problem } from './problem.ts';
import { cloudRefused, quotaReached, regionNearQuota } from './refusal-words.ts';
import type { PartlyLeftOut, RuleProblem, Want } from './rule-problem.ts';

export const awsWords: ProviderWords = {
  plane: 'an Application Load Balancer',
  protocols: AWS_CAPABILITIES.protocols,
  certificateKeys: 'RSA of 2048, 3072 or 4096 bits, or ECDSA on P-256, P-384 or P-521',
  certificateOption: CERTIFICATE_ARN_OPTION,
  parametersKind: 'LoadBalancerConfiguration of gatehouse.dev',
  addresses: 'on AWS an address must be of type IPAddress.',
  routeUnread: 'Its rules in AWS stay as they are.',
  standingUnread: 'Gatehouse could not read what exists in AWS.',
  upToDate: 'AWS has everything that is accepted.',
  removing: 'The Gateway waits until AWS has removed what belongs to it.',
  shut: (listeners) => `No security group admits clients to ${listeners} yet.`,
  targetsReached: 'AWS has accepted all targets, and they admit the load balancer.',
};

/** Why a load balancer in this state does not serve yet. Empty if it serves. @param state undefined if it does not exist */
export function waitingFor(state: string | undefined): string {
  if (state === undefined) return 'The load balancer does not exist yet.';
  if (state === 'provisioning') return 'AWS is still provisioning the load balancer.';
  if (state === 'failed') return 'AWS failed to provision the load balancer; Gatehouse creates it again.';
  return '';
}

/** A load balancer by its kind and its name in AWS. @param behind the ALB that it passes the requests to */
export function serverWords(shown: OwnedLoadBalancer, behind?: OwnedLoadBalancer): string {
  const kind = isNetworkLoadBalancer(shown.arn) ? 'Network' : 'Application';
  const itself = `${kind} Load Balancer ${shown.name}`;
  return behind === undefined ? itself : `${itself}, in front of ${serverWords(behind)},`;
}

/** Says what is wrong and how to correct it. The caller adds the field. */
export function sentence(problem: Problem): string {
  if (isOfCloud(problem)) return cloudSentence(problem);
  if (isOfListener(problem)) return listenerSentence(problem);
  return isOfRule(problem) ? ruleSentence(problem) : apiSentence(problem, awsWords);
}

function listenerSentence(problem: ListenerProblem): string {
  switch (problem.kind) {
    case 'listener-hostname-too-long':
      return `a condition of an Application Load Balancer cannot have a hostname of more than ${problem.limit} characters, so requests for it go to the port's other listeners. Use a shorter hostname.`;
    case 'certificate-arn-malformed':
      return `"${problem.arn}" is not the ARN of an ACM certificate (arn:aws:acm:REGION:ACCOUNT:certificate/ID).`;
    case 'certificate-arn-not-permitted':
      return `certificate ${problem.arn} was imported by Gatehouse from a Secret that this listener may not use. Name a Secret that it may use in certificateRefs, or a certificate of your own.`;
    case 'certificate-arn-not-found':
      return `ACM has no certificate ${problem.arn} in this account and region. Check the ARN.`;
    case 'certificate-arn-unknown':
      return `AWS did not answer who owns certificate ${problem.arn} (${problem.detail}). The certificate is left out until AWS answers.`;
    case 'certificate-refused':
      return cloudSentence(problem.cause);
    case 'listener-setting-conflict':
      return `listeners on port ${problem.port} must have the same ${problem.setting}, so the value of ${namesOf({ others: [problem.other] }, problem.listener)} is used. Use the same value, or another port.`;
    case 'too-many-certificates':
      return `a load balancer has at most ${problem.limit} certificates beside the default ones, so this certificate is left out. Spread the listeners over more Gateways, or use a certificate with more names.`;
    case 'listener-pair':
      return `${listenerPair(problem)} Use another port, or another Gateway.`;
    case 'listener-port-taken':
      return `port ${problem.port} already serves ${namesOf({ others: [problem.by] }, problem.listener)}${portTaken(problem)} ${beside[problem.why].listener} another port or Gateway.`;
    case 'listener-unanswered':
      return 'clients get no answer, because no route sends its traffic to a valid backend. Attach a route whose backend exists and has a weight above 0.';
    case 'server-names-not-told-apart':
      return `${planes.nlb} ignores the server name. Connections to port ${problem.port} for any name reach the same backends.`;
    case 'udp-without-ipv6':
      return `UDP on a dual-stack Network Load Balancer needs IPv6 in all of its subnets, and ${list(problem.subnets)} ${problem.subnets.length === 1 ? 'has' : 'have'} none. Name other subnets, or set ipAddressType to ipv4.`;
    case 'alpn-policy-unknown':
      return `"${problem.value}" is not an ALPN policy, so Gatehouse sets none. Use ${problem.allowed.join(', ')}.`;
    case 'listener-not-isolated':
      return `requests for its hosts go to other listeners of port ${problem.port} if no route of this listener matches. The load balancer has no room for the rules that would prevent this (at most ${problem.limit}). Use fewer hostnames, or another Gateway.`;
    case 'too-many-listeners':
      return `a load balancer has at most ${problem.limit} listeners, so this listener is left out. Spread the listeners over more Gateways.`;
    case 'too-many-ingress-rules':
      return `the security groups of a load balancer have room for ${problem.limit} rules, and each port needs ${problem.ranges} for the source ranges. Only ${problem.ports === 1 ? '1 port fits' : `${problem.ports} ports fit`}, so this port is left out. Use fewer sourceRanges or ports, or name your own securityGroups.`;
    default:
      return problem satisfies never;
  }
}

function ruleSentence(problem: RuleProblem): string {
  switch (problem.kind) {
    case 'backend-without-node-port':
      return `Service ${problem.service} has no node port, which target type instance needs. Use type NodePort or LoadBalancer, or target type ip.`;
    case 'backend-without-ipv4':
      return `Service ${problem.service} has IPv6 addresses only, and the load balancer's ipAddressType is ipv4. Set it to dualstack in a LoadBalancerConfiguration, or give the Service IPv4 too.`;
    case 'backend-needs-https-listener':
      return `Service ${problem.service} has the appProtocol "${problem.protocol}", which an Application Load Balancer speaks only behind HTTPS listeners. Attach the route to one, or use HTTP.`;
    case 'invalid-share-answers-503':
      return 'the share of the invalid backends is answered 503, not 500: an Application Load Balancer can only answer 500 for a whole rule.';
    case 'backend-without-ipv6':
      return `Service ${problem.service} has IPv4 addresses only, and a dual-stack Network Load Balancer sends UDP to IPv6 addresses alone. Give the Service IPv6 too, or set ipAddressType to ipv4.`;
    case 'backend-of-other-family':
      return `Service ${problem.service} does not have ${problem.family}, and the other backends have it. A Network Load Balancer sends the connections of one port to one IP version. Give the Service ${problem.family} too.`;
    case 'invalid-share-unanswered':
      return 'clients that are sent to an invalid backend get no answer. Correct these backends, or set their weight to 0.';
    case 'port-taken-by-others':
      return `this route gets no traffic on port ${problem.port}, because the port already serves ${otherRoute(problem.route, problem.by)}${portTaken(problem)} Use ${beside[problem.why].route}another port, or another Gateway.`;
    case 'pair-differs':
      return `the routes for TCP and UDP on port ${problem.port} have different backends now, and AWS sends both to the same targets. The port serves as before for a minute. Give both routes the same backends within this minute. Otherwise the younger route is left out.`;
    case 'health-unknown':
      return `AWS can't check the targets of Service ${problem.service}, because the Service has no TCP port with a number as its targetPort. All targets get traffic. Add such a port.`;
    case 'health-node-port-missing':
      return `Service ${problem.service} has externalTrafficPolicy Local, but it is not of type LoadBalancer, so it has no health check node port. AWS checks the node port itself. Use type LoadBalancer.`;
    case 'client-address-kept':
      return `targets of Service ${problem.service} see the addresses of their clients. A target can't reach itself through this load balancer: such a connection times out.`;
    case 'targets-refused':
      return `AWS refused targets of Service ${problem.service}: ${list(problem.targets)} (${problem.detail}). They get no requests.`;
    case 'targets-unfit':
      return `AWS refuses targets of Service ${problem.service}: ${list(problem.targets)}. Their addresses must be in a subnet of the VPC, or private: in 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12 or 192.168.0.0/16.`;
    case 'targets-group-unclear':
      return `the network interface ${problem.carrier} of targets of Service ${problem.service} has the security groups ${list(problem.groups)}, and none of them is opened. Tag one of them with ${problem.tag}.`;
    case 'targets-not-admitted':
      return `no security group rule lets the load balancer through to the targets of Service ${problem.service}. ${cloudSentence(problem.cause)}${problem.cause.kind === 'access-denied' ? ' The policy allows security groups with the tag kubernetes.io/cluster/NAME alone.' : ''}`;
    case 'targets-not-located':
      return `no Node and no network interface is known to have the targets of Service ${problem.service}: ${list(problem.targets)}. So no security group is opened for them. Name the Node in its EndpointSlices, or open the group yourself.`;
    case 'targets-in-other-zones':
      return `targets of Service ${problem.service} are in zones that the load balancer does not have: ${list(problem.zones)}. They get no connections. Give the load balancer subnets, or addresses, in these zones.`;
    case 'match-ignores-case':
      return `the case of the value "${problem.value}" is ignored, because an Application Load Balancer always ignores the case of query parameters.`;
    case 'partly-left-out':
      return partly(problem);
    case 'match-unsupported':
      return `${matchMisfit(problem)}.`;
    case 'match-too-large':
      return `the match needs ${problem.values} values, but a rule of an Application Load Balancer has at most ${problem.limit} (each hostname, path, header, query parameter and method is one). Use fewer values in one match.`;
    case 'regex-unsupported':
      return `the regular expression "${problem.regex}" does not work on an Application Load Balancer: ${regexMisfit(problem)}. Write it another way, or match something simpler.`;
    case 'too-many-backends':
      return `a load balancer forwards to at most ${problem.limit} backends of a rule, and this rule has ${problem.count}. Use fewer.`;
    case 'redirect-to-itself':
      return 'it redirects to the same URL.';
    case 'too-many-rules':
      return `there is no room for this rule: ${want(problem, 'rules')} Use fewer matches, or another Gateway.`;
    case 'too-many-target-groups':
      return `there is no room for this rule: ${want(problem, 'target groups')} Use fewer backends, or another Gateway.`;
    case 'change-does-not-fit':
      return `there is no room for the change, so the route serves as before: ${want(problem, problem.lack === 'rules' ? 'rules' : 'target groups')} Use fewer ${problem.lack === 'rules' ? 'matches' : 'backends'}, or another Gateway.`;
    case 'gate-missing':
      return `rule ${problem.gate} of the route is left out, and this rule would answer its requests. So this rule is left out too.`;
    case 'rule-refused':
      return cloudSentence(problem.cause);
    case 'rule-change-refused':
      return `the last change is not in force; the state before it serves. ${cloudSentence(problem.cause)}`;
    default:
      return problem satisfies never;
  }
}

function partly({ port, hostname, cause }: PartlyLeftOut): string {
  const host = hostname === undefined ? '' : ` for ${hostname}`;
  const becomes = isAnswered500(cause) ? 'requests are answered 500' : 'this is left out';
  return `${becomes} on port ${port}${host}: ${sentence(cause)}`;
}

/** Whether requests of a rule with this problem are answered 500. */
export const isAnswered500 = ({ kind }: Pick<Problem, 'kind'>): boolean =>
  kind === 'too-many-backends' || answers500.has(kind);

const want = ({ held, limit, wanted }: Want, what: string): string =>
  `the load balancer has ${held} of at most ${limit} ${what}, and ${wanted === undefined ? 'the routes of this namespace need far more' : `this needs at least ${wanted}`}.`;

function cloudSentence(problem: CloudProblem): string {
  switch (problem.kind) {
    case 'subnets-too-few': {
      const elsewhere = problem.elsewhere ?? [];
      const leftOut =
        elsewhere.length === 0
          ? ''
          : ` Subnets in Local Zones and on Outposts (${list(elsewhere)}) are used only if a LoadBalancerConfiguration names them.`;
      const full = problem.full ?? [];
      const withoutRoom = full.length === 0 ? '' : ` These have fewer than 8 free IP addresses: ${list(full)}.`;
      return `An ${problem.scheme} load balancer needs ${problem.needed === 1 ? 'a subnet in an availability zone' : 'subnets in two availability zones'}, but Gatehouse found ${problem.zones} (${list(problem.found)}). Tag subnets with kubernetes.io/role/${problem.scheme === 'internal' ? 'internal-elb' : 'elb'}=1, or name them in a LoadBalancerConfiguration.${withoutRoom}${leftOut}`;
    }
    case 'source-ranges-too-many':
      return `${problem.ranges} source ranges on ${problem.ports} ports need ${problem.ranges * (problem.ports + Number(problem.withIcmp ?? false))} rules${problem.withIcmp ? ' with those for ICMP' : ''}, but the security groups of a load balancer have room for ${problem.limit}. Everything stays as it is. Use fewer sourceRanges or ports, or name your own securityGroups.`;
    case 'address-not-usable':
      return `the address ${problem.address} cannot be used: ${addressMisuse(problem)}`;
    case 'addresses-in-one-zone':
      return `The Gateway's addresses are all in zone ${problem.zone}, so no client reaches it while this zone fails. Name an address in another zone, too.`;
    case 'zones-kept':
      return `Load balancer ${problem.loadBalancer} keeps an old zone until ${new Date(problem.until).toISOString()}, because AWS needs minutes to set up the new zones.`;
    case 'rules-of-others':
      return `Rules that Gatehouse did not make may take requests or connections on port ${list(problem.ports)}. Gatehouse deletes only what it has made. Delete these rules.`;
    case 'mapped-addresses-unused':
      return `Gatehouse ignores ${list(problem.addresses)} in the configured subnetMappings, because the Gateway's spec.addresses decide.`;
    case 'subnets-invalid':
      return `The configured subnets can't be used: ${subnetsMisfit(problem)}. Name subnets of the cluster's VPC, one per zone, in zones of the same type.`;
    case 'subnets-all-change':
      return `The Network Load Balancer keeps its subnets (${list(problem.subnets)}). ${zonesAllChange}`;
    case 'subnet-address-invalid':
      return `The address ${problem.address} in subnet ${problem.subnet} can't be used: ${addressMisfit(problem)}.`;
    case 'attributes-without-effect':
      return `The Gateway has ${planes[problem.plane]}, ${problem.protocol === undefined ? 'which does' : `whose ${problem.protocol} target groups do`} not support ${list(problem.attributes)} in ${problem.setting}. ${problem.attributes.length === 1 ? 'It is' : 'They are'} ignored there.`;
    case 'ip-address-type-unsupported':
      return `The Gateway has ${planes.nlb}, which does not support the ipAddressType ${problem.ipAddressType}. Use ipv4 or dualstack.`;
    case 'security-groups-not-permitted':
      return `The configured securityGroups name ${list(problem.groups)}, which Gatehouse made for its own load balancers. Name your own security groups.`;
    case 'region-changed':
      return `its load balancer ${problem.address} is in region ${problem.there}, but Gatehouse works in ${problem.here}, so it cannot change or remove the load balancer. Run Gatehouse with --aws-region=${problem.there}. If the load balancer no longer belongs to this cluster, clear status.addresses.`;
    case 'vpc-unknown':
      return `Neither a Node's instance in region ${problem.region} nor instance metadata identifies the VPC of the cluster. Check --aws-region, or set --aws-vpc-id.`;
    case 'name-taken':
      return `The name "${problem.name}" that ${problem.resource} needs is used by ${problem.arn}. That resource does not have Gatehouse's tags, so Gatehouse does not change it. Delete it.`;
    case 'cluster-name-taken':
      return `Another cluster uses the name "${problem.clusterName}" for its resources in this account (${problem.arn}). Give each cluster its own --cluster-name. If that cluster no longer exists, delete its resources with "gatehouse cleanup --cluster-name ${problem.clusterName}".`;
    case 'quota-reached':
      return quotaReached(problem);
    case 'access-denied':
      return `AWS denied ${problem.action} for ${problem.resource} (${problem.detail}). Compare the role's policy with "gatehouse iam-policy".`;
    case 'credentials-invalid':
      return `AWS did not accept the credentials for ${problem.action} (${problem.detail}). Check the ServiceAccount's role and its trust policy.`;
    case 'cloud-unanswered':
      return unanswered(problem);
    case 'cloud-refused':
      return cloudRefused(problem);
    case 'admission-widened':
      return `Security group ${problem.group} has no room for one rule per port, so load balancers may reach all ports of ${list(problem.ranges)}. Remove rules from the group, or raise the quota of rules per security group.`;
    case 'targets-near-quota':
      return `Load balancer ${problem.loadBalancer} has ${problem.targets} targets. By default AWS allows ${problem.limit}, and refuses further targets. Raise the quota of targets, or use another Gateway.`;
    case 'region-near-quota':
      return regionNearQuota(problem);
    case 'deletion-held':
      return deletionHeld(problem);
    default:
      return problem satisfies never;
  }
}

/** Names the users that were found. Without any, it repeats what AWS says. */
function deletionHeld({ resource, arn, detail, holders }: DeletionHeld): string {
  const kind = resource.slice(0, resource.indexOf('/')).replaceAll('-', ' ');
  // Only DescribeCertificate shows what uses a certificate.
  const hint = kind === 'certificate' ? ` InUseBy of "aws acm describe-certificate" says what uses it.` : '';
  if (holders.length === 0) return `AWS does not delete the ${kind} ${arn} yet: ${detail.replace(/\.$/, '')}.${hint}`;
  return `The ${kind} ${arn} can be deleted when nothing uses it. It is still used by ${list(holders.map(holder))}.`;
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

function unanswered({ why, action, detail }: CloudUnanswered): string {
  switch (why) {
    case 'unreachable':
      return `AWS could not be reached for ${action} (${detail}). Check the region, the endpoint and the network. It is tried again.`;
    case 'throttled':
      return `AWS throttled ${action} because the account makes too many calls (${detail}). It is tried again.`;
    case 'failed':
      return `AWS failed at ${action} (${detail}). The error is on AWS's side. It is tried again.`;
    case 'unreadable':
      return `The answer to ${action} did not come from AWS (${detail}). Check what is between Gatehouse and AWS, such as a proxy. It is tried again.`;
    case 'not-yet-visible':
      return `AWS does not show a resource yet that ${action} needs (${detail}). It is tried again.`;
    case 'gone':
      return `A resource that ${action} needs is gone (${detail}). Gatehouse creates it again.`;
    default:
      return why satisfies never;
  }
}
