// The servers of a pod: HTTP, lines over TCP, or datagrams. Each answers with the pod's words.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';

export interface PodServer {
  /** Stops gracefully: accepts nothing new, but answers the running requests. */
  drain(): Promise<void>;
  /** Stops at once. */
  end(): void;
}

type Start = (answer: string, host: string, port: number) => Promise<PodServer>;

/** The duration of slow requests, in milliseconds. */
const slowMs = 2000;

const http: Start = async (answer, host, port) => {
  // Longer than an ALB keeps idle connections, as AWS recommends. Otherwise the pod may close one during a request.
  const server = createHttpServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    const reply = () => send(response, answer);
    if (request.url === '/slow') setTimeout(reply, slowMs);
    else reply();
  }).listen(port, host);
  await once(server, 'listening');
  return {
    drain: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
    end: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const send = (response: ServerResponse, answer: string): void => {
  response.setHeader('content-type', 'text/plain');
  response.end(answer);
};

/** Answers each line. While it drains, its next answer on a connection is the last. */
const lines: Start = async (answer, host, port) => {
  const open = new Set<Socket>();
  let isDraining = false;
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      socket.write(`${answer}\n`);
      if (isDraining) socket.end();
    });
  }).listen(port, host);
  await once(server, 'listening');
  return {
    drain: async () => {
      isDraining = true;
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
    end: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
};

/** Answers each datagram. Also answers lines over TCP at the same port, because AWS checks the health there. */
const datagrams: Start = async (answer, host, port) => {
  const socket = createSocket('udp4');
  socket.on('message', (_, client) => socket.send(answer, client.port, client.address));
  socket.bind(port, host);
  await once(socket, 'listening');
  const beside = await lines(answer, host, port);
  return {
    drain: async () => {
      await beside.drain();
      socket.close();
    },
    end: () => {
      beside.end();
      socket.close();
    },
  };
};

export const servers = { http, lines, datagrams } as const;
