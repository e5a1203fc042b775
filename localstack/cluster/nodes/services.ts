// Forwards Services' cluster addresses and node ports to pods, like kube-proxy, but with listening sockets.
import type { Connection } from '../connection.ts';
import { startInformer } from '../informer.ts';
import { forwardTcp } from './forward-tcp.ts';
import { forwardUdp } from './forward-udp.ts';
import { type Endpoint, type Forward, forwardsOf } from './forwards.ts';
import type { NodePlan } from './node.ts';
import type { EndpointSlice, Service } from './objects.ts';

export interface Listening {
  /** Stops listening. */
  close(): void;
}

/** Watches Services and EndpointSlices until the signal aborts. */
export async function forwardServices(
  connection: Connection,
  nodes: readonly NodePlan[],
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<Listening> {
  const open = new Map<string, OpenForward>();
  let due = false;
  const settle = (): void => {
    due = false;
    if (signal.aborted) return;
    const wanted = forwardsOf([...services.objects.values()], [...slices.objects.values()], nodes);
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
  await Promise.all([services.synced, slices.synced]);
  return {
    close: () => {
      for (const forward of open.values()) forward.close();
      open.clear();
    },
  };
}

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
    const choose = (): Endpoint => {
      const { endpoints } = this.forward;
      const chosen = endpoints[Math.floor(Math.random() * endpoints.length)];
      if (chosen === undefined) throw new Error('Expected a forward to have endpoints');
      return chosen;
    };
    if (this.forward.protocol === 'TCP') return forwardTcp(this.forward, choose);
    return forwardUdp(this.forward, choose, ({ address, port }) =>
      this.forward.endpoints.some((other) => other.address === address && other.port === port),
    );
  }
}
