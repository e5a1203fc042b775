// The demo's backends in a cluster whose pods run: a Deployment for each Service of the samples. Its pods answer with the names of
// the Service and the pod.
import type { KubeObject } from './cluster/apply.ts';

const image = 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0';
const replicas = 2;

interface ServicePort {
  readonly name: string;
  readonly protocol?: 'TCP' | 'UDP';
  readonly targetPort: number;
}

interface Service extends KubeObject {
  readonly spec: { readonly selector: Readonly<Record<string, string>>; readonly ports: readonly ServicePort[] };
}

const isService = (object: KubeObject): object is Service => object.kind === 'Service';

export const echoPodsFor = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.filter(isService).map(deployment);

const deployment = ({ metadata: { name, namespace }, spec: { selector, ports } }: Service): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, ...(namespace !== undefined && { namespace }) },
  spec: {
    replicas,
    selector: { matchLabels: selector },
    template: {
      metadata: { labels: selector },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: ports.map((port) => container(name, port)),
        volumes: [{ name: 'certificate', secret: { secretName: 'example-com-cert' } }],
      },
    },
  },
});

/** The image serves one protocol in each container. */
const container = (service: string, { name, protocol = 'TCP', targetPort }: ServicePort) => ({
  name,
  image,
  env: [
    { name: 'SERVICE_NAME', value: service },
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ...Object.entries(variables(name, protocol, String(targetPort))).map(([variable, value]) => ({
      name: variable,
      value,
    })),
  ],
  ...(name === 'tls' && { volumeMounts: [{ name: 'certificate', mountPath: certificateFolder }] }),
  ...(protocol === 'TCP' && { readinessProbe: { tcpSocket: { port: targetPort }, periodSeconds: 1 } }),
});

const certificateFolder = '/etc/certificate';

/** @param name of the port. It says what the pods speak there; default: TCP */
function variables(name: string, protocol: 'TCP' | 'UDP', port: string): Readonly<Record<string, string>> {
  if (protocol === 'UDP') return { UDP_ECHO_SERVER: '1', UDP_PORT: port };
  switch (name) {
    case 'http':
      return { HTTP_PORT: port };
    case 'grpc':
      return { H2C_PORT: port };
    case 'tls':
      return {
        TCP_ECHO_SERVER: '1',
        TLS_PORT: port,
        TLS_SERVER_CERT: `${certificateFolder}/tls.crt`,
        TLS_SERVER_PRIV_KEY: `${certificateFolder}/tls.key`,
      };
    default:
      return { TCP_ECHO_SERVER: '1', TCP_PORT: port };
  }
}
