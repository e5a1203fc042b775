// A proxy between Gatehouse and the API server. It answers chosen requests with faults, and cuts watches.
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Cluster } from '../../../localstack/cluster/cluster.ts';
import { readKubeconfig } from '../../../localstack/cluster/kubeconfig.ts';

export interface ApiCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly watches: boolean;
}

export interface ApiFault {
  readonly matches: (call: ApiCall) => boolean;
  readonly status: number;
  /** Kubernetes' reason: `Conflict`, `Expired`. */
  readonly reason: string;
  /** In seconds. */
  readonly retryAfter?: number;
  /** How often the fault happens; default: always. */
  readonly times?: number;
}

export interface ApiFaults {
  /** The kubeconfig of the same user, through this proxy. */
  readonly kubeconfig: string;
  /** Starts a fault. @returns a function that ends it, and returns how often it happened */
  inject(fault: ApiFault): () => number;
  /** Ends every watch that is open. @returns how many */
  cutWatches(): number;
  close(): Promise<void>;
}

/** Called instead of forwarding. */
export type AroundCall = (call: ApiCall, forward: () => Promise<void>) => Promise<void>;

export async function startApiFaults(
  cluster: Pick<Cluster, 'kubeconfig' | 'dir'>,
  around: AroundCall = (_, forward) => forward(),
): Promise<ApiFaults> {
  const access = await readKubeconfig(cluster.kubeconfig);
  if (access.user.kind !== 'certificate') throw new Error('Expected the administrator to have a certificate');
  const { certificate, key } = access.user.pair;
  const agent = new Agent({ keepAlive: true, ca: access.ca, cert: certificate, key });
  const faults = new Map<ApiFault, number>();
  const watches = new Set<ServerResponse>();

  const take = (call: ApiCall): ApiFault | undefined => {
    for (const [fault, met] of faults) {
      if (met >= (fault.times ?? Number.POSITIVE_INFINITY) || !fault.matches(call)) continue;
      faults.set(fault, met + 1);
      return fault;
    }
    return undefined;
  };

  const forward = async (incoming: IncomingMessage, response: ServerResponse, call: ApiCall): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { authorization: _, host: __, connection: ___, ...headers } = incoming.headers;
    const outgoing = httpsRequest(new URL(call.path, access.url), { method: call.method, headers, agent });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    response.once('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
    const answer = await promise;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // An open watch may be silent for long.
    response.flushHeaders();
    if (call.watches) {
      watches.add(response);
      response.once('close', () => watches.delete(response));
    }
    await pipeline(answer, response);
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/' } = incoming;
    const call = { method, path, watches: /[?&]watch=(true|1)/.test(path) };
    const fault = take(call);
    if (fault === undefined) return around(call, () => forward(incoming, response, call));
    const { status: code, reason, retryAfter } = fault;
    incoming.resume();
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'A fault',
      reason,
      code,
    };
    response.writeHead(code, {
      'content-type': 'application/json',
      ...(retryAfter !== undefined && { 'retry-after': `${retryAfter}` }),
    });
    response.end(JSON.stringify(status));
  };

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const kubeconfig = join(cluster.dir, 'kubeconfig-with-faults');
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('Expected the proxy to have a port');
  const direct = await readFile(cluster.kubeconfig, 'utf8');
  await writeFile(kubeconfig, direct.replace(/server: \S+/, `server: http://127.0.0.1:${bound.port}`), { mode: 0o600 });
  return {
    kubeconfig,
    inject: (fault) => {
      faults.set(fault, 0);
      return () => {
        const met = faults.get(fault) ?? 0;
        faults.delete(fault);
        return met;
      };
    },
    cutWatches: () => {
      const open = [...watches];
      for (const watch of open) watch.destroy();
      return open.length;
    },
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
