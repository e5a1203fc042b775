// The workloads of NLBs: one Gateway with TCP, UDP and TLS listeners, or with HTTP and HTTPS listeners, too. Each listener of an
// NLB has its own route, Service and pods, and so has each HTTPRoute.
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { className, gatewayApi, listPath, namespace } from './workload.ts';

const firstPorts = { TCP: 9000, UDP: 5300, TLS: 8443 } as const;
type Protocol = keyof typeof firstPorts;

interface Shape {
  /** How many listeners each protocol has. */
  readonly listeners: Readonly<Record<Protocol, number>>;
  /** How many HTTPRoutes the HTTP and HTTPS listeners share. Without any, the Gateway has no such listeners. */
  readonly httpRoutes: number;
}

/** A route with its own Service. */
interface Entry {
  readonly name: string;
  readonly protocol: Protocol | 'HTTP';
  /** Its listener's; absent if it belongs to several. */
  readonly port?: number;
}

const secretName = 'tls';
const podPort = 8080;
const addresses = (index: number, pods: number): readonly string[] =>
  Array.from({ length: pods }, (_, pod) => `10.0.${48 + 16 * (pod % 3)}.${50 + index + 100 * Math.trunc(pod / 3)}`);

const transport = (protocol: Entry['protocol']) => (protocol === 'UDP' ? 'UDP' : 'TCP');

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

const gatewayName = 'connections';

const routeOf = ({ name, protocol, port }: Entry, backendRefs: readonly Backend[]): KubeObject => ({
  apiVersion: gatewayApi,
  kind: `${protocol}Route`,
  metadata: { name, namespace },
  spec: {
    parentRefs: [{ name: gatewayName, ...(port !== undefined && { sectionName: name }) }],
    ...((protocol === 'TLS' || protocol === 'HTTP') && { hostnames: [`${name}.example.com`] }),
    rules: [{ backendRefs }],
  },
});

const tls = { mode: 'Terminate', certificateRefs: [{ name: secretName }] };

const listenerOf = ({ name, protocol, port }: Entry) => ({
  name,
  protocol,
  port,
  ...(protocol === 'TLS' && { hostname: `${name}.example.com`, tls }),
});

const httpListeners = [
  { name: 'http', protocol: 'HTTP', port: 80 },
  { name: 'https', protocol: 'HTTPS', port: 443, tls },
];

function workloadOf({ listeners, httpRoutes }: Shape) {
  const own = (['TCP', 'UDP', 'TLS'] as const).flatMap((protocol) =>
    Array.from({ length: listeners[protocol] }, (_, index) => ({
      name: `${protocol.toLowerCase()}-${index}`,
      protocol,
      port: firstPorts[protocol] + index,
    })),
  );
  const web = Array.from({ length: httpRoutes }, (_, index) => ({ name: `web-${index}`, protocol: 'HTTP' as const }));
  const entries: readonly Entry[] = [...own, ...web];
  const [first, second, ...others] = entries;
  if (first === undefined || second === undefined) throw new Error('Expected two listeners');
  const gateway: KubeObject = {
    apiVersion: gatewayApi,
    kind: 'Gateway',
    metadata: { name: gatewayName, namespace },
    spec: {
      gatewayClassName: className,
      listeners: [...(httpRoutes > 0 ? httpListeners : []), ...own.map(listenerOf)],
    },
  };
  /** The first route shares its connections with the second route's Service. */
  const weighted = (share: number, other: number): KubeObject =>
    routeOf(first, [
      { name: first.name, port: 80, weight: share },
      { name: second.name, port: 80, weight: other },
    ]);
  const kinds = Map.groupBy(entries, ({ protocol }) => listPath(`${protocol.toLowerCase()}routes`));
  return {
    gateway,
    weighted,
    /** The endpoints of the first route's Service. */
    firstSlice: (pods: number): KubeObject => sliceOf(first, 0, pods),
    /** How many routes are expected, by the path of their list. */
    expectedRoutes: new Map([...kinds].map(([path, { length }]) => [path, length])),
    objects: async (): Promise<readonly KubeObject[]> => [
      await tlsSecret(namespace, secretName, ['*.example.com']),
      ...entries.map(service),
      ...entries.map((entry, index) => sliceOf(entry, index, 2)),
      gateway,
      weighted(90, 10),
      ...[second, ...others].map((entry) => routeOf(entry, [{ name: entry.name, port: 80 }])),
    ],
  };
}

export type NetworkWorkload = ReturnType<typeof workloadOf>;

export const connections = workloadOf({ listeners: { TCP: 20, UDP: 5, TLS: 5 }, httpRoutes: 0 });
export const mixed = workloadOf({ listeners: { TCP: 5, UDP: 2, TLS: 0 }, httpRoutes: 10 });
