// The workload: Gateways with routes. Each route has its own Service.

import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { endpointSlice } from '../../localstack/environment.ts';

export const namespace = 'bench';
export const className = 'bench';
export const gatewayApi = 'gateway.networking.k8s.io/v1';

/** The namespace and the class of all Gateways. */
export const base = (targetType: 'ip' | 'instance'): readonly KubeObject[] => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  {
    apiVersion: 'gatehouse.dev/v1alpha1',
    kind: 'LoadBalancerConfiguration',
    metadata: { name: 'bench', namespace },
    spec: { scheme: 'internet-facing', targetType },
  },
  {
    apiVersion: gatewayApi,
    kind: 'GatewayClass',
    metadata: { name: className },
    spec: {
      controllerName: 'gatehouse.dev/aws',
      parametersRef: { group: 'gatehouse.dev', kind: 'LoadBalancerConfiguration', name: 'bench', namespace },
    },
  },
];

const gatewayName = (index: number): string => `gateway-${index}`;
const routeName = (gateway: number, route: number): string => `route-${gateway}-${route}`;
/** Every route has a Service of the same name. */
export const serviceName = routeName;

export const podPort = 8080;

export const gateway = (index: number): KubeObject => ({
  apiVersion: gatewayApi,
  kind: 'Gateway',
  metadata: { name: gatewayName(index), namespace },
  spec: { gatewayClassName: className, listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }] },
});

export const route = (
  gatewayIndex: number,
  index: number,
  host = `r${index}.g${gatewayIndex}.example.com`,
): KubeObject => ({
  apiVersion: gatewayApi,
  kind: 'HTTPRoute',
  metadata: { name: routeName(gatewayIndex, index), namespace },
  spec: {
    parentRefs: [{ name: gatewayName(gatewayIndex) }],
    hostnames: [host],
    rules: [{ backendRefs: [{ name: routeName(gatewayIndex, index), port: 80 }] }],
  },
});

export const service = (gatewayIndex: number, index: number, type = 'NodePort'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: routeName(gatewayIndex, index), namespace },
  spec: { type, ports: [{ name: 'http', port: 80, targetPort: podPort }] },
});

export const sliceOf = (name: string, addresses: readonly string[]): KubeObject =>
  endpointSlice(namespace, name, addresses, podPort, { portName: 'http' });

export const slice = (gatewayIndex: number, index: number, pods: number): KubeObject =>
  sliceOf(
    routeName(gatewayIndex, index),
    Array.from({ length: pods }, (_, pod) => `10.0.${48 + 16 * (pod % 3)}.${50 + index + 100 * Math.trunc(pod / 3)}`),
  );

/** `gateways` × `routes`, with all objects that they refer to. */
export function workload(gateways: number, routes: number): readonly KubeObject[] {
  const indexes = Array.from({ length: gateways }, (_, index) => index);
  const each = <T>(make: (gateway: number, route: number) => T): readonly T[] =>
    indexes.flatMap((gatewayIndex) => Array.from({ length: routes }, (_, index) => make(gatewayIndex, index)));
  return [...each((g, r) => service(g, r)), ...each((g, r) => slice(g, r, 2)), ...indexes.map(gateway), ...each(route)];
}

export interface WithConditions extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly parents?: readonly {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    }[];
  };
}
export interface List {
  readonly items: readonly WithConditions[];
}

export const listPath = (plural: string): string => `/apis/${gatewayApi}/namespaces/${namespace}/${plural}`;
export const gatewaysPath = listPath('gateways');
export const isTrue = (type: string) => (condition: { readonly type: string; readonly status: string }) =>
  condition.type === type && condition.status === 'True';
