// Forwards a flow to its target: the common part of TCP and UDP.
import { familyOf } from '../../ec2/family.ts';
import { loadBalancerInterfaces } from '../../ec2/network-interfaces.ts';
import { arnSuffix } from '../../elbv2/arns.ts';
import { targetGroupAttribute } from '../../elbv2/attributes.ts';
import type { TargetGroup } from '../../elbv2/state.ts';
import type { Random } from '../../random.ts';
import type { OwnConnections } from '../own-connections.ts';
import { admitsClient, reachesTarget } from '../reach.ts';
import { unmapAddress } from '../target-address.ts';
import type { TargetPlace, TargetPlaces } from '../target-places.ts';
import type { Arrival, Endpoint } from './arrival.ts';
import { type Choice, choose } from './choose.ts';
import { Flows } from './flows.ts';

export type Way =
  | { readonly kind: 'to'; readonly choice: Choice; readonly place: TargetPlace; readonly sources: readonly string[] }
  /** Security groups block it: nobody answers. */
  | { readonly kind: 'silent' }
  /** There is no target. */
  | { readonly kind: 'none' };

export class Carrier {
  readonly flows = new Flows();
  readonly own: OwnConnections;
  readonly #places: TargetPlaces;
  readonly #random: Random;

  constructor(places: TargetPlaces, random: Random, own: OwnConnections) {
    this.own = own;
    this.#places = places;
    this.#random = random;
  }

  admits({ world, loadBalancer, listener, protocol, client }: Arrival): boolean {
    return admitsClient(world, loadBalancer, this.#inVpc(client.address), { port: listener.port, protocol });
  }

  way(arrival: Arrival): Way {
    const { world, loadBalancer, protocol, client } = arrival;
    const choice = choose(arrival, this.#random);
    if (!choice) return { kind: 'none' };
    const { group, target } = choice;
    const place = this.#places.of(world, group, target, target.port ?? group.port ?? 80);
    if (!place) return { kind: 'none' };
    const family = familyOf(place.address);
    // An address of the other family can't be preserved: "Targets see the address of the load balancer".
    const keeps = keepsClient(group) && familyOf(client.address) === family;
    const seen = keeps ? this.#inVpc(client.address) : undefined;
    if (!reachesTarget(world, loadBalancer, choice, { port: place.port, protocol }, seen)) return { kind: 'silent' };
    const sources = [keeps ? client.address : [], arrival.addressOf(family) ?? []].flat();
    return { kind: 'to', choice, place, sources };
  }

  /** The addresses for the proxy protocol, as the VPC sees them. */
  proxyAddresses({
    world,
    loadBalancer,
    listener,
    zone,
    client,
    own,
  }: Arrival): readonly [source: Endpoint, destination: Endpoint] {
    const node = loadBalancerInterfaces(world.ec2, arnSuffix(loadBalancer.arn)).find(
      ({ availabilityZone }) => availabilityZone === zone,
    );
    const addresses = familyOf(client.address) === 'ipv6' ? node?.ipv6Addresses : node?.privateIpAddresses;
    return [
      { address: this.#inVpc(client.address), port: client.port },
      { address: addresses?.[0] ?? own.address, port: listener.port },
    ];
  }

  #inVpc(address: string): string {
    return unmapAddress(this.#places.mappings, address);
  }
}

const keepsClient = (group: TargetGroup): boolean =>
  targetGroupAttribute(group, 'preserve_client_ip.enabled') === 'true';
