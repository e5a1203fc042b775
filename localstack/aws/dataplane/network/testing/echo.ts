// Targets for Network Load Balancers that answer with their own address and the client's; and clients.
import { createSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type CreateTargetGroupCommandInput, RegisterTargetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Embedded, present } from '../../../testing/embedded.ts';
import { mapped, portOffset } from '../../testing/forwarding.ts';

/** A TCP target that answers `ADDRESS CLIENT TEXT` after the client's end. Health checks send nothing. */
export class Echo implements AsyncDisposable {
  readonly target: { readonly Id: string; readonly Port: number };
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(address: string, server: Server) {
    this.target = { Id: address, Port: 8080 };
    this.#server = server;
    server.on('connection', (socket) => this.sockets.push(socket));
  }

  /** @param address in the VPC */
  static async start(address: string, server = echoServer(address)): Promise<Echo> {
    const echo = new Echo(address, server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(8080, mapped(address), resolve);
    });
    return echo;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

const echoServer = (address: string): Server =>
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void buffer(socket).then(
      (said) => socket.end(`${address} ${socket.remoteAddress} ${said.toString('latin1')}`, 'latin1'),
      () => {},
    );
  });

/** A UDP target that answers each packet with `ADDRESS CLIENT TEXT`. */
export async function udpEcho(address: string) {
  const socket = createSocket('udp4');
  socket.on('message', (message, client) => {
    socket.send(`${address} ${client.address} ${message.toString()}`, client.port, client.address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(8080, mapped(address), resolve);
  });
  return { target: { Id: address, Port: 8080 }, [Symbol.dispose]: () => socket.close() };
}

type Targets = readonly { readonly target: { readonly Id: string; readonly Port: number } }[];

/** Creates a target group with these targets. @returns its ARN. */
export async function groupOf(
  aws: Embedded,
  targets: Targets,
  input: Partial<CreateTargetGroupCommandInput> = {},
): Promise<string> {
  const TargetGroupArn = await aws.targetGroup({ Protocol: 'TCP', ...input });
  const Targets = targets.map(({ target }) => ({ ...target }));
  if (Targets.length > 0) await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));
  return TargetGroupArn;
}

export interface Client {
  /** The listener's port. */
  readonly port?: number;
  /** The zone of the called address; default: the first. */
  readonly zone?: string;
  /** The client's own address. */
  readonly from?: string;
}

/** The address of the only Network Load Balancer in a zone. */
export function nodeOf(aws: Embedded, zone?: string): string {
  const { zones = [] } = present(aws.aws.reachable().find((each) => each.zones));
  return present(zones.find((each) => zone === undefined || each.zone === zone)).address;
}

/** An open connection. */
export async function call(aws: Embedded, { port = 80, zone, from = '127.0.0.1' }: Client = {}): Promise<Socket> {
  const socket = connect({ host: nodeOf(aws, zone), port: port + portOffset, localAddress: from, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** Sends a text over TCP. @returns the whole answer. */
export async function say(aws: Embedded, text: string, client: Client = {}): Promise<string> {
  const socket = await call(aws, client);
  socket.end(text);
  return (await buffer(socket)).toString('latin1');
}

/** Sends a text over UDP from an open socket. @returns the first answer. */
export async function udpClient(aws: Embedded, { port = 80, zone, from = '127.0.0.1' }: Client = {}) {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(0, from, resolve);
  });
  return {
    say: async (text: string): Promise<string> => {
      const answered = new Promise<string>((resolve) => {
        socket.once('message', (message) => resolve(message.toString()));
      });
      socket.send(text, port + portOffset, nodeOf(aws, zone));
      return await answered;
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
