// Makes load balancers forward traffic: one address each, one socket per listener, and health checks. It reads the API's
// state, and writes only the targets' health.
import { isActive } from '../elbv2/load-balancers.ts';
import type { Listener, LoadBalancer } from '../elbv2/state.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { AddressPool } from './address-pool.ts';
import { balance } from './balance.ts';
import { requestsCertificate } from './client-certificate.ts';
import { Forwarder } from './forward.ts';
import { HealthChecker } from './health-checker.ts';
import { ListenerSocket } from './listener-socket.ts';
import { NetworkPlane } from './network/network-plane.ts';
import type { DataPlaneOptions } from './options.ts';
import { admitsClient } from './reach.ts';
import type { Reachable } from './reachable.ts';
import { type AddressMapping, parseMapping, unmapAddress } from './target-address.ts';
import { TargetPlaces } from './target-places.ts';

interface Serving {
  readonly world: World;
  readonly loadBalancer: LoadBalancer;
  readonly address: string;
  /** By listener ARN. */
  readonly sockets: Map<string, ListenerSocket>;
}

/** How often changes by the passing of time (provisioned, drained) are applied. A call takes effect before its answer. */
const tickMs = 100;

export class DataPlane {
  readonly #worlds: () => readonly World[];
  readonly #mappings: readonly AddressMapping[];
  readonly #pool: AddressPool;
  readonly #portOffset: number;
  readonly #forwarder: Forwarder;
  readonly #health: HealthChecker;
  readonly #network: NetworkPlane;
  readonly #serving = new Map<string, Serving>();
  readonly #timer: NodeJS.Timeout;

  /** @throws an Error that says which option is wrong. */
  constructor(options: DataPlaneOptions, random: Random, worlds: () => readonly World[]) {
    this.#mappings = (options.mapTargets ?? []).map(parseMapping);
    this.#worlds = worlds;
    const pool = new AddressPool(options.addresses);
    const portOffset = options.portOffset ?? 0;
    this.#pool = pool;
    this.#portOffset = portOffset;
    this.#forwarder = new Forwarder(this.#mappings, random);
    const places = new TargetPlaces(this.#mappings, portOffset, (arn) => this.#serving.get(arn)?.address);
    this.#health = new HealthChecker(places);
    this.#network = new NetworkPlane({ pool, portOffset, places, random });
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

  #remove({ loadBalancer, address, sockets }: Serving): void {
    for (const socket of sockets.values()) socket.close();
    this.#pool.release(address);
    this.#serving.delete(loadBalancer.arn);
  }

  #serve(world: World, loadBalancer: LoadBalancer): void {
    const address = this.#serving.get(loadBalancer.arn)?.address ?? this.#pool.take();
    if (address === undefined) return;
    const serving = this.#serving.get(loadBalancer.arn) ?? { world, loadBalancer, address, sockets: new Map() };
    this.#serving.set(loadBalancer.arn, serving);
    for (const [arn, socket] of serving.sockets) {
      const listener = world.elbv2.listeners.get(arn);
      if (listener && this.#isFor(socket, listener)) {
        socket.refresh();
        continue;
      }
      socket.close();
      serving.sockets.delete(arn);
    }
    for (const listener of world.elbv2.listeners.values()) {
      if (listener.loadBalancerArn !== loadBalancer.arn || serving.sockets.has(listener.arn)) continue;
      serving.sockets.set(listener.arn, this.#open(serving, listener));
    }
  }

  #open({ world, loadBalancer, address }: Serving, listener: Listener): ListenerSocket {
    const place = { address, port: this.#portOf(listener) };
    return new ListenerSocket(world, listener, place, {
      answer: (exchange) => balance(this.#forwarder, { world, loadBalancer, listener }, exchange),
      admits: (client) =>
        admitsClient(world, loadBalancer, unmapAddress(this.#mappings, client), { port: listener.port }),
    });
  }

  /** An open socket can apply all other settings. */
  #isFor({ protocol, isMutual, place }: ListenerSocket, listener: Listener): boolean {
    const isSame = protocol === listener.protocol && isMutual === requestsCertificate(listener);
    return isSame && place.port === this.#portOf(listener);
  }

  #portOf({ port }: Listener): number {
    return port + this.#portOffset;
  }

  /** The load balancers with an address. */
  reachable(): readonly Reachable[] {
    const applications = [...this.#serving.values()].map(({ world, loadBalancer, address, sockets }) => ({
      arn: loadBalancer.arn,
      name: loadBalancer.name,
      dnsName: loadBalancer.dnsName,
      address,
      listeners: [...sockets].map(([arn, { protocol, place, error }]) => ({
        arn,
        protocol,
        port: world.elbv2.listeners.get(arn)?.port ?? place.port - this.#portOffset,
        socketPort: place.port,
        error,
      })),
    }));
    return [...applications, ...this.#network.reachable()];
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
