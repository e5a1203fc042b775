// Finds the load balancer of a DNS name.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#dns-name

import type { Reachable } from '../dataplane/reachable.ts';

/** The addresses of a name. */
export interface Addresses {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

/** A load balancer's DNS name and its addresses. */
export interface Named {
  readonly dnsName: string;
  readonly addresses: Addresses;
  /** Only for a Network Load Balancer, by Availability Zone: `us-east-1a.NAME` has only that zone's addresses. */
  readonly zonal: Readonly<Record<string, Addresses>>;
}

type Placed = Pick<Reachable, 'address' | 'address6'>;

const addressesOf = (places: readonly Placed[]): Addresses => ({
  ipv4: places.map(({ address }) => address),
  ipv6: places.flatMap(({ address6 }) => address6 ?? []),
});

/**
 * For a Network Load Balancer only the healthy zones, or all zones if none is healthy:
 * docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html.
 */
export function namedOf({ dnsName, zones = [], ...own }: Reachable): Named {
  const healthy = zones.filter((zone) => zone.healthy);
  const listed = healthy.length > 0 ? healthy : zones;
  return {
    dnsName,
    addresses: addressesOf(listed.length > 0 ? listed : [own]),
    zonal: Object.fromEntries(zones.map((zone) => [zone.zone, addressesOf([zone])])),
  };
}

/** The names of Application and Network Load Balancers: `NAME.REGION.elb.amazonaws.com`, `NAME.elb.REGION.amazonaws.com`. */
const zones = /(?:^|\.)((?:[a-z0-9-]+\.elb|elb\.[a-z0-9-]+)\.amazonaws\.com)$/;

/** The DNS zone of a load balancer's name; the root for all other names. */
export function zoneOf(name: string): string {
  return zones.exec(canonical(name))?.[1] ?? '.';
}

/** The addresses of a name, ignoring case; undefined if no load balancer has the name. */
export function resolve(name: string, all: readonly Named[]): Addresses | undefined {
  const asked = canonical(name).replace(/^dualstack\./, '');
  for (const { dnsName, addresses, zonal } of all) {
    const own = dnsName.toLowerCase();
    if (asked === own) return addresses;
    if (!asked.endsWith(`.${own}`)) continue;
    return zonal[asked.slice(0, -own.length - 1)];
  }
  return undefined;
}

const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, '');
