// Makes load balancers forward traffic. Each has an address, and an IPv6 address if it is dualstack. Each listener has one socket
// per address. Targets get health checks. It reads the API's state, and writes only the targets' health.
import type { Family } from '../ec2/family.ts';
import { listenersOf } from '../elbv2/find.ts';
import { isActive } from '../elbv2/load-balancers.ts';
import type { Listener, LoadBalancer } from '../elbv2/state.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { AddressPools } from './address-pools.ts';
import { balance } from './balance.ts';
import { requestsCertificate } from './client-certificate.ts';
import { Forwarder } from './forward.ts';
import { HealthChecker } from './health-checker.ts';
import { ListenerSocket } from './listener-socket.ts';
import { NetworkPlane } from './network/network-plane.ts';
import type { DataPlaneOptions } from './options.ts';
import { OwnConnections } from './own-connections.ts';
import { admitsClient } from './reach.ts';
import type { Reachable } from './reachable.ts';
import { type AddressMapping, parseMapping, unmapAddress } from './target-address.ts';
import { TargetPlaces } from './target-places.ts';

interface Serving {
  readonly world: World;
  readonly loadBalancer: LoadBalancer;
  readonly addresses: Map<Family, string>;
  /** By listener ARN and family. */
  readonly sockets: Map<string, ListenerSocket>;
}

/** How often changes without a call (provisioned, drained) are applied. A call takes effect before its answer. */
const tickMs = 100;

export class DataPlane {
  readonly #worlds: () => readonly World[];
  readonly #mappings: readonly AddressMapping[];
  readonly #pools: AddressPools;
  readonly #portOffset: number;
  readonly #forwarder: Forwarder;
  readonly #health: HealthChecker;
  readonly #network: NetworkPlane;
  readonly #own = new OwnConnections();
  readonly #serving = new Map<string, Serving>();
  readonly #timer: NodeJS.Timeout;

  /** @throws an Error that says which option is wrong. */
  constructor(options: DataPlaneOptions, random: Random, worlds: () => readonly World[]) {
    this.#mappings = (options.mapTargets ?? []).map(parseMapping);
    this.#worlds = worlds;
    const pools = new AddressPools(options);
    const portOffset = options.portOffset ?? 0;
    this.#pools = pools;
    this.#portOffset = portOffset;
    this.#forwarder = new Forwarder(this.#mappings, random);
    const places = new TargetPlaces(this.#mappings, portOffset, (arn) => this.#serving.get(arn)?.addresses.get('ipv4'));
    this.#health = new HealthChecker(places, this.#own);
    this.#network = new NetworkPlane({ pools, portOffset, places, random, own: this.#own });
    this.#timer = setInterval(() => void this.sync(), tickMs).unref();
  }

  /** Applies changes. Resolves when new listeners listen, or have failed. */
  async sync(): Promise<void> {
    const worlds = this.#worlds();
    for (const serving of this.#serving.values()) {
      const { world, loadBalancer } = serving;
      if (!worlds.includes(world) || !world.elbv2.loadBalancers.has(loadBalancer.arn)) this.#remove(serving);
    }
    for (const world of worlds) {
      for (const loadBalancer of world.elbv2.loadBalancers.values()) {
        if (loadBalancer.type === 'application' && isActive(world, loadBalancer)) this.#serve(world, loadBalancer);
      }
    }
    this.#health.sync(worlds);
    this.#forwarder.cutDrained();
    const sockets = [...this.#serving.values()].flatMap((serving) => [...serving.sockets.values()]);
    await Promise.all([this.#network.sync(worlds), ...sockets.map(({ settled }) => settled)]);
  }

  #remove({ loadBalancer, addresses, sockets }: Serving): void {
    for (const socket of sockets.values()) socket.close();
    for (const address of addresses.values()) this.#pools.release(address);
    this.#serving.delete(loadBalancer.arn);
  }

  #serve(world: World, loadBalancer: LoadBalancer): void {
    const { arn } = loadBalancer;
    const serving = this.#serving.get(arn) ?? { world, loadBalancer, addresses: new Map(), sockets: new Map() };
    this.#serving.set(arn, serving);
    this.#assign(serving);
    const wanted = listenersOf(world.elbv2, arn).flatMap((listener) =>
      [...serving.addresses].map(([family, address]) => ({ key: `${listener.arn} ${family}`, listener, address })),
    );
    for (const [key, socket] of serving.sockets) {
      const listener = wanted.find((each) => each.key === key)?.listener;
      if (listener && this.#isFor(socket, listener)) {
        socket.refresh();
        continue;
      }
      socket.close();
      serving.sockets.delete(key);
    }
    for (const { key, listener, address } of wanted) {
      if (!serving.sockets.has(key)) serving.sockets.set(key, this.#open(serving, listener, address));
    }
  }

  /** Assigns the load balancer an address of each of its families. */
  #assign({ loadBalancer, addresses }: Serving): void {
    const families = this.#pools.familiesOf(loadBalancer);
    for (const [family, address] of addresses) {
      if (families.includes(family)) continue;
      addresses.delete(family);
      this.#pools.release(address);
    }
    for (const family of families) {
      const address = addresses.get(family) ?? this.#pools.take(family);
      if (address !== undefined) addresses.set(family, address);
    }
  }

  #open({ world, loadBalancer }: Serving, listener: Listener, address: string): ListenerSocket {
    const place = { address, port: this.#portOf(listener) };
    return new ListenerSocket(world, listener, place, {
      answer: (exchange) => balance(this.#forwarder, { world, loadBalancer, listener }, exchange),
      admits: (client) =>
        admitsClient(world, loadBalancer, unmapAddress(this.#mappings, client.remoteAddress ?? ''), {
          port: listener.port,
        }) || this.#own.has(client),
    });
  }

  /** A change of any other setting needs no new socket. */
  #isFor({ protocol, isMutual, place }: ListenerSocket, listener: Listener): boolean {
    const isSame = protocol === listener.protocol && isMutual === requestsCertificate(listener);
    return isSame && place.port === this.#portOf(listener);
  }

  #portOf({ port }: Listener): number {
    return port + this.#portOffset;
  }

  /** The load balancers with an address. */
  reachable(): readonly Reachable[] {
    return [...[...this.#serving.values()].flatMap((each) => this.#tell(each) ?? []), ...this.#network.reachable()];
  }

  #tell({ world, loadBalancer, addresses, sockets }: Serving): Reachable | undefined {
    const { arn, name, dnsName } = loadBalancer;
    const address = addresses.get('ipv4');
    if (address === undefined) return undefined;
    const listeners = listenersOf(world.elbv2, arn).flatMap((listener) => {
      const socket = sockets.get(`${listener.arn} ipv4`);
      if (!socket) return [];
      const { protocol, place, error } = socket;
      return { arn: listener.arn, protocol, port: listener.port, socketPort: place.port, error };
    });
    return { arn, name, dnsName, address, address6: addresses.get('ipv6'), listeners };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#health.close();
    this.#forwarder.close();
    this.#network.close();
    for (const { sockets } of this.#serving.values()) {
      for (const socket of sockets.values()) socket.destroy();
    }
    this.#serving.clear();
  }
}
