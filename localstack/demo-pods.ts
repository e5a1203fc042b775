// The demo's pods: programs at the mapped addresses of endpoints that answer with the name of their Service.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { mapAddress, parseMapping } from './aws/dataplane/target-address.ts';
import type { KubeObject } from './cluster/apply.ts';
import type { Certificate } from './demo-samples.ts';
import { endpointSlice } from './environment.ts';
import { createHttp2Server } from './grpc.ts';

interface ServicePort {
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly targetPort: number;
}

export interface Pod {
  readonly service: string;
  /** An address of the VPC. */
  readonly address: string;
  readonly ports: readonly ServicePort[];
}

/** What a pod answers over HTTP. Over gRPC, TCP, TLS and UDP it says `SERVICE POD`. */
export interface Echo {
  readonly service: string;
  readonly pod: string;
  /** The path that the pod got, after rewrites. */
  readonly path: string;
}

const podsPerService = 2;

/** Pods for each Service of the manifests, in the private subnets. */
export const podsFor = (objects: readonly KubeObject[]): readonly Pod[] =>
  objects
    .filter(({ kind }) => kind === 'Service')
    .flatMap((service, index) =>
      Array.from({ length: podsPerService }, (_, pod) => ({
        service: service.metadata.name,
        address: `10.0.${48 + 16 * (index % 3)}.${100 + 10 * index + pod + 1}`,
        ports: portsOf(service),
      })),
    );

const portsOf = (service: KubeObject & { readonly spec?: { readonly ports?: readonly Partial<ServicePort>[] } }) =>
  (service.spec?.ports ?? []).map(({ name = '', protocol = 'TCP', targetPort = 0 }) => ({
    name,
    protocol,
    targetPort,
  }));

/** An EndpointSlice for each port of each Service. */
export const slicesFor = (namespace: string, pods: readonly Pod[]): readonly KubeObject[] =>
  [...Map.groupBy(pods, ({ service }) => service)].flatMap(([service, of]) => {
    const addresses = of.map(({ address }) => address);
    return (of[0]?.ports ?? []).map(({ name, protocol, targetPort }) =>
      endpointSlice(namespace, service, addresses, targetPort, { portName: name, suffix: name, protocol }),
    );
  });

export interface Running {
  close(): void;
}

/** Starts a server for each port of each pod. A port named `http`, `grpc` or `tls` serves that, any other TCP. */
export async function startPods(
  pods: readonly Pod[],
  mapping: string,
  certificate: Certificate,
): Promise<readonly Running[]> {
  const mappings = [parseMapping(mapping)];
  const places = pods.flatMap((pod) => pod.ports.map((port) => ({ pod, port })));
  return await Promise.all(
    places.map(async ({ pod, port: { name, protocol, targetPort } }): Promise<Running> => {
      const address = mapAddress(mappings, pod.address);
      if (protocol === 'UDP') return await startUdp(pod, address, targetPort);
      const server = serverOf(name, pod, certificate);
      await once(server.listen(targetPort, address), 'listening');
      return server;
    }),
  );
}

function serverOf(portName: string, pod: Pod, certificate: Certificate): Server {
  if (portName === 'http') return httpServer(pod);
  if (portName === 'grpc') return createHttp2Server({ name: greeting(pod) });
  return portName === 'tls'
    ? createTlsServer(certificate, (socket) => greet(socket, pod))
    : createTcpServer((socket) => greet(socket, pod));
}

const httpServer = ({ service, address }: Pod): Server =>
  createHttpServer((incoming, response) => {
    const echo: Echo = { service, pod: address, path: incoming.url ?? '' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(echo));
  });

const greeting = ({ service, address }: Pod): string => `${service} ${address}`;

function greet(socket: Socket, pod: Pod): void {
  // A health check may close its connection before it reads the greeting.
  socket.on('error', () => socket.destroy());
  socket.end(greeting(pod));
}

async function startUdp(pod: Pod, address: string, port: number): Promise<Running> {
  const socket = createSocket('udp4');
  socket.on('message', (_, client) => socket.send(greeting(pod), client.port, client.address));
  await once(socket.bind(port, address), 'listening');
  return socket;
}
