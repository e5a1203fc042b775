// Finds the load balancer of a DNS name.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#dns-name

import type { Reachable } from '../dataplane/reachable.ts';

/** A load balancer's DNS name and its addresses. */
export interface Named {
  readonly dnsName: string;
  readonly addresses: readonly string[];
  /** Only for a Network Load Balancer, by Availability Zone: `us-east-1a.NAME` has only that zone's address. */
  readonly zonal: Readonly<Record<string, string>>;
}

/**
 * For a Network Load Balancer only the healthy zones, or all zones if none is healthy:
 * docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html.
 */
export function namedOf({ dnsName, address, zones = [] }: Reachable): Named {
  const healthy = zones.filter((zone) => zone.healthy);
  const listed = (healthy.length > 0 ? healthy : zones).map((zone) => zone.address);
  return {
    dnsName,
    addresses: listed.length > 0 ? listed : [address],
    zonal: Object.fromEntries(zones.map((zone) => [zone.zone, zone.address])),
  };
}

/** The names of Application and Network Load Balancers: `NAME.REGION.elb.amazonaws.com`, `NAME.elb.REGION.amazonaws.com`. */
const zones = /(?:^|\.)((?:[a-z0-9-]+\.elb|elb\.[a-z0-9-]+)\.amazonaws\.com)$/;

/** The DNS zone of a load balancer's name; the root for all other names. */
export function zoneOf(name: string): string {
  return zones.exec(canonical(name))?.[1] ?? '.';
}

/** The addresses of a name, ignoring case; undefined if no load balancer has the name. */
export function resolve(name: string, all: readonly Named[]): readonly string[] | undefined {
  const asked = canonical(name).replace(/^dualstack\./, '');
  for (const { dnsName, addresses, zonal } of all) {
    const own = dnsName.toLowerCase();
    if (asked === own) return addresses;
    if (!asked.endsWith(`.${own}`)) continue;
    const address = zonal[asked.slice(0, -own.length - 1)];
    return address === undefined ? undefined : [address];
  }
  return undefined;
}

const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, '');
