// Reads AWS's lists, all pages.

import { type CertificateSummary, KeyAlgorithm, ListCertificatesCommand } from '@aws-sdk/client-acm';
import {
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  type Filter,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import {
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  type Listener,
  type LoadBalancer,
  type Rule,
  type TagDescription,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetResourcesCommand, type TagFilter } from '@aws-sdk/client-resource-groups-tagging-api';
import type { Attributes, AttributesKind } from '../attribute-defaults.ts';
import type { AwsClients } from '../clients.ts';
import { type AwsError, isNotFound, isNotYetVisible } from '../errors.ts';
import type { ClusterIdentity } from '../model/naming.ts';
import type { ResourceId, Tags } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import { fromTagList } from '../tags.ts';

export async function pages<P>(
  read: (token: string | undefined) => Promise<readonly [readonly P[] | undefined, string | undefined]>,
): Promise<P[]> {
  const items: P[] = [];
  let token: string | undefined;
  do {
    const [page = [], next] = await read(token);
    items.push(...page);
    token = next === '' ? undefined : next;
  } while (token !== undefined);
  return items;
}

type Elbv2 = Pick<AwsClients, 'elbv2'>;

const elbPage = 400;

export const allLoadBalancers = ({ elbv2 }: Elbv2): Promise<LoadBalancer[]> =>
  pages(async (Marker) => {
    const page = await elbv2.send(new DescribeLoadBalancersCommand({ PageSize: elbPage, Marker }));
    return [page.LoadBalancers, page.NextMarker];
  });

export const allTargetGroups = ({ elbv2 }: Elbv2): Promise<TargetGroup[]> =>
  pages(async (Marker) => {
    const page = await elbv2.send(new DescribeTargetGroupsCommand({ PageSize: elbPage, Marker }));
    return [page.TargetGroups, page.NextMarker];
  });

export const listenersOf = ({ elbv2 }: Elbv2, LoadBalancerArn: string): Promise<Listener[]> =>
  pages(async (Marker) => {
    const page = await elbv2.send(new DescribeListenersCommand({ LoadBalancerArn, PageSize: elbPage, Marker }));
    return [page.Listeners, page.NextMarker];
  });

export const rulesOf = ({ elbv2 }: Elbv2, ListenerArn: string): Promise<Rule[]> =>
  pages(async (Marker) => {
    const page = await elbv2.send(new DescribeRulesCommand({ ListenerArn, PageSize: elbPage, Marker }));
    return [page.Rules, page.NextMarker];
  });

/** The ARNs in a listener's list of extra certificates. The default certificate is included only if it is in that list, too. */
export async function listedCertificates({ elbv2 }: Elbv2, ListenerArn: string): Promise<readonly string[]> {
  const certificates = await pages(async (Marker) => {
    const page = await elbv2.send(new DescribeListenerCertificatesCommand({ ListenerArn, Marker }));
    return [page.Certificates, page.NextMarker];
  });
  return certificates.flatMap(({ CertificateArn, IsDefault }) =>
    CertificateArn === undefined || IsDefault === true ? [] : CertificateArn,
  );
}

export async function readAttributes({ elbv2 }: Elbv2, kind: AttributesKind, arn: string): Promise<Attributes> {
  const { Attributes: list } =
    kind === 'load-balancer'
      ? await elbv2.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn }))
      : await elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn }));
  return fromTagList(list);
}

export const securityGroups = ({ ec2 }: AwsClients, Filters: Filter[]): Promise<SecurityGroup[]> =>
  pages(async (NextToken) => {
    const page = await ec2.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: 1000, NextToken }));
    return [page.SecurityGroups, page.NextToken];
  });

/** All rules of these groups, for both directions. */
export const securityGroupRules = ({ ec2 }: AwsClients, groups: readonly string[]): Promise<SecurityGroupRule[]> =>
  pages(async (NextToken) => {
    const page = await ec2.send(
      new DescribeSecurityGroupRulesCommand({
        Filters: [{ Name: 'group-id', Values: [...groups] }],
        MaxResults: 1000,
        NextToken,
      }),
    );
    return [page.SecurityGroupRules, page.NextToken];
  });

/** Imported ones only. Unless the request names the key types, ACM lists only RSA keys up to 2048 bits. */
export const importedCertificates = ({ acm }: AwsClients): Promise<CertificateSummary[]> =>
  pages(async (NextToken) => {
    const keyTypes = Object.values(KeyAlgorithm);
    const page = await acm.send(new ListCertificatesCommand({ Includes: { keyTypes }, MaxItems: 1000, NextToken }));
    return [page.CertificateSummaryList?.filter(({ Type }) => Type === 'IMPORTED'), page.NextToken];
  });

/** How many ARNs one DescribeTags accepts. */
export const describeTagsLimit = 20;

/** Tags by ARN. A resource that is gone has no entry. */
export async function describeTags(clients: AwsClients, arns: readonly string[]): Promise<Map<string, Tags>> {
  const tags = new Map<string, Tags>();
  for (let start = 0; start < arns.length; start += describeTagsLimit) {
    const ResourceArns = arns.slice(start, start + describeTagsLimit);
    // A new resource that AWS does not show yet must not count as gone.
    const found = await eachThatExists(ResourceArns, (some) => readTags(clients, some), throwIfSettling);
    for (const { ResourceArn, Tags: list } of found) {
      if (ResourceArn !== undefined) tags.set(ResourceArn, fromTagList(list));
    }
  }
  return tags;
}

async function readTags({ elbv2 }: AwsClients, ResourceArns: readonly string[]): Promise<readonly TagDescription[]> {
  const { TagDescriptions } = await elbv2.send(new DescribeTagsCommand({ ResourceArns: [...ResourceArns] }));
  return TagDescriptions ?? [];
}

function throwIfSettling(_: string, error: AwsError): void {
  if (isNotYetVisible(error)) throw error;
}

/**
 * AWS refuses a whole call if one ARN does not exist. Then each half is read, until that ARN is found.
 * @param missing called with each ARN that does not exist, or that AWS does not show yet
 */
export async function eachThatExists<T>(
  arns: readonly string[],
  read: (arns: readonly string[]) => Promise<readonly T[]>,
  missing: (arn: string, error: AwsError) => void,
): Promise<readonly T[]> {
  try {
    return await read(arns);
  } catch (error) {
    if (!isNotFound(error) && !isNotYetVisible(error)) throw error;
    const [only, ...others] = arns;
    if (only === undefined || others.length === 0) {
      missing(only ?? '', error);
      return [];
    }
    const half = Math.ceil(arns.length / 2);
    return [
      ...(await eachThatExists(arns.slice(0, half), read, missing)),
      ...(await eachThatExists(arns.slice(half), read, missing)),
    ];
  }
}

/** An empty list if the parent of the list is deleted meanwhile. */
export async function unlessGone<T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await read();
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** The tagging index's resources for this cluster's name. The index may lag: it may lack new resources and show deleted ones. */
export const taggedResources = (clients: AwsClients, clusterName: string): Promise<Map<string, Tags>> =>
  tagged(clients, [{ Key: TAG.cluster, Values: [clusterName] }], ['elasticloadbalancing', 'acm']);

export const taggedCertificates = (
  clients: AwsClients,
  { clusterName, clusterUid }: ClusterIdentity,
  id: ResourceId,
): Promise<Map<string, Tags>> =>
  tagged(
    clients,
    [
      { Key: TAG.cluster, Values: [clusterName] },
      { Key: TAG.clusterUid, Values: [clusterUid] },
      { Key: TAG.resource, Values: [id] },
    ],
    ['acm'],
  );

async function tagged(
  { tagging }: AwsClients,
  TagFilters: TagFilter[],
  ResourceTypeFilters: string[],
): Promise<Map<string, Tags>> {
  const mappings = await pages(async (PaginationToken) => {
    const page = await tagging.send(
      new GetResourcesCommand({ TagFilters, ResourceTypeFilters, ResourcesPerPage: 100, PaginationToken }),
    );
    return [page.ResourceTagMappingList, page.PaginationToken];
  });
  return new Map(
    mappings.flatMap(({ ResourceARN, Tags: list }) =>
      ResourceARN === undefined ? [] : [[ResourceARN, fromTagList(list)] as const],
    ),
  );
}
