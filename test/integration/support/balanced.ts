// Workloads behind Services of type LoadBalancer.
import type { KubeObject } from '../../../localstack/cluster/apply.ts';

export const deployment = (ns: string, name: string, pod: object, replicas = 1): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: ns },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 1, ...pod } },
  },
});

export const service = (ns: string, name: string, ports: readonly object[], more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: ns },
  spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, selector: { app: name }, ports, ...more },
});

/** Envoy answers by itself. */
const configuration = `
node: { id: envoy, cluster: test }
static_resources:
  listeners:
    - address: { socket_address: { address: 0.0.0.0, port_value: 80 } }
      filter_chains:
        - filters:
            - name: http
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: http
                access_log:
                  - name: stdout
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                      log_format: { text_format_source: { inline_string: "saw %REQ(:PATH)%\\n" } }
                http_filters:
                  - name: router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - match: { prefix: / }
                          direct_response:
                            status: 200
                            body_format:
                              text_format_source: { inline_string: "from Envoy at %REQ(:AUTHORITY)%\\n" }
`;

/** An unprivileged Envoy with a static configuration, and its Service. */
export const staticEnvoy = (ns: string): readonly KubeObject[] => [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'envoy', namespace: ns },
    data: { 'envoy.yaml': configuration },
  },
  deployment(ns, 'envoy', {
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
    },
    containers: [
      {
        name: 'envoy',
        image: 'docker.io/envoyproxy/envoy:distroless-v1.40.0',
        // Without `=`, because Envoy does not understand it.
        args: '--config-path /etc/envoy/envoy.yaml --disable-hot-restart --concurrency 1 --file-flush-interval-msec 100'.split(
          ' ',
        ),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
        volumeMounts: [
          { name: 'configuration', mountPath: '/etc/envoy' },
          { name: 'token', mountPath: '/var/run/gatehouse' },
        ],
      },
    ],
    volumes: [
      { name: 'configuration', configMap: { name: 'envoy' } },
      {
        name: 'token',
        projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'gatehouse' } }] },
      },
    ],
  }),
  service(ns, 'envoy', [{ name: 'http', port: 80 }]),
];
