// Steady traffic through a load balancer: a fixed number of requests per second, on kept and on new connections, with and
// without TLS.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface TrafficOptions {
  /** The address of the load balancer. */
  readonly address: string;
  readonly httpPort: number;
  /** The port for TLS. Without it, there is no TLS traffic. */
  readonly httpsPort?: number;
  readonly hostname: string;
  /** The trusted certificates, in PEM. The list may grow. */
  readonly trusted: readonly string[];
  readonly perSecond: number;
  /** The paths of the requests, in turns. */
  readonly paths?: readonly string[];
  /** Whether a 200 answer is correct at this time. */
  readonly isRight: (answer: string) => boolean;
}

export interface TrafficReport {
  readonly requests: number;
  /** The number of requests: fewer than planned if the machine was too slow. */
  readonly perSecond: number;
  readonly failures: readonly string[];
  /** The number of each answer. */
  readonly answers: ReadonlyMap<string, number>;
  /** SHA-256 fingerprints of the certificates that clients got. */
  readonly certificates: ReadonlySet<string>;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** The longest delay in this process. Failures during a long delay may be the machine's fault. */
  readonly heldUpMs: number;
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
const tickMs = 5;
/** The limit of parallel requests, because a slow machine would only fall behind further. */
const maxUnderWay = 150;

export function startTraffic(options: TrafficOptions): Traffic {
  const used = options.httpsPort === undefined ? lanes.filter(({ secure }) => !secure) : lanes;
  const { paths = ['/'], perSecond } = options;
  const asker = new Asker(options);
  const held = monitorEventLoopDelay({ resolution: 5 });
  held.enable();
  const started = performance.now();
  const under = new Set<Promise<void>>();
  const times: number[] = [];
  const failures: string[] = [];
  const answers = new Map<string, number>();
  let begun = 0;

  const ask = async (lane: Lane, path: string): Promise<void> => {
    const from = performance.now();
    const failure = await asker.ask(lane, path).then(
      ({ status, answer }) => {
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        if (status !== 200) return `${status} ${answer.replaceAll(/<[^>]*>|\s+/g, ' ').trim()}`;
        return options.isRight(answer) ? undefined : `answered by ${answer}`;
      },
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const took = performance.now() - from;
    times.push(took);
    const at = `${((from - started) / 1000).toFixed(2)} s`;
    if (failure !== undefined) failures.push(`${at}, ${lane.name} ${path}: ${failure} (after ${took.toFixed(0)} ms)`);
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond);
    for (; begun < due && under.size < maxUnderWay; begun += 1) {
      const [lane, path] = [used[begun % used.length], paths[Math.floor(begun / used.length) % paths.length]];
      if (lane === undefined || path === undefined) continue;
      const request = ask(lane, path).finally(() => under.delete(request));
      under.add(request);
    }
  }, tickMs);
  const report = (): TrafficReport => {
    const ended = performance.now();
    const sorted = times.toSorted((a, b) => a - b);
    const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      requests: times.length,
      perSecond: times.length / ((ended - started) / 1000),
      failures,
      answers,
      certificates: asker.certificates,
      medianMs: quantile(0.5),
      p99Ms: quantile(0.99),
      heldUpMs: held.max / 1e6,
    };
  };
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(under);
      held.disable();
      asker.close();
      return report();
    },
  };
}

interface SecureAgents {
  readonly kept: HttpsAgent;
  readonly fresh: HttpsAgent;
}

/** Sends requests like a client that only knows the load balancer's address. */
export class Asker {
  readonly certificates = new Set<string>();
  readonly #options: Omit<TrafficOptions, 'perSecond' | 'paths' | 'isRight'>;
  readonly #http = new HttpAgent({ keepAlive: true });
  /** By the number of trusted certificates. */
  readonly #secure = new Map<number, SecureAgents>();

  constructor(options: Omit<TrafficOptions, 'perSecond' | 'paths' | 'isRight'>) {
    this.#options = options;
  }

  async ask({ secure, kept }: Lane, path: string): Promise<{ readonly status: number; readonly answer: string }> {
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
