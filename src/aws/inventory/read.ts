// Reads everything that the cluster owns: a few pages of tags, a few pages of each list, and two reads per Gateway.

import type { CertificateSummary } from '@aws-sdk/client-acm';
import type { SecurityGroup } from '@aws-sdk/client-ec2';
import type {
  AvailabilityZone,
  Listener,
  LoadBalancer,
  Rule,
  TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { SubnetAddresses } from '../../api/load-balancer-configuration.ts';
import type { AwsClients } from '../clients.ts';
import { type ClusterIdentity, clusterPrefix } from '../model/naming.ts';
import type { ResourceId, Tags } from '../model/resources.ts';
import { scopeOf } from '../model/scope.ts';
import { isNetworkLoadBalancer } from '../network-arn.ts';
import type { OwnedLoadBalancer, OwnedRule, OwnedSecurityGroup } from '../observed.ts';
import { TAG } from '../observed.ts';
import type { Problem } from '../problem.ts';
import { contentOf, forwardsOf, fromCondition } from '../shapes.ts';
import { fromTagList, ownerOf } from '../tags.ts';
import { type Census, censusOf, difference } from './census.ts';
import {
  allLoadBalancers,
  allTargetGroups,
  describeTags,
  importedCertificates,
  listenersOf,
  rulesOf,
  securityGroups,
  taggedResources,
  unlessGone,
} from './describe.ts';
import type { CertificateRecord, ListenerRecord, OwnedRecord, TargetGroupRecord } from './records.ts';

interface Claimed {
  readonly records: readonly OwnedRecord[];
  /** Another cluster with the same name uses this account. */
  readonly problems: readonly Problem[];
}

export interface OwnedInAws extends Claimed {
  /** What others have in the account and Region. */
  readonly others: Census;
}

/** A resource that AWS described, before we know who owns it. */
interface Candidate {
  readonly arn: string;
  readonly record: (id: ResourceId, tags: Tags) => OwnedRecord;
}

export async function readOwned(clients: AwsClients, cluster: ClusterIdentity): Promise<OwnedInAws> {
  const prefix = clusterPrefix(cluster);
  const [index, loadBalancers, targetGroups, groups, certificates] = await Promise.all([
    taggedResources(clients, cluster.clusterName),
    allLoadBalancers(clients),
    allTargetGroups(clients),
    securityGroups(clients, [{ Name: `tag:${TAG.cluster}`, Values: [cluster.clusterName] }]),
    importedCertificates(clients),
  ]);
  const tags = new Map([...index, ...groups.map((group) => [group.GroupId ?? '', fromTagList(group.Tags)] as const)]);
  const named = [
    ...loadBalancers.flatMap((found) => loadBalancerCandidate(found, prefix, tags)),
    ...targetGroups.flatMap((found) => targetGroupCandidate(found, prefix, tags)),
    ...groups.flatMap(securityGroupCandidate),
    ...certificates.filter(({ CertificateArn }) => tags.has(CertificateArn ?? '')).flatMap(certificateCandidate),
  ];
  const first = await recordsOf(clients, cluster, named, tags);
  const listeners = await belowLoadBalancers(
    clients,
    first.records.filter(({ kind }) => kind === 'load-balancer').map(({ arn }) => arn),
  );
  const second = await recordsOf(clients, cluster, listeners, tags);
  const all = [
    ...loadBalancers.map(({ LoadBalancerArn = '' }) => LoadBalancerArn),
    ...targetGroups.map(({ TargetGroupArn = '' }) => TargetGroupArn),
  ];
  return {
    records: [...first.records, ...second.records],
    others: difference(censusOf(all), censusOf(first.records.map(({ arn }) => arn))),
    problems: [...first.problems, ...second.problems].slice(0, 1),
  };
}

/** The tagging index may lag, so tags that it lacks are read from AWS. A name alone never makes a resource ours. */
export async function recordsOf(
  clients: AwsClients,
  cluster: ClusterIdentity,
  candidates: readonly Candidate[],
  known: ReadonlyMap<string, Tags>,
): Promise<Claimed> {
  const unknown = candidates.map(({ arn }) => arn).filter((arn) => !known.has(arn));
  const asked = await describeTags(clients, unknown);
  const records: OwnedRecord[] = [];
  const problems: Problem[] = [];
  for (const { arn, record } of candidates) {
    const tags = known.get(arn) ?? asked.get(arn) ?? {};
    const owner = ownerOf(tags, cluster);
    if (owner.kind === 'ours') records.push(record(owner.id, tags));
    if (owner.kind === 'namesake') {
      problems.push({ kind: 'cluster-name-taken', clusterName: cluster.clusterName, arn });
    }
  }
  return { records, problems };
}

async function belowLoadBalancers(clients: AwsClients, arns: readonly string[]): Promise<readonly Candidate[]> {
  const listeners = (await Promise.all(arns.map((arn) => unlessGone(() => listenersOf(clients, arn))))).flat();
  // Listeners of our NLBs have no rules.
  const withRules = listeners.filter(({ LoadBalancerArn: arn = '' }) => !isNetworkLoadBalancer(arn));
  const rules = await Promise.all(
    withRules.map(async ({ ListenerArn: arn = '' }) => {
      const found = await unlessGone(() => rulesOf(clients, arn));
      return found.flatMap((rule) => ruleCandidate(rule, arn));
    }),
  );
  return [...listeners.flatMap(listenerCandidate), ...rules.flat()];
}

const isNamed = (name: string | undefined, prefix: string): boolean => name?.startsWith(prefix) === true;

export function loadBalancerCandidate(
  found: LoadBalancer,
  prefix: string,
  tags: ReadonlyMap<string, Tags>,
): Candidate[] {
  const { LoadBalancerArn: arn = '', LoadBalancerName } = found;
  if (!isNamed(LoadBalancerName, prefix) && !tags.has(arn)) return [];
  return [{ arn, record: (id, own) => loadBalancerRecord(found, id, own) }];
}

export function loadBalancerRecord(found: LoadBalancer, id: ResourceId, tags: Tags): OwnedLoadBalancer {
  const { LoadBalancerArn: arn = '', LoadBalancerName: name = '', DNSName: dnsName = '', State } = found;
  const state = State?.Code ?? 'provisioning';
  return withPlaces(
    { kind: 'load-balancer', arn, id, tags, name, dnsName, subnets: [], state },
    found.AvailabilityZones,
  );
}

/** A load balancer has static addresses only if it has an address in each of its subnets. */
export function withPlaces(record: OwnedLoadBalancer, zones: readonly AvailabilityZone[] = []): OwnedLoadBalancer {
  const { addresses: _, given: __, ...known } = record;
  const addresses = zones.flatMap(
    ({ LoadBalancerAddresses: [own] = [] }) => own?.IpAddress ?? own?.PrivateIPv4Address ?? [],
  );
  const given = zones.flatMap(givenIn);
  return {
    ...known,
    subnets: zones.flatMap(({ SubnetId }) => SubnetId ?? []),
    ...(addresses.length > 0 && addresses.length === zones.length && { addresses }),
    ...(given.length > 0 && { given }),
  };
}

/** The Elastic IP or private IPv4 address in one zone. */
export function givenIn({
  SubnetId: subnet,
  LoadBalancerAddresses: [own] = [],
}: AvailabilityZone): readonly SubnetAddresses[] {
  if (subnet === undefined) return [];
  if (own?.AllocationId !== undefined) return [{ subnet, allocation: own.AllocationId }];
  return own?.PrivateIPv4Address === undefined ? [] : [{ subnet, privateIpv4: own.PrivateIPv4Address }];
}

export function targetGroupCandidate(
  found: TargetGroup,
  prefix: string,
  known: ReadonlyMap<string, Tags>,
): Candidate[] {
  const { TargetGroupArn: arn = '', TargetGroupName: name = '' } = found;
  if (!isNamed(name, prefix) && !known.has(arn)) return [];
  return [{ arn, record: (id, tags) => targetGroupRecord(found, id, tags) }];
}

export function targetGroupRecord(found: TargetGroup, id: ResourceId, tags: Tags): TargetGroupRecord {
  const { TargetGroupArn: arn = '', TargetGroupName: name = '', TargetType, IpAddressType } = found;
  const [targetType, ipAddressType] = [TargetType ?? 'instance', IpAddressType ?? 'ipv4'];
  const { HealthCheckPort: checkPort } = found;
  return { kind: 'target-group', arn, id, tags, name, targetType, ipAddressType, ...(checkPort && { checkPort }) };
}

export function securityGroupCandidate({ GroupId: arn, GroupName: name = '' }: SecurityGroup): Candidate[] {
  if (arn === undefined) return [];
  return [{ arn, record: (id, tags): OwnedSecurityGroup => ({ kind: 'security-group', arn, id, tags, name }) }];
}

function certificateCandidate({ CertificateArn: arn, ImportedAt }: CertificateSummary): Candidate[] {
  if (arn === undefined) return [];
  const importedAt = ImportedAt?.getTime() ?? 0;
  return [{ arn, record: (id, tags): CertificateRecord => ({ kind: 'certificate', arn, id, tags, importedAt }) }];
}

export function listenerCandidate(found: Listener): Candidate[] {
  const { ListenerArn: arn, LoadBalancerArn: loadBalancerArn = '', Port: port = 0, Protocol: protocol = '' } = found;
  if (arn === undefined) return [];
  const certificate = found.Certificates?.[0]?.CertificateArn;
  const { SslPolicy: sslPolicy, AlpnPolicy: [alpnPolicy] = [] } = found;
  const record = (id: ResourceId, tags: Tags): ListenerRecord => ({
    kind: 'listener',
    arn,
    id,
    tags,
    loadBalancerArn,
    port,
    protocol,
    forwards: forwardsOf(found.DefaultActions),
    ...(certificate === undefined ? {} : { certificate }),
    ...(sslPolicy === undefined ? {} : { sslPolicy }),
    ...(alpnPolicy === undefined ? {} : { alpnPolicy }),
  });
  return [{ arn, record }];
}

/** Empty for the default rule, because that is part of its listener. */
export function ruleCandidate(found: Rule, listenerArn: string): Candidate[] {
  const { RuleArn: arn, Priority } = found;
  if (arn === undefined || found.IsDefault === true) return [];
  const targetGroups = forwardsOf(found.Actions);
  const content = contentOf(found);
  const record = (id: ResourceId, tags: Tags): OwnedRule => ({
    kind: 'rule',
    arn,
    id,
    tags,
    listenerArn,
    priority: Number(Priority),
    targetGroups,
    scope: scopeOf((found.Conditions ?? []).flatMap((condition) => fromCondition(condition) ?? [])),
    ...(content !== undefined && { content }),
  });
  return [{ arn, record }];
}
