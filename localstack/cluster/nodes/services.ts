// Forwards Services' cluster addresses and node ports to pods, like kube-proxy, but with listening sockets.
import type { Connection } from '../connection.ts';
import { startInformer } from '../informer.ts';
import { forwardTcp } from './forward-tcp.ts';
import { forwardUdp } from './forward-udp.ts';
import { type Endpoint, type Forward, forwardsOf } from './forwards.ts';
import type { NodePlan } from './node.ts';
import type { Announcement, EndpointSlice, Service } from './objects.ts';

export interface Listening {
  /** Stops listening. */
  close(): void;
}

export interface ForwardingOptions {
  readonly connection: Connection;
  readonly nodes: readonly NodePlan[];
  /** Whether MetalLB's speakers announce addresses. Then packets for an address arrive at the node of its speaker. */
  readonly metallb: boolean;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Watches Services and EndpointSlices until the signal aborts. */
export async function forwardServices(options: ForwardingOptions): Promise<Listening> {
  const { connection, nodes, metallb, signal, log } = options;
  /** The last one of each Service: without a speaker the network still knows the old one. */
  const announcers = new Map<string, string>();
  const open = new Map<string, OpenForward>();
  let due = false;
  const settle = (): void => {
    due = false;
    if (signal.aborted) return;
    const wanted = forwardsOf([...services.objects.values()], [...slices.objects.values()], nodes, announcers);
    for (const [key, forward] of open) {
      if (wanted.has(key)) continue;
      forward.close();
      open.delete(key);
    }
    for (const [key, forward] of wanted) {
      const known = open.get(key);
      if (known) known.forward = forward;
      else open.set(key, new OpenForward(forward, (error) => log(`Service at ${key}: ${String(error)}`)));
    }
  };
  // One update for all changes that come together.
  const changed = (): void => {
    if (!due) setImmediate(settle);
    due = true;
  };
  const services = startInformer<Service>(connection, { path: '/api/v1/services', changed, signal });
  const slicesPath = '/apis/discovery.k8s.io/v1/endpointslices';
  const slices = startInformer<EndpointSlice>(connection, { path: slicesPath, changed, signal });
  const announced = (now: Announcement | undefined): void => {
    if (now?.status?.node === undefined) return;
    const { node, serviceName, serviceNamespace } = now.status;
    announcers.set(`${serviceNamespace}/${serviceName}`, node);
    changed();
  };
  if (metallb) startInformer<Announcement>(connection, { path: announcementsPath, changed: announced, signal });
  await Promise.all([services.synced, slices.synced]);
  return {
    close: () => {
      for (const forward of open.values()) forward.close();
      open.clear();
    },
  };
}

const announcementsPath = '/apis/metallb.io/v1beta1/servicel2statuses';

class OpenForward {
  forward: Forward;
  readonly #listening: Promise<Listening | undefined>;

  constructor(forward: Forward, failed: (error: unknown) => void) {
    this.forward = forward;
    this.#listening = this.#listen().catch((error: unknown) => {
      failed(error);
      return undefined;
    });
  }

  close(): void {
    void this.#listening.then((listening) => listening?.close());
  }

  #listen(): Promise<Listening> {
    const choose = (): Endpoint | undefined => {
      const { endpoints } = this.forward;
      return endpoints[Math.floor(Math.random() * endpoints.length)];
    };
    if (this.forward.protocol === 'TCP') return forwardTcp(this.forward, choose);
    return forwardUdp(this.forward, choose, ({ address, port }) =>
      this.forward.endpoints.some((other) => other.address === address && other.port === port),
    );
  }
}
