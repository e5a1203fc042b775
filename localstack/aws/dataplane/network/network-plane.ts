// Network Load Balancers: one address per zone and family, with one or two sockets per listener.
import type { Family } from '../../ec2/family.ts';
import { listenersOf, rulesOf } from '../../elbv2/find.ts';
import { isActive } from '../../elbv2/load-balancers.ts';
import type { Listener, LoadBalancer, SubnetMapping, TargetGroup } from '../../elbv2/state.ts';
import { targetGroupsOf } from '../../elbv2/usage.ts';
import type { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import type { AddressPools } from '../address-pools.ts';
import type { OwnConnections } from '../own-connections.ts';
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
  readonly socketPort: number;
  readonly sockets: Map<SocketKind, Opened>;
}

type SocketKind = 'tcp' | 'tls' | 'tls-with-alpn' | 'udp';

/**
 * A change of any other setting needs no new socket. A TCP listener that becomes a TCP_UDP listener goes on listening.
 */
function kindsOf(listener: Listener): readonly SocketKind[] {
  switch (listener.protocol) {
    case 'UDP':
      return ['udp'];
    case 'TCP_UDP':
      return ['tcp', 'udp'];
    case 'TLS':
      return [usesAlpn(listener) ? 'tls-with-alpn' : 'tls'];
    default:
      return ['tcp'];
  }
}

export interface NetworkPlaneOptions {
  readonly pools: AddressPools;
  readonly portOffset: number;
  readonly places: TargetPlaces;
  readonly random: Random;
  readonly own: OwnConnections;
}

export class NetworkPlane {
  readonly #pools: AddressPools;
  readonly #portOffset: number;
  readonly #places: TargetPlaces;
  readonly #carrier: Carrier;
  /** By load balancer ARN. */
  readonly #serving = new Map<string, Serving>();

  constructor({ pools, portOffset, places, random, own }: NetworkPlaneOptions) {
    this.#pools = pools;
    this.#portOffset = portOffset;
    this.#places = places;
    this.#carrier = new Carrier(places, random, own);
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
    return nodes.flatMap(({ opened }) => [...opened.values()].flatMap(({ sockets }) => [...sockets.values()]));
  }

  #remove({ loadBalancer, nodes }: Serving): void {
    for (const node of nodes.values()) this.#leave(node);
    this.#carrier.flows.cutAllOf(loadBalancer);
    this.#serving.delete(loadBalancer.arn);
  }

  #leave({ address, opened }: Node): void {
    for (const { sockets } of opened.values()) for (const socket of sockets.values()) socket.close();
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

  /** The address that the API was given for the subnet. Undefined without a mapping, because the machine does not have it. */
  #ownAddress(world: World, subnet: SubnetMapping, family: Family): string | undefined {
    const elasticIp = world.ec2.elasticIps.get(subnet.allocationId ?? '')?.publicIp;
    const given = family === 'ipv6' ? subnet.iPv6Address : (elasticIp ?? subnet.privateIPv4Address);
    return given === undefined ? undefined : mappedAddress(this.#places.mappings, given);
  }

  #syncNode(serving: Serving, node: Node): void {
    const { elbv2 } = serving.world;
    for (const [arn, opened] of node.opened) {
      const listener = elbv2.listeners.get(arn);
      const kinds = listener && opened.socketPort === this.#portOf(listener) ? kindsOf(listener) : [];
      for (const [kind, socket] of opened.sockets) {
        if (kinds.includes(kind)) {
          socket.refresh();
          continue;
        }
        socket.close();
        opened.sockets.delete(kind);
      }
      if (opened.sockets.size === 0) node.opened.delete(arn);
    }
    for (const listener of listenersOf(elbv2, serving.loadBalancer.arn)) {
      const opened = node.opened.get(listener.arn) ?? { socketPort: this.#portOf(listener), sockets: new Map() };
      node.opened.set(listener.arn, opened);
      for (const kind of kindsOf(listener)) {
        if (!opened.sockets.has(kind)) opened.sockets.set(kind, this.#open(serving, listener, node, kind));
      }
    }
  }

  #open(serving: Serving, listener: Listener, { zone, address }: Node, kind: SocketKind): Opened {
    const { world, loadBalancer, seen } = serving;
    const port = this.#portOf(listener);
    if (port > maxPort) return new Closed(`Port ${port} is none`);
    const addressOf = (family: Family): string | undefined => serving.nodes.get(keyOf(zone, family))?.address;
    const place = { world, loadBalancer, listener, zone, own: { address, port }, addressOf };
    const lost = (client: string, instead = 'an address of the system’s choice'): void => {
      seen.set(listener.arn, `targets see ${instead} in place of ${client}, which is not this system’s to use`);
    };
    return kind === 'udp'
      ? new DatagramListener(place, this.#carrier, lost)
      : new StreamListener(place, this.#carrier, lost);
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
      listeners: [...first.opened].map(([listenerArn, { socketPort }]) => ({
        arn: listenerArn,
        protocol: world.elbv2.listeners.get(listenerArn)?.protocol ?? 'TCP',
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
  const sockets = nodes.flatMap(({ opened }) => [...(opened.get(listenerArn)?.sockets.values() ?? [])]);
  return sockets.find(({ error }) => error !== undefined)?.error;
}

function groupsUsed({ elbv2 }: World, { arn }: LoadBalancer): readonly TargetGroup[] {
  const rules = listenersOf(elbv2, arn).flatMap((listener) => rulesOf(elbv2, listener.arn));
  const arns = new Set(rules.flatMap(({ actions }) => targetGroupsOf(actions)));
  return [...arns].flatMap((each) => elbv2.targetGroups.get(each) ?? []);
}
