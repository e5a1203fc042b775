// Network Load Balancers: one address per zone and family, with one or two sockets per listener.
import type { Family } from '../../ec2/family.ts';
import { listenersOf, rulesOf } from '../../elbv2/find.ts';
import { isActive } from '../../elbv2/load-balancers.ts';
import type { Listener, LoadBalancer, SubnetMapping, TargetGroup } from '../../elbv2/state.ts';
import { targetGroupsOf } from '../../elbv2/usage.ts';
import type { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import type { AddressPools } from '../address-pools.ts';
import type { Reachable } from '../reachable.ts';
import { mappedAddress } from '../target-address.ts';
import type { TargetPlaces } from '../target-places.ts';
import { usesAlpn } from './alpn.ts';
import { Carrier } from './carrier.ts';
import { DatagramListener } from './datagram-listener.ts';
import { isZoneHealthy } from './node-targets.ts';
import type { Opened } from './opened.ts';
import { StreamListener } from './stream-listener.ts';

interface Serving {
  readonly world: World;
  readonly loadBalancer: LoadBalancer;
  /** By zone and family, in the order of the API. */
  nodes: ReadonlyMap<string, Node>;
  /** By listener ARN: what targets see instead of a client's address. */
  readonly seen: Map<string, string>;
}

interface Node {
  readonly zone: string;
  readonly family: Family;
  readonly address: string;
  /** By listener ARN. */
  readonly opened: Map<string, OpenedListener>;
}

interface OpenedListener {
  readonly protocol: string;
  readonly socketPort: number;
  readonly usesAlpn: boolean;
  readonly sockets: readonly Opened[];
}

export interface NetworkPlaneOptions {
  readonly pools: AddressPools;
  readonly portOffset: number;
  readonly places: TargetPlaces;
  readonly random: Random;
}

export class NetworkPlane {
  readonly #pools: AddressPools;
  readonly #portOffset: number;
  readonly #places: TargetPlaces;
  readonly #carrier: Carrier;
  /** By load balancer ARN. */
  readonly #serving = new Map<string, Serving>();

  constructor({ pools, portOffset, places, random }: NetworkPlaneOptions) {
    this.#pools = pools;
    this.#portOffset = portOffset;
    this.#places = places;
    this.#carrier = new Carrier(places, random);
  }

  /** Applies changes. Resolves when new listeners listen, or have failed. */
  async sync(worlds: readonly World[]): Promise<void> {
    for (const serving of this.#serving.values()) {
      const { world, loadBalancer } = serving;
      if (!worlds.includes(world) || !world.elbv2.loadBalancers.has(loadBalancer.arn)) this.#remove(serving);
    }
    for (const world of worlds) {
      for (const loadBalancer of world.elbv2.loadBalancers.values()) {
        if (loadBalancer.type === 'network' && isActive(world, loadBalancer)) this.#serve(world, loadBalancer);
      }
    }
    this.#carrier.flows.cutEnded();
    await Promise.all(this.#sockets().map(({ settled }) => settled));
  }

  #sockets(): readonly Opened[] {
    const nodes = [...this.#serving.values()].flatMap((serving) => [...serving.nodes.values()]);
    return nodes.flatMap(({ opened }) => [...opened.values()].flatMap(({ sockets }) => sockets));
  }

  #remove({ loadBalancer, nodes }: Serving): void {
    for (const node of nodes.values()) this.#leave(node);
    this.#carrier.flows.cutAllOf(loadBalancer);
    this.#serving.delete(loadBalancer.arn);
  }

  #leave({ address, opened }: Node): void {
    for (const { sockets } of opened.values()) for (const socket of sockets) socket.close();
    this.#carrier.flows.cutAllAt(address);
    this.#pools.release(address);
  }

  #serve(world: World, loadBalancer: LoadBalancer): void {
    const { arn } = loadBalancer;
    const serving = this.#serving.get(arn) ?? { world, loadBalancer, nodes: new Map(), seen: new Map() };
    this.#serving.set(arn, serving);
    const nodes = new Map<string, Node>();
    for (const subnet of loadBalancer.subnets) {
      for (const family of this.#pools.familiesOf(loadBalancer)) {
        const key = keyOf(subnet.zone, family);
        const node = serving.nodes.get(key) ?? this.#enter(world, subnet, family);
        if (node) nodes.set(key, node);
      }
    }
    for (const [key, node] of serving.nodes) if (!nodes.has(key)) this.#leave(node);
    serving.nodes = nodes;
    for (const node of nodes.values()) this.#syncNode(serving, node);
  }

  #enter(world: World, subnet: SubnetMapping, family: Family): Node | undefined {
    const address = this.#ownAddress(world, subnet, family) ?? this.#pools.take(family);
    return address === undefined ? undefined : { zone: subnet.zone, family, address, opened: new Map() };
  }

  /** The address that the API was given for the subnet, if the machine has it: then there is a mapping for it. */
  #ownAddress(world: World, subnet: SubnetMapping, family: Family): string | undefined {
    const elasticIp = world.ec2.elasticIps.get(subnet.allocationId ?? '')?.publicIp;
    const given = family === 'ipv6' ? subnet.iPv6Address : (elasticIp ?? subnet.privateIPv4Address);
    return given === undefined ? undefined : mappedAddress(this.#places.mappings, given);
  }

  #syncNode(serving: Serving, node: Node): void {
    const { listeners } = serving.world.elbv2;
    for (const [arn, opened] of node.opened) {
      const listener = listeners.get(arn);
      const isSame = listener && this.#isFor(opened, listener);
      for (const socket of opened.sockets) {
        if (isSame) socket.refresh();
        else socket.close();
      }
      if (!isSame) node.opened.delete(arn);
    }
    for (const listener of listenersOf(serving.world.elbv2, serving.loadBalancer.arn)) {
      if (!node.opened.has(listener.arn)) node.opened.set(listener.arn, this.#open(serving, listener, node));
    }
  }

  /** Open sockets can apply all other settings. */
  #isFor({ protocol, socketPort, usesAlpn: alpn }: OpenedListener, listener: Listener): boolean {
    return protocol === listener.protocol && socketPort === this.#portOf(listener) && alpn === usesAlpn(listener);
  }

  #open(serving: Serving, listener: Listener, { zone, address }: Node): OpenedListener {
    const { world, loadBalancer, seen } = serving;
    const { protocol } = listener;
    const socketPort = this.#portOf(listener);
    const addressOf = (family: Family): string | undefined => serving.nodes.get(keyOf(zone, family))?.address;
    const place = { world, loadBalancer, listener, zone, own: { address, port: socketPort }, addressOf };
    const lost = (client: string, instead = 'an address of the system’s choice'): void => {
      seen.set(listener.arn, `targets see ${instead} in place of ${client}, which is not this system’s to use`);
    };
    const opened = { protocol, socketPort, usesAlpn: usesAlpn(listener) };
    if (socketPort > maxPort) return { ...opened, sockets: [new Closed(`Port ${socketPort} is none`)] };
    const sockets: Opened[] = [];
    if (protocol !== 'UDP') sockets.push(new StreamListener(place, this.#carrier, lost));
    if (protocol === 'UDP' || protocol === 'TCP_UDP') sockets.push(new DatagramListener(place, this.#carrier, lost));
    return { ...opened, sockets };
  }

  #portOf({ port }: Listener): number {
    return port + this.#portOffset;
  }

  /** The load balancers with an address. */
  reachable(): readonly Reachable[] {
    return [...this.#serving.values()].flatMap((serving) => this.#tell(serving) ?? []);
  }

  #tell({ world, loadBalancer, nodes, seen }: Serving): Reachable | undefined {
    const [first] = nodes.values();
    if (!first) return undefined;
    const { arn, name, dnsName } = loadBalancer;
    const groups = groupsUsed(world, loadBalancer);
    return {
      arn,
      name,
      dnsName,
      address: first.address,
      address6: nodes.get(keyOf(first.zone, 'ipv6'))?.address,
      zones: loadBalancer.subnets.flatMap(({ zone }) => {
        const address = nodes.get(keyOf(zone, 'ipv4'))?.address;
        const address6 = nodes.get(keyOf(zone, 'ipv6'))?.address;
        const healthy = isZoneHealthy(world, loadBalancer, groups, zone);
        return address === undefined ? [] : { zone, address, address6, healthy };
      }),
      listeners: [...first.opened].map(([listenerArn, { protocol, socketPort }]) => ({
        arn: listenerArn,
        protocol,
        port: socketPort - this.#portOffset,
        socketPort,
        error: errorOf([...nodes.values()], listenerArn),
        clientAddress: seen.get(listenerArn),
      })),
    };
  }

  close(): void {
    this.#carrier.flows.close();
    for (const socket of this.#sockets()) socket.destroy();
    this.#serving.clear();
  }
}

const maxPort = 65_535;

const keyOf = (zone: string, family: Family): string => `${zone} ${family}`;

/** A listener whose socket can't even be created. */
class Closed implements Opened {
  readonly settled = Promise.resolve();
  readonly error: string;

  constructor(error: string) {
    this.error = error;
  }

  refresh(): void {}
  close(): void {}
  destroy(): void {}
}

function errorOf(nodes: readonly Node[], listenerArn: string): string | undefined {
  const sockets = nodes.flatMap(({ opened }) => opened.get(listenerArn)?.sockets ?? []);
  return sockets.find(({ error }) => error !== undefined)?.error;
}

function groupsUsed({ elbv2 }: World, { arn }: LoadBalancer): readonly TargetGroup[] {
  const rules = listenersOf(elbv2, arn).flatMap((listener) => rulesOf(elbv2, listener.arn));
  const arns = new Set(rules.flatMap(({ actions }) => targetGroupsOf(actions)));
  return [...arns].flatMap((each) => elbv2.targetGroups.get(each) ?? []);
}
