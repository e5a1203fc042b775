// The client: a machine outside of the cluster, on the link of the load balancers. Whatever it opens is a socket of that machine.
import { once } from 'node:events';
import { connect as connectTo, type Socket } from 'node:net';
import { join } from 'node:path';
import { Agent, buildConnector, fetch, type RequestInit, type Response } from 'undici';
import { type Answer, lineFrom, type Order } from './order.ts';

export interface ClientFetch extends RequestInit {
  /** The address to connect to; default: the URL's host. The URL's host is the Host header and the TLS name in any case. */
  readonly address?: string;
  /** The authority of the server's certificate, PEM. */
  readonly ca?: string;
}

export interface Client {
  /** A TCP connection. @throws an Error with the code of the failure, such as ECONNREFUSED, or EHOSTUNREACH without ARP */
  connect(address: string, port: number): Promise<Socket>;
  /** Each request has its own connection. */
  fetch(url: string, options?: ClientFetch): Promise<Response>;
  /** The answer to a datagram, which is sent until it is answered: again after `retryMs`, by default 200. */
  ask(address: string, port: number, message: string, signal: AbortSignal, retryMs?: number): Promise<string>;
  /** The MAC address that answers an ARP or NDP request for the address; undefined if nobody answers. */
  whoHas(address: string): Promise<string | undefined>;
}

/** The socket of the agent of the cluster in `dir`. Programs outside of the sandbox reach it, too. */
export const clientSocket = (dir: string): string => join(dir, 'client.sock');

/** The client of the cluster in `dir`, from any network namespace. */
export function clientOf(dir: string): Client {
  const path = clientSocket(dir);

  const give = async (order: Order, signal?: AbortSignal): Promise<readonly [Socket, string]> => {
    const socket = connectTo({ path, allowHalfOpen: order.kind === 'connect', signal });
    try {
      await once(socket, 'connect');
      socket.write(`${JSON.stringify(order)}\n`);
      const answer: Answer = JSON.parse(await lineFrom(socket));
      if (answer.kind === 'failed') throw Object.assign(new Error(answer.message), { code: answer.code });
      return [socket, answer.text];
    } catch (error) {
      socket.destroy();
      throw signal?.aborted ? signal.reason : error;
    }
  };
  const textOf = async (order: Order, signal?: AbortSignal): Promise<string> => {
    const [socket, text] = await give(order, signal);
    socket.destroy();
    return text;
  };
  const client: Client = {
    connect: async (address, port) => (await give({ kind: 'connect', address, port }))[0],
    fetch: (url, { address, ca, ...init } = {}) =>
      fetch(url, { ...init, dispatcher: new Agent({ pipelining: 0, connect: connector(client, address, ca) }) }),
    ask: (address, port, message, signal, retryMs = 200) =>
      textOf({ kind: 'ask', address, port, message, retryMs }, signal),
    whoHas: async (address) => (await textOf({ kind: 'who-has', address })) || undefined,
  };
  return client;
}

function connector(client: Client, address: string | undefined, ca: string | undefined): buildConnector.connector {
  const upgrade = buildConnector({ ca, allowH2: false });
  return (options, callback) => {
    const { hostname, port, protocol } = options;
    const secure = protocol === 'https:';
    const open = async (): Promise<void> => {
      try {
        const host = address ?? hostname.replace(/^\[|\]$/g, '');
        const socket = await client.connect(host, Number(port || (secure ? 443 : 80)));
        if (secure) upgrade({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      } catch (error) {
        callback(error instanceof Error ? error : new Error(String(error)), null);
      }
    };
    void open();
  };
}
