// The workload: routes on one Gateway of MetalLB's class, each with a hostname and a prefix of its own.
import type { KubeObject } from '../../../localstack/cluster/apply.ts';
import { deployment } from '../../integration/support/balanced.ts';
import { backendRef, gateway, gatewayClass, http, httpRoute, namespace } from '../../integration/support/objects.ts';

export const ns = 'bench';
export const gatewayName = 'bench';
const className = 'bench';
const backendPort = 3000;
/** Two Deployments, each with a Service and two pods. */
export const backends = ['blue', 'green'] as const;
export type Backend = (typeof backends)[number];

const echo = (name: string): KubeObject =>
  deployment(
    ns,
    name,
    {
      containers: [
        {
          name: 'echo',
          image: 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0',
          env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          readinessProbe: { httpGet: { path: '/health', port: backendPort }, periodSeconds: 1 },
        },
      ],
    },
    2,
  );

/** Headless, so that the nodes need no forwarder for each. */
export const serviceOf = (namespaceName: string, name: string, selector?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: namespaceName },
  spec: {
    clusterIP: 'None',
    ...(selector !== undefined && { selector: { app: selector } }),
    ports: [{ name: 'http', port: 80, targetPort: backendPort }],
  },
});

/** One Envoy, as the field measures it: all CPU of a second Envoy would be taken from the first. */
export const base: readonly KubeObject[] = [
  namespace(ns),
  {
    apiVersion: 'gatehouse.dev/v1alpha1',
    kind: 'ProxyConfiguration',
    metadata: { name: className, namespace: ns },
    spec: { replicas: 1 },
  },
  gatewayClass(className, {
    controllerName: 'gatehouse.dev/metallb',
    parametersRef: { group: 'gatehouse.dev', kind: 'ProxyConfiguration', name: className, namespace: ns },
  }),
  gateway(ns, gatewayName, [http({ allowedRoutes: { namespaces: { from: 'All' } } })], { gatewayClassName: className }),
  ...backends.flatMap((name) => [echo(name), serviceOf(ns, name, name)]),
];

export const hostOf = (index: number): string => `r${index}.example.com`;

export interface RouteOptions {
  readonly namespace?: string;
  /** The name of the Service; default: blue. */
  readonly backend?: string;
  /** What the backend gets in the header `x-bench`; default: nothing. */
  readonly mark?: string;
  readonly prefix?: string;
}

/** As gateway-api-bench has them: header filters, and a second rule for a Service that does not exist. */
export const routeOf = (
  index: number,
  { namespace: own = ns, backend = 'blue', mark, prefix = '/' }: RouteOptions = {},
): KubeObject =>
  httpRoute(
    own,
    `route-${index}`,
    [{ name: gatewayName, namespace: ns }],
    [
      {
        matches: [{ path: { type: 'PathPrefix', value: prefix } }],
        filters: [
          { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-route', value: `${index}` }] } },
          {
            type: 'ResponseHeaderModifier',
            responseHeaderModifier: { add: [{ name: 'x-served', value: `${index}` }] },
          },
        ],
        backendRefs: [
          backendRef(backend, {
            ...(mark !== undefined && {
              filters: [
                { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-bench', value: mark }] } },
              ],
            }),
          }),
        ],
      },
      {
        matches: [{ path: { type: 'PathPrefix', value: `${prefix === '/' ? '' : prefix}/missing` } }],
        backendRefs: [backendRef('missing')],
      },
    ],
    { hostnames: [hostOf(index)] },
  );

/** The slice of a Service without a selector. */
export const sliceOf = (namespaceName: string, service: string, addresses: readonly string[]): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${service}-a`, namespace: namespaceName, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: backendPort, protocol: 'TCP' }],
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
});
