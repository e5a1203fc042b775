// The objects in Kubernetes that run the Envoys of one Gateway.
import type { KubeObject } from '../../kube/object.ts';
import { configurationFiles } from './bootstrap.ts';
import { deployment, podLabels } from './deployment.ts';
import type { FleetOptions } from './options.ts';
import { ownerReference } from './owner.ts';

type FleetObject = KubeObject & Readonly<Record<string, unknown>>;

/** In the order in which they are needed. */
export function fleetObjects(options: FleetOptions): readonly KubeObject[] {
  const metadata = metadataOf(options);
  const configMap: FleetObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: configurationFiles(options.ads),
  };
  return [
    serviceAccount(metadata),
    configMap,
    deployment(metadata, options),
    disruptionBudget(metadata, options),
    ...autoscaler(metadata, options),
  ];
}

function metadataOf({ gateway, name, labels, annotations }: FleetOptions): KubeObject['metadata'] {
  return {
    namespace: gateway.namespace,
    name,
    labels,
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ownerReferences: [ownerReference(gateway)],
  };
}

/** It may do nothing. The pods' token is for the configuration service only. */
const serviceAccount = (metadata: KubeObject['metadata']): FleetObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata,
  automountServiceAccountToken: false,
});

const disruptionBudget = (metadata: KubeObject['metadata'], options: FleetOptions): FleetObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata,
  spec: {
    maxUnavailable: 1,
    selector: { matchLabels: podLabels(options) },
    // An Envoy that does not serve holds no node.
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  },
});

function autoscaler(metadata: KubeObject['metadata'], { name, settings }: FleetOptions): readonly FleetObject[] {
  if (settings.autoscaling === undefined) return [];
  const { minReplicas, maxReplicas, targetCPUUtilizationPercentage: averageUtilization } = settings.autoscaling;
  return [
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas,
        maxReplicas,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
      },
    },
  ];
}
