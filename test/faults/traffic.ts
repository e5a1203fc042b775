// Steady traffic through a load balancer: a fixed number of requests per second, on kept and on new connections, with and
// without TLS.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { createSecureContext, TLSSocket } from 'node:tls';
import { type Answer, type PacedOptions, type PacedReport, startPacedTraffic } from './paced-traffic.ts';

export interface TrafficOptions extends Omit<PacedOptions, 'lanes'> {
  /** The address of the load balancer. */
  readonly address: string;
  readonly httpPort: number;
  /** The port for TLS. Without it, there is no TLS traffic. */
  readonly httpsPort?: number;
  readonly hostname: string;
  /** The trusted certificates, in PEM. The list may grow. */
  readonly trusted: readonly string[];
}

export interface TrafficReport extends PacedReport {
  /** SHA-256 fingerprints of the certificates that clients got. */
  readonly certificates: ReadonlySet<string>;
}

export interface Traffic {
  /** Stops new requests, waits for the running ones, and returns the result. */
  stop(): Promise<TrafficReport>;
}

interface Lane {
  readonly name: string;
  readonly secure: boolean;
  /** Whether connections are kept for the next request. */
  readonly kept: boolean;
}

const lanes: readonly Lane[] = [
  { name: 'HTTP', secure: false, kept: true },
  { name: 'HTTPS', secure: true, kept: true },
  { name: 'HTTP on a new connection', secure: false, kept: false },
  { name: 'HTTPS on a new connection', secure: true, kept: false },
];

/** As long as an ALB waits for a target. */
const patienceMs = 60_000;

export function startTraffic(options: TrafficOptions): Traffic {
  const used = options.httpsPort === undefined ? lanes.filter(({ secure }) => !secure) : lanes;
  const asker = new Asker(options);
  const asked = used.map((lane) => ({ name: lane.name, ask: (path: string) => asker.ask(lane, path) }));
  const traffic = startPacedTraffic({ ...options, lanes: asked });
  return {
    stop: async () => {
      const report = await traffic.stop();
      asker.close();
      return { ...report, certificates: asker.certificates };
    },
  };
}

interface SecureAgents {
  readonly kept: HttpsAgent;
  readonly fresh: HttpsAgent;
}

type Place = Omit<TrafficOptions, 'perSecond' | 'paths' | 'isRight'>;

/** Sends requests like a client that only knows the load balancer's address. */
export class Asker {
  readonly certificates = new Set<string>();
  readonly #options: Place;
  readonly #http = new HttpAgent({ keepAlive: true });
  /** By the number of trusted certificates. */
  readonly #secure = new Map<number, SecureAgents>();

  constructor(options: Place) {
    this.#options = options;
  }

  async ask({ secure, kept }: Lane, path: string): Promise<Answer> {
    const { address, hostname, httpPort, httpsPort, trusted } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = { host: address, path, headers: { host: hostname }, signal: AbortSignal.timeout(patienceMs) };
    const request = secure
      ? httpsRequest({
          ...options,
          port: httpsPort,
          servername: hostname,
          agent: kept ? this.#https(trusted).kept : this.#https(trusted).fresh,
        })
      : httpRequest({ ...options, port: httpPort, agent: kept ? this.#http : false });
    request.once('response', resolve);
    request.once('error', reject);
    request.once('socket', (socket) => {
      if (!(socket instanceof TLSSocket) || request.reusedSocket) return;
      socket.once('secureConnect', () => this.certificates.add(socket.getPeerX509Certificate()?.fingerprint256 ?? ''));
    });
    request.end();
    const response = await promise;
    return { status: response.statusCode ?? 0, answer: await text(response) };
  }

  /** Created again only if more certificates are trusted, because reading certificates takes longer than a request. */
  #https(trusted: readonly string[]): SecureAgents {
    const known = this.#secure.get(trusted.length);
    if (known !== undefined) return known;
    const secureContext = createSecureContext({ ca: [...trusted] });
    // New connections do not resume sessions.
    const fresh = new HttpsAgent({ secureContext, maxCachedSessions: 0 });
    const agents = { kept: new HttpsAgent({ secureContext, keepAlive: true }), fresh };
    this.#secure.set(trusted.length, agents);
    return agents;
  }

  close(): void {
    this.#http.destroy();
    for (const { kept, fresh } of this.#secure.values()) {
      kept.destroy();
      fresh.destroy();
    }
  }
}
