// The logs of containers, for the API server. One server answers for all nodes.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { KeyPair } from '../certificates.ts';
import type { ContainerLog, LogLine } from './container-log.ts';

export interface KubeletServerOptions {
  readonly pair: KeyPair;
  /** Clients need a certificate of this authority, PEM. */
  readonly ca: string;
  /** The log of a container; undefined if there is none. */
  readonly logOf: (namespace: string, pod: string, container: string, previous: boolean) => ContainerLog | undefined;
}

export interface KubeletServer {
  readonly port: number;
  close(): void;
}

export async function startKubeletServer({ pair, ca, logOf }: KubeletServerOptions): Promise<KubeletServer> {
  const tls = { cert: pair.certificate, key: pair.key, ca, requestCert: true, rejectUnauthorized: true };
  const server = createServer(tls, (request, response) => answer(request, response, logOf));
  await once(server.listen(0, '0.0.0.0'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`Expected a TCP address, got ${address}`);
  return {
    port: address.port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, logOf: KubeletServerOptions['logOf']): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://node');
  const [kind, namespace = '', pod = '', container = ''] = pathname.slice(1).split('/').map(decodeURIComponent);
  if (kind !== 'containerLogs') {
    response.writeHead(501).end(`This cluster's nodes serve logs alone, not ${kind}\n`);
    return;
  }
  const log = logOf(namespace, pod, container, searchParams.get('previous') === 'true');
  if (log === undefined) {
    response.writeHead(400).end(`container "${container}" in pod "${pod}" has not run, or not before\n`);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain' });
  send(response, log, searchParams);
}

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod */
function send(response: ServerResponse, log: ContainerLog, query: URLSearchParams): void {
  const since = sinceOf(query);
  const tail = query.get('tailLines');
  const timestamps = query.get('timestamps') === 'true';
  const write = ({ time, text }: LogLine): void =>
    void response.write(timestamps ? `${new Date(time).toISOString()} ${text}\n` : `${text}\n`);
  const recent = log.lines.filter(({ time }) => time >= since);
  for (const line of tail === null ? recent : recent.slice(Math.max(0, recent.length - Number(tail)))) write(line);
  if (query.get('follow') !== 'true' || log.ended) {
    response.end();
    return;
  }
  response.flushHeaders();
  response.once(
    'close',
    log.follow(write, () => response.end()),
  );
}

function sinceOf(query: URLSearchParams): number {
  const seconds = query.get('sinceSeconds');
  const time = query.get('sinceTime');
  if (seconds !== null) return Date.now() - Number(seconds) * 1000;
  return time === null ? 0 : Date.parse(time);
}
