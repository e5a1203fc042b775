// Steady traffic through a load balancer: so many requests a second, by connections that are kept and by ones that are new, with
// TLS and without.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface TrafficOptions {
  /** Of the load balancer. */
  readonly address: string;
  readonly httpPort: number;
  /** Without one, all of it is without TLS. */
  readonly httpsPort?: number;
  readonly hostname: string;
  /** The certificates that are trusted, in PEM; may grow. */
  readonly trusted: readonly string[];
  readonly perSecond: number;
  /** The paths that are asked for, in turns. */
  readonly paths?: readonly string[];
  /** Whether an answer of 200 is one that is right now. */
  readonly isRight: (answer: string) => boolean;
}

export interface TrafficReport {
  readonly requests: number;
  /** Less than was asked for where the machine did not keep up. */
  readonly perSecond: number;
  readonly failures: readonly string[];
  /** How often each was answered. */
  readonly answers: ReadonlyMap<string, number>;
  /** SHA-256 fingerprints of the certificates that were shown. */
  readonly certificates: ReadonlySet<string>;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** How long this process itself held its requests up at most: failures beside a long one may be the machine's. */
  readonly heldUpMs: number;
}

export interface Traffic {
  /** Begins no request more, waits for those on their way, and tells. */
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
/** A machine that can't keep up is given no more than this to do at a time: it would only fall behind further. */
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

/** Asks as a client does that knows the load balancer by its address alone. */
export class Asker {
  readonly certificates = new Set<string>();
  readonly #options: Omit<TrafficOptions, 'perSecond' | 'paths' | 'isRight'>;
  readonly #http = new HttpAgent({ keepAlive: true });
  /** By how much is trusted. */
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

  /** Made anew only when more is trusted: reading certificates takes longer than a request. */
  #https(trusted: readonly string[]): SecureAgents {
    const known = this.#secure.get(trusted.length);
    if (known !== undefined) return known;
    const secureContext = createSecureContext({ ca: [...trusted] });
    // Whoever comes anew resumes no session.
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
