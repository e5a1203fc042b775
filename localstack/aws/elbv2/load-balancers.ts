import { createLoadBalancerInterfaces } from '../ec2/network-interfaces.ts';
import { type Action, AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { arnSuffix, newLoadBalancerArn } from './arns.ts';
import { loadBalancerAttribute } from './attributes.ts';
import { canonicalHostedZoneId, newDnsName } from './dns-names.ts';
import { invalidConfiguration, loadBalancerNotFound, operationNotPermitted, validationError } from './errors.ts';
import { findLoadBalancer, groupsOf } from './find.ts';
import { integer, oneOf, record, requiredText, texts } from './input.ts';
import { page } from './page.ts';
import { checkRoom, checkSecurityGroups, placementOf } from './placement.ts';
import { deleteLoadBalancer } from './release.ts';
import type { IpAddressType, LoadBalancer, SubnetMapping } from './state.ts';
import { checkMappings, checkMappingsFree, describeAddresses, describePrefixes } from './subnet-mappings.ts';
import { sameTags, tagsOf } from './tags.ts';

export const ipAddressTypes: readonly IpAddressType[] = ['ipv4', 'dualstack', 'dualstack-without-public-ipv4'];

/** Load balancer and target group names: 1 to 32 letters, digits and hyphens, no hyphen first or last. */
export function checkName(name: string, what: string): void {
  if (name.length > 32) throw validationError(`The ${what} name '${name}' cannot be longer than '32' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    throw validationError(
      `The ${what} name '${name}' can only contain characters that are alphanumeric characters and hyphens(-)`,
    );
  }
  if (name.startsWith('-') || name.endsWith('-')) {
    throw validationError(`The ${what} name '${name}' cannot begin or end with '-'`);
  }
}

/** Whether it is provisioned. Before that it forwards no traffic. */
export function isActive(world: World, { activeAt }: Pick<LoadBalancer, 'activeAt'>): boolean {
  return world.clock.now() >= activeAt;
}

/** The answer of DescribeLoadBalancers. */
function describeLoadBalancer(world: World, lb: LoadBalancer): Output {
  return {
    LoadBalancerArn: lb.arn,
    DNSName: lb.dnsName,
    CanonicalHostedZoneId: canonicalHostedZoneId(world.region, lb.type),
    CreatedTime: new Date(lb.createdAt),
    LoadBalancerName: lb.name,
    Scheme: lb.scheme,
    VpcId: lb.vpcId,
    State: { Code: isActive(world, lb) ? 'active' : 'provisioning' },
    Type: lb.type,
    AvailabilityZones: describeZones(world, lb),
    SecurityGroups: lb.type === 'network' && lb.securityGroups.length === 0 ? undefined : lb.securityGroups,
    IpAddressType: lb.ipAddressType,
    EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: lb.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic,
    EnablePrefixForIpv6SourceNat: lb.enablePrefixForIpv6SourceNat,
  };
}

export function describeZones(world: World, lb: LoadBalancer): readonly Output[] {
  return lb.subnets.map((subnet) => ({
    ZoneName: subnet.zone,
    SubnetId: subnet.subnetId,
    OutpostId: subnet.outpostId,
    LoadBalancerAddresses: describeAddresses(world, subnet),
    SourceNatIpv6Prefixes: describePrefixes(world, subnet, lb.enablePrefixForIpv6SourceNat === 'on'),
  }));
}

function readLoadBalancer(world: World, input: Input): LoadBalancer {
  const name = requiredText(input, 'Name');
  checkName(name, 'load balancer');
  if (name.startsWith('internal-')) {
    throw validationError(`The load balancer name '${name}' cannot begin with 'internal-'`);
  }
  const type = oneOf(input, 'Type', ['application', 'network']) ?? 'application';
  const scheme = oneOf(input, 'Scheme', ['internet-facing', 'internal']) ?? 'internet-facing';
  const ipAddressType = oneOf(input, 'IpAddressType', ipAddressTypes) ?? 'ipv4';
  checkIpAddressType(ipAddressType, type, scheme);
  const { vpcId, subnets } = placementOf(world, input, type);
  const enablePrefixForIpv6SourceNat =
    readSourceNat(input, { type, ipAddressType }) ?? (type === 'network' ? 'off' : undefined);
  checkMappings(world, subnets, { type, scheme, ipAddressType, enablePrefixForIpv6SourceNat });
  const given = texts(input, 'SecurityGroups') ?? [];
  const ofVpc = world.ec2.vpcs.get(vpcId)?.defaultSecurityGroupId;
  const securityGroups = given.length === 0 && type === 'application' && ofVpc !== undefined ? [ofVpc] : given;
  checkSecurityGroups(world, securityGroups, vpcId);
  const arn = newLoadBalancerArn(world, type, name);
  const capacity = record(input, 'MinimumLoadBalancerCapacity');
  return {
    arn,
    name,
    type,
    scheme,
    vpcId,
    dnsName: newDnsName(world, { name, type, scheme, arn }),
    createdAt: world.clock.now(),
    activeAt: world.clock.now() + world.options.provisioningSeconds * 1000,
    ipAddressType,
    subnets,
    securityGroups,
    attributes: new Map(),
    capacityUnits: capacity && integer(capacity, 'CapacityUnits', { min: 0, max: 100_000 }),
    enforceSecurityGroupInboundRulesOnPrivateLinkTraffic:
      type === 'network' && securityGroups.length > 0 ? 'on' : undefined,
    enablePrefixForIpv6SourceNat,
    tags: tagsOf(input),
  };
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetIpAddressType.html */
export function checkIpAddressType(
  ipAddressType: IpAddressType,
  type: LoadBalancer['type'],
  scheme: LoadBalancer['scheme'],
): void {
  if (ipAddressType === 'dualstack-without-public-ipv4' && (type !== 'application' || scheme !== 'internet-facing')) {
    const message = `IP address type '${ipAddressType}' is only for internet-facing Application Load Balancers`;
    throw invalidConfiguration(message);
  }
}

/** "The IP address type must be dualstack." */
export function readSourceNat(
  input: Input,
  { type, ipAddressType }: Pick<LoadBalancer, 'type' | 'ipAddressType'>,
): 'on' | 'off' | undefined {
  const wanted = oneOf(input, 'EnablePrefixForIpv6SourceNat', ['on', 'off']);
  if (wanted !== undefined && type !== 'network') {
    throw invalidConfiguration('EnablePrefixForIpv6SourceNat is only for Network Load Balancers');
  }
  if (wanted === 'on' && ipAddressType !== 'dualstack') {
    throw invalidConfiguration('EnablePrefixForIpv6SourceNat needs the IP address type dualstack');
  }
  return wanted;
}

const sorted = (values: readonly string[]) => values.toSorted().join();

const placeOf = ({ subnetId, allocationId, privateIPv4Address, iPv6Address }: SubnetMapping) =>
  [subnetId, allocationId, privateIPv4Address, iPv6Address].join();

function sameSettings(a: LoadBalancer, b: LoadBalancer): boolean {
  return (
    a.type === b.type &&
    a.scheme === b.scheme &&
    a.ipAddressType === b.ipAddressType &&
    sorted(a.subnets.map(placeOf)) === sorted(b.subnets.map(placeOf)) &&
    sorted(a.securityGroups) === sorted(b.securityGroups) &&
    sameTags(a.tags, b.tags)
  );
}

function create(world: World, input: Input): Output {
  const { loadBalancers } = world.elbv2;
  const wanted = readLoadBalancer(world, input);
  const namesake = [...loadBalancers.values()].find(({ name }) => name === wanted.name);
  if (namesake) {
    if (sameSettings(namesake, wanted)) return { LoadBalancers: [describeLoadBalancer(world, namesake)] };
    const message = `A load balancer with the same name '${wanted.name}' exists, but with different settings`;
    throw new AwsError('DuplicateLoadBalancerName', message);
  }
  const quota = world.options.quotas[`${wanted.type}-load-balancers`];
  if ([...loadBalancers.values()].filter(({ type }) => type === wanted.type).length >= quota) {
    throw new AwsError('TooManyLoadBalancers', `The quota of ${quota} ${wanted.type} load balancers has been reached`);
  }
  checkRoom(world, wanted.subnets);
  checkMappingsFree(world, wanted.subnets);
  loadBalancers.set(wanted.arn, wanted);
  createLoadBalancerInterfaces(world.ec2, {
    arnSuffix: arnSuffix(wanted.arn),
    subnets: wanted.subnets,
    securityGroupIds: wanted.securityGroups,
    dualstack: wanted.ipAddressType !== 'ipv4',
  });
  return { LoadBalancers: [describeLoadBalancer(world, wanted)] };
}

function describe(world: World, input: Input): Output {
  const { loadBalancers } = world.elbv2;
  const arns = texts(input, 'LoadBalancerArns') ?? [];
  const names = texts(input, 'Names') ?? [];
  if (arns.length > 0 && names.length > 0) {
    throw validationError('Load balancer names and load balancer ARNs cannot be specified at the same time');
  }
  if (arns.length > 20 || names.length > 20) throw validationError('At most 20 load balancers can be specified');
  if (arns.length > 0) {
    const found = arns.map((arn) => findLoadBalancer(world.elbv2, arn));
    return { LoadBalancers: found.map((lb) => describeLoadBalancer(world, lb)) };
  }
  const missing = names.filter((name) => ![...loadBalancers.values()].some((lb) => lb.name === name));
  if (missing.length > 0) throw loadBalancerNotFound(`[${missing.join(', ')}]`);
  const wanted = [...loadBalancers.values()].filter((lb) => names.length === 0 || names.includes(lb.name));
  const { items, nextMarker } = page(input, wanted, (lb) => lb.arn);
  return { LoadBalancers: items.map((lb) => describeLoadBalancer(world, lb)), NextMarker: nextMarker };
}

export function loadBalancerActions(world: World): Record<string, Action> {
  return {
    CreateLoadBalancer: (input) => create(world, input),
    DescribeLoadBalancers: (input) => describe(world, input),
    DeleteLoadBalancer(input) {
      // Deleting a load balancer that does not exist succeeds.
      const loadBalancer = world.elbv2.loadBalancers.get(requiredText(input, 'LoadBalancerArn'));
      if (!loadBalancer) return {};
      if (loadBalancerAttribute(loadBalancer, 'deletion_protection.enabled') === 'true') {
        const message = `Load balancer '${loadBalancer.arn}' cannot be deleted because deletion protection is enabled`;
        throw operationNotPermitted(message);
      }
      if (groupsOf(world.elbv2, loadBalancer.arn).length > 0) {
        const message = `Load balancer '${loadBalancer.arn}' cannot be deleted because it is registered as a target`;
        throw new AwsError('ResourceInUse', message);
      }
      deleteLoadBalancer(world, loadBalancer);
      return {};
    },
  };
}
