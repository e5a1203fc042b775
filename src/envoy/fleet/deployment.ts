// The Deployment of a Gateway's Envoys.
import { defaultProxySettings, type ProxySettings } from '../../api/proxy-configuration.ts';
import type { KubeObject } from '../../kube/object.ts';
import { READY_PORT } from '../model/proxy-ports.ts';
import { bootstrap, CONFIGURATION_FOLDER, type Json, TOKEN_FILE, TOKEN_FOLDER } from './bootstrap.ts';
import { type FleetOptions, GATEWAY_LABEL } from './options.ts';
import { rolloutAnnotations } from './rollout.ts';
import { DRAIN_SECONDS, GRACE_SECONDS, PRE_STOP_SECONDS, READY_PROBE } from './timings.ts';

/** The distroless image's own user. */
const USER = 65_532;

const TOKEN_SECONDS = 3_600;

/** @param metadata of all objects of the fleet */
export const deployment = (
  metadata: KubeObject['metadata'],
  options: FleetOptions,
): KubeObject & { readonly spec: Json } => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { ...metadata, annotations: { ...metadata.annotations, ...rolloutOf(options) } },
  spec: {
    // The autoscaler's otherwise.
    ...(options.settings.autoscaling === undefined && { replicas: options.settings.replicas }),
    selector: { matchLabels: podLabels(options) },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: podTemplate(options),
  },
});

/** All settings but the image are the Gateway's matter. */
function rolloutOf(options: FleetOptions) {
  const { labels, annotations, settings } = options;
  const { image, service: _, ...asked } = settings;
  const alike = { ...options, name: '', labels: {}, annotations: {}, settings: { ...defaultProxySettings, image } };
  return rolloutAnnotations(podTemplate(alike), { labels, annotations, ...asked });
}

export const podLabels = ({ name }: Pick<FleetOptions, 'name'>) => ({ [GATEWAY_LABEL]: name });

function podTemplate(options: FleetOptions): Json {
  const { name, labels, settings } = options;
  const annotations = settings.podAnnotations ? options.annotations : {};
  const { priorityClassName, nodeSelector, tolerations } = settings;
  return {
    metadata: { labels, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      ...(priorityClassName !== undefined && { priorityClassName }),
      ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
      ...(tolerations.length > 0 && { tolerations }),
      topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: podLabels(options) },
        matchLabelKeys: ['pod-template-hash'],
      })),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [envoy(options)],
      volumes: [
        { name: 'configuration', configMap: { name } },
        { name: 'token', projected: { sources: [{ serviceAccountToken: tokenOf(options) }] } },
      ],
    },
  };
}

const tokenOf = ({ ads: { audience } }: FleetOptions): Json => ({
  audience,
  expirationSeconds: TOKEN_SECONDS,
  path: TOKEN_FILE,
});

function envoy({ name, settings, ads, families }: FleetOptions): Json {
  const { image, resources, logLevel } = settings;
  const flags = {
    'service-node': '$(POD_NAME)',
    'service-cluster': name,
    // In the arguments, so that a pod keeps the bootstrap it was made with while a rollout waits.
    'config-yaml': JSON.stringify(bootstrap({ ads, resources, families })),
    concurrency: String(workers(resources)),
    'log-level': logLevel,
    'drain-time-s': String(DRAIN_SECONDS),
    'drain-strategy': 'immediate',
    // Access logs are written at most a second late.
    'file-flush-interval-msec': '1000',
  };
  return {
    name: 'envoy',
    image,
    args: [...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]), '--disable-hot-restart'],
    env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
    ports: [{ name: 'metrics', containerPort: READY_PORT, protocol: 'TCP' }],
    resources,
    readinessProbe: { httpGet: { path: '/ready', port: 'metrics' }, timeoutSeconds: 2, ...READY_PROBE },
    lifecycle: { preStop: { sleep: { seconds: PRE_STOP_SECONDS } } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'configuration', mountPath: CONFIGURATION_FOLDER, readOnly: true },
      { name: 'token', mountPath: TOKEN_FOLDER, readOnly: true },
    ],
  };
}

/** Threads that serve. Envoy's own default is one for each CPU of the node, whatever the pod may use. */
function workers({ requests, limits }: ProxySettings['resources']): number {
  const cpu = limits.cpu ?? requests.cpu ?? '0';
  const cpus = cpu.endsWith('m') ? Number(cpu.slice(0, -1)) / 1_000 : Number(cpu);
  return Math.max(2, Math.ceil(cpus));
}
