// Probes and hooks, like a node's. https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import type { Container, Handler, Probe } from './objects.ts';

export interface ProbeTarget {
  readonly address: string;
  readonly container: Container;
  /** Runs a command in the container; its exit status. */
  readonly exec: (command: readonly string[], signal: AbortSignal) => Promise<number>;
}

/** Like nodes, it does not check certificates, and does not follow redirects. */
const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, keepAliveTimeout: 1, pipelining: 0 });

/** Runs the handler once. @returns whether it succeeded. Never throws. */
export async function attempt(handler: Handler, target: ProbeTarget, signal: AbortSignal): Promise<boolean> {
  const { httpGet, exec } = handler;
  // We do not call a gRPC server's health service, we only connect.
  const tcpSocket = handler.tcpSocket ?? handler.grpc;
  try {
    if (httpGet) {
      const { host = target.address, path = '/', scheme = 'HTTP', httpHeaders = [] } = httpGet;
      const url = `${scheme.toLowerCase()}://${host}:${portOf(target.container, httpGet.port)}${path.replace(/^(?!\/)/, '/')}`;
      const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
      const response = await fetch(url, { dispatcher, headers, redirect: 'manual', signal });
      await response.body?.cancel();
      return response.status >= 200 && response.status < 400;
    }
    if (tcpSocket) {
      const { host = target.address } = handler.tcpSocket ?? {};
      const socket = connect({ host, port: portOf(target.container, tcpSocket.port), signal });
      try {
        await once(socket, 'connect', { signal });
        return true;
      } finally {
        socket.destroy();
      }
    }
    return exec === undefined || (await target.exec(exec.command, signal)) === 0;
  } catch {
    return false;
  }
}

const portOf = (container: Container, port: number | string): number =>
  typeof port === 'number' ? port : (container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port));

/** Probes until the signal aborts. Reports a result after enough equal results in a row. */
export async function probe(
  { initialDelaySeconds = 0, periodSeconds = 10, timeoutSeconds = 1, ...rest }: Probe,
  target: ProbeTarget,
  signal: AbortSignal,
  told: (healthy: boolean) => void,
): Promise<void> {
  const { successThreshold = 1, failureThreshold = 3 } = rest;
  let inARow = 0;
  let last: boolean | undefined;
  await sleep(initialDelaySeconds * 1000, undefined, { signal }).catch(() => {});
  while (!signal.aborted) {
    const healthy = await attempt(rest, target, AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]));
    if (signal.aborted) return;
    inARow = healthy === last ? inARow + 1 : 1;
    last = healthy;
    if (inARow >= (healthy ? successThreshold : failureThreshold)) told(healthy);
    await sleep(periodSeconds * 1000, undefined, { signal }).catch(() => {});
  }
}
