// The demo's backends in a cluster whose pods run: a Deployment for each Service of the samples. Its pods answer with the names of
// the Service and the pod.
import type { KubeObject } from './cluster/apply.ts';

const image = 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0';
const replicas = 2;

interface ServicePort {
  readonly name: string;
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
        containers: [
          {
            name: 'echo',
            image,
            env: [
              { name: 'SERVICE_NAME', value: name },
              { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              ...ports.map(portVariable),
            ],
            readinessProbe: { tcpSocket: { port: ports[0]?.targetPort }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
});

const portVariable = ({ name, targetPort }: ServicePort) => ({
  name: name === 'grpc' ? 'H2C_PORT' : 'HTTP_PORT',
  value: String(targetPort),
});
