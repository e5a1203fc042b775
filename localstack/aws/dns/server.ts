// A DNS server for load balancers' names, over UDP and TCP.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv4, type Server, type Socket } from 'node:net';
import { answer } from './answer.ts';
import type { Named } from './names.ts';

export interface Dns {
  /** `ADDRESS:PORT`, in node:dns's format. */
  readonly place: string;
  readonly close: () => void;
}

/**
 * @param place `ADDRESS:PORT` with an IPv4 address; port 0 means any free port
 * @throws an Error that says why it can't listen there
 */
export async function startDns(place: string, names: () => readonly Named[]): Promise<Dns> {
  const [address = '', port = '', rest] = place.split(':');
  if (rest !== undefined || !isIPv4(address) || !/^[0-9]{1,5}$/.test(port)) {
    throw new Error(`Expected the DNS server's place to be ADDRESS:PORT, such as 127.0.0.1:53, got '${place}'`);
  }
  const connections = new Set<Socket>();
  const tcp = createServer((connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
    converse(connection, names);
  });
  const udp = createSocket('udp4');
  udp.on('message', (query, { address: client, port: clientPort }) => {
    const answered = answer(query, 'udp', names());
    // It is not an error if the client is gone.
    if (answered) udp.send(answered, clientPort, client, () => {});
  });
  const bound = await bind(udp, tcp, address, Number(port));
  return {
    place: `${address}:${bound}`,
    close: () => {
      udp.close();
      tcp.close();
      for (const connection of connections) connection.destroy();
    },
  };
}

/** UDP and TCP use the same port. A port that is free for one may be in use for the other, so several are tried. */
async function bind(udp: UdpSocket, tcp: Server, address: string, port: number): Promise<number> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      const bound = await listen(tcp, address, port);
      await new Promise<void>((resolve, reject) => {
        udp.once('error', reject);
        udp.bind(bound, address, resolve);
      });
      udp.removeAllListeners('error').on('error', console.error);
      return bound;
    } catch (error) {
      tcp.close();
      if (port !== 0 || attempts === 10) {
        udp.close();
        throw error;
      }
    }
  }
}

async function listen(tcp: Server, address: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(port, address, resolve);
  });
  const bound = tcp.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

const idleMs = 10_000;

/** Over TCP each message begins with two bytes for its length: RFC 1035, section 4.2.2. */
function converse(connection: Socket, names: () => readonly Named[]): void {
  let unread = Buffer.alloc(0);
  connection.setTimeout(idleMs, () => connection.destroy());
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE()) {
      const length = unread.readUInt16BE();
      const answered = answer(unread.subarray(2, 2 + length), 'tcp', names());
      unread = unread.subarray(2 + length);
      if (!answered) {
        connection.destroy();
        return;
      }
      const head = Buffer.alloc(2);
      head.writeUInt16BE(answered.length);
      connection.write(Buffer.concat([head, answered]));
    }
  });
}
