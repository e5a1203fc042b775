// Whether a load balancer has the desired subnets, and in each subnet the desired addresses.
import type { AvailabilityZone, LoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2';
import { canonicalAddress, canonicalBlock } from '../model/addresses.ts';
import type { LoadBalancerResource } from '../model/resources.ts';

type Spec = Pick<LoadBalancerResource['spec'], 'subnets' | 'addresses' | 'prefixForIpv6SourceNat'>;

export function hasPlaces(spec: Spec, found: LoadBalancer): boolean {
  const zones = found.AvailabilityZones ?? [];
  return (
    new Set(zones.map(({ SubnetId }) => SubnetId)).symmetricDifference(new Set(spec.subnets)).size === 0 &&
    (spec.prefixForIpv6SourceNat === undefined || found.EnablePrefixForIpv6SourceNat === 'on') &&
    zones.every((zone) => !differsInPlace(spec, zone) && !differsInIpv6(spec, zone))
  );
}

/** Whether its Elastic IP or private address in this subnet is not the desired one, or is missing. */
export function differsInPlace({ addresses = [] }: Spec, zone: AvailabilityZone): boolean {
  const wanted = addresses.find(({ subnet }) => subnet === zone.SubnetId);
  const [present] = zone.LoadBalancerAddresses ?? [];
  return (
    present?.AllocationId !== wanted?.allocation ||
    // Compared only if an address is desired, because AWS may show an address that it has chosen itself.
    (wanted?.privateIpv4 !== undefined && present?.PrivateIPv4Address !== wanted.privateIpv4)
  );
}

/** IPv6 addresses can be changed in place. Addresses that AWS has chosen are no difference. */
function differsInIpv6({ addresses = [] }: Spec, zone: AvailabilityZone): boolean {
  const wanted = addresses.find(({ subnet }) => subnet === zone.SubnetId);
  const present = (zone.LoadBalancerAddresses ?? []).flatMap(({ IPv6Address }) => IPv6Address ?? []);
  const { ipv6, sourceNatIpv6Prefix: prefix = 'auto_assigned' } = wanted ?? {};
  return (
    (ipv6 !== undefined && !present.map(canonicalAddress).includes(canonicalAddress(ipv6))) ||
    (prefix !== 'auto_assigned' &&
      !(zone.SourceNatIpv6Prefixes ?? []).map(canonicalBlock).includes(canonicalBlock(prefix)))
  );
}
