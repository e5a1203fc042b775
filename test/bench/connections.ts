// The workload of an NLB: one Gateway with TCP, UDP and TLS listeners. Each listener has its own route, Service and pods.
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { className, gatewayApi, listPath, namespace } from './workload.ts';

type Protocol = 'TCP' | 'UDP' | 'TLS';

/** How many listeners each protocol has, and the port of the first. */
const protocols: Readonly<Record<Protocol, { readonly listeners: number; readonly firstPort: number }>> = {
  TCP: { listeners: 20, firstPort: 9000 },
  UDP: { listeners: 5, firstPort: 5300 },
  TLS: { listeners: 5, firstPort: 8443 },
};

interface Entry {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

const entries: readonly Entry[] = (['TCP', 'UDP', 'TLS'] as const).flatMap((protocol) =>
  Array.from({ length: protocols[protocol].listeners }, (_, index) => ({
    name: `${protocol.toLowerCase()}-${index}`,
    protocol,
    port: protocols[protocol].firstPort + index,
  })),
);

/** How many routes are expected, by the path of their list. */
export const expectedRoutes: ReadonlyMap<string, number> = new Map(
  Object.entries(protocols).map(([protocol, { listeners }]) => [
    listPath(`${protocol.toLowerCase()}routes`),
    listeners,
  ]),
);

const secretName = 'tls';
const podPort = 8080;
const addresses = (index: number, pods: number): readonly string[] =>
  Array.from({ length: pods }, (_, pod) => `10.0.${48 + 16 * (pod % 3)}.${50 + index + 100 * Math.trunc(pod / 3)}`);

const transport = (protocol: Protocol) => (protocol === 'UDP' ? 'UDP' : 'TCP');

const service = ({ name, protocol }: Entry): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { ports: [{ name: 'main', port: 80, targetPort: podPort, protocol: transport(protocol) }] },
});

const sliceOf = ({ name, protocol }: Entry, index: number, pods: number): KubeObject =>
  endpointSlice(namespace, name, addresses(index, pods), podPort, { portName: 'main', protocol: transport(protocol) });

interface Backend {
  readonly name: string;
  readonly port: number;
  readonly weight?: number;
}

const routeOf = ({ name, protocol }: Entry, backendRefs: readonly Backend[]): KubeObject => ({
  apiVersion: gatewayApi,
  kind: `${protocol}Route`,
  metadata: { name, namespace },
  spec: {
    parentRefs: [{ name: 'connections', sectionName: name }],
    ...(protocol === 'TLS' && { hostnames: [`${name}.example.com`] }),
    rules: [{ backendRefs }],
  },
});

const [first, second] = entries;
if (first === undefined || second === undefined) throw new Error('Expected two listeners');

/** The first route shares its connections with the second route's Service. */
export const weighted = (own: number, other: number): KubeObject =>
  routeOf(first, [
    { name: first.name, port: 80, weight: own },
    { name: second.name, port: 80, weight: other },
  ]);

/** The endpoints of the first route's Service. */
export const firstSlice = (pods: number): KubeObject => sliceOf(first, 0, pods);

export const gateway: KubeObject = {
  apiVersion: gatewayApi,
  kind: 'Gateway',
  metadata: { name: 'connections', namespace },
  spec: {
    gatewayClassName: className,
    listeners: entries.map(({ name, protocol, port }) => ({
      name,
      protocol,
      port,
      ...(protocol === 'TLS' && {
        hostname: `${name}.example.com`,
        tls: { mode: 'Terminate', certificateRefs: [{ name: secretName }] },
      }),
    })),
  },
};

export const connections = async (): Promise<readonly KubeObject[]> => [
  await tlsSecret(namespace, secretName, ['*.example.com']),
  ...entries.map(service),
  ...entries.map((entry, index) => sliceOf(entry, index, 2)),
  gateway,
  weighted(90, 10),
  ...entries.slice(1).map((entry) => routeOf(entry, [{ name: entry.name, port: 80 }])),
];
