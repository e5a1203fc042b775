// Builders of users' objects, with the defaults of most tests.
import type { KubeObject } from '../../../localstack/cluster/apply.ts';
import type { Listener, ParentReference } from '../../../src/api/gateway-api.ts';

type Fields = Readonly<Record<string, unknown>>;

const gatewayApi = 'gateway.networking.k8s.io/v1';
const controllerName = 'gatehouse.dev/aws';

export const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

export const gatewayClass = (name: string, spec: Fields = {}): KubeObject => ({
  apiVersion: gatewayApi,
  kind: 'GatewayClass',
  metadata: { name },
  spec: { controllerName, ...spec },
});

export const http = (fields: Partial<Listener> = {}): Listener => ({
  name: 'http',
  protocol: 'HTTP',
  port: 80,
  ...fields,
});

/** @param secrets the names of its TLS Secrets */
export const https = (secrets: readonly string[], fields: Partial<Listener> = {}): Listener => ({
  name: 'https',
  protocol: 'HTTPS',
  port: 443,
  tls: { mode: 'Terminate', certificateRefs: secrets.map((name) => ({ name })) },
  ...fields,
});

/** A Gateway of the rig's class; default: one HTTP listener on port 80. */
export const gateway = (
  ns: string,
  name: string,
  listeners: readonly Listener[] = [http()],
  spec: Fields = {},
): KubeObject => ({
  apiVersion: gatewayApi,
  kind: 'Gateway',
  metadata: { name, namespace: ns },
  spec: { gatewayClassName: 'aws', listeners, ...spec },
});

/** @param parent a Gateway of the same namespace by name, or a whole parentRef */
export const listenerSet = (
  ns: string,
  name: string,
  parent: string | { readonly name: string; readonly namespace?: string },
  listeners: readonly Listener[],
): KubeObject => ({
  apiVersion: gatewayApi,
  kind: 'ListenerSet',
  metadata: { name, namespace: ns },
  spec: {
    parentRef: {
      group: 'gateway.networking.k8s.io',
      kind: 'Gateway',
      ...(typeof parent === 'string' ? { name: parent } : parent),
    },
    listeners,
  },
});

/** A reference to a Service on port 80. */
export const backendRef = (name: string, fields: Fields = {}): Fields => ({ name, port: 80, ...fields });

/**
 * @param parents names of Gateways of the same namespace, or whole parentRefs
 * @param rules as in the spec; a string means a rule that sends everything to that Service
 */
export const httpRoute = (
  ns: string,
  name: string,
  parents: readonly (string | ParentReference)[],
  rules: readonly (string | Fields)[],
  spec: Fields = {},
): KubeObject => ({
  apiVersion: gatewayApi,
  kind: 'HTTPRoute',
  metadata: { name, namespace: ns },
  spec: {
    parentRefs: parents.map((parent) => (typeof parent === 'string' ? { name: parent } : parent)),
    rules: rules.map((rule) => (typeof rule === 'string' ? { backendRefs: [backendRef(rule)] } : rule)),
    ...spec,
  },
});

/** TLS to the Service of the same name, as `NAME.example.com`. @param spec of ConfigMap `ca` by default */
export const backendTlsPolicy = (ns: string, name: string, spec: Fields = {}): KubeObject => ({
  apiVersion: gatewayApi,
  kind: 'BackendTLSPolicy',
  metadata: { name, namespace: ns },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name }],
    validation: {
      caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
      hostname: `${name}.example.com`,
    },
    ...spec,
  },
});

/** A TCPRoute, UDPRoute or TLSRoute. @param backends Services with their weights, on port 80 */
export const connectionRoute = (
  protocol: 'TCP' | 'UDP' | 'TLS',
  ns: string,
  name: string,
  parentRefs: readonly ParentReference[],
  backends: Readonly<Record<string, number>>,
  spec: Fields = {},
): KubeObject => ({
  apiVersion: gatewayApi,
  kind: `${protocol}Route`,
  metadata: { name, namespace: ns },
  spec: {
    parentRefs,
    rules: [{ backendRefs: Object.entries(backends).map(([backend, weight]) => backendRef(backend, { weight })) }],
    ...spec,
  },
});

export const grpcRoute = (...route: Parameters<typeof httpRoute>): KubeObject => ({
  ...httpRoute(...route),
  kind: 'GRPCRoute',
});

/** A Service with one port, `http`, 80 → 8080. */
export const service = (ns: string, name: string, spec: Fields = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: ns },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
});

/** Allows objects of `kind` in namespace `from` to use the Services (or whatever `to` names) of namespace `ns`. */
export const referenceGrant = (
  ns: string,
  from: string,
  kind: 'HTTPRoute' | 'Gateway' | 'ListenerSet' = 'HTTPRoute',
  to: Fields = { group: '', kind: 'Service' },
): KubeObject => ({
  // The version that every supported release of the Gateway API serves.
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: { name: `from-${from}`, namespace: ns },
  spec: { from: [{ group: 'gateway.networking.k8s.io', kind, namespace: from }], to: [to] },
});

export const loadBalancerConfiguration = (ns: string, name: string, spec: Fields): KubeObject => ({
  apiVersion: 'gatehouse.dev/v1alpha1',
  kind: 'LoadBalancerConfiguration',
  metadata: { name, namespace: ns },
  spec,
});

/** A parametersRef: without a namespace for a Gateway, with a namespace for a GatewayClass. */
export const parametersRef = (name: string, ns?: string): Fields => ({
  group: 'gatehouse.dev',
  kind: 'LoadBalancerConfiguration',
  name,
  ...(ns !== undefined && { namespace: ns }),
});
