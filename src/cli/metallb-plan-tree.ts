// A plan on MetalLB as a tree: Services, fleet, Envoy's listeners with their routes in order of precedence, and clusters.
import type { Service } from '../api/core.ts';
import { METALLB_ANNOTATION } from '../api/metallb.ts';
import type { RouteEntry } from '../gateway/topology.ts';
import type { KubeObject } from '../kube/object.ts';
import { changeWords, connectionActionWords, connectionWords, entryWords } from './entry-words.ts';
import type { MetallbPlan, PlannedOnMetallb } from './planned-on-metallb.ts';
import type { Call, PlannedCluster, PlannedConnections, PlannedPort } from './planned-ports.ts';
import { type Branch, drawn } from './tree.ts';

export function metallbPlanLines({ model, assumedSecrets }: PlannedOnMetallb): readonly string[] {
  if (model === undefined) return [];
  if (model.ports.length === 0) return ['└─ no address: no listener can be served'];
  const assumed = new Set(assumedSecrets);
  return drawn([
    ...model.services.map(serviceBranch),
    {
      lines: [`Envoys: ${fleetWords(model.fleet)}`],
      branches: [...model.ports.map((port) => portBranch(port, assumed)), ...clusterBranch(model)],
    },
  ]);
}

function serviceBranch({ metadata, spec }: Service): Branch {
  const { ports = [], externalTrafficPolicy, loadBalancerSourceRanges: ranges = [], loadBalancerClass } = spec;
  const mapping = ports
    .map(({ port, protocol, targetPort }) => `${port}${protocol === 'UDP' ? '/UDP' : ''} → ${targetPort}`)
    .join(', ');
  return {
    lines: [
      `Service ${metadata.name}: ${addressWords(metadata.annotations)}, open to ${ranges.length === 0 ? 'everyone' : ranges.join(', ')}`,
      `ports: ${mapping}`,
      ...(externalTrafficPolicy === undefined ? [] : [`externalTrafficPolicy: ${externalTrafficPolicy}`]),
      ...(loadBalancerClass === undefined ? [] : [`loadBalancerClass: ${loadBalancerClass}`]),
    ],
  };
}

function addressWords(annotations: Readonly<Record<string, string>> = {}): string {
  const { [METALLB_ANNOTATION.addresses]: addresses, [METALLB_ANNOTATION.pool]: pool } = annotations;
  const from = pool === undefined ? '' : ` of pool ${pool}`;
  return addresses === undefined ? `an address${from || ' of any pool'}` : `${addresses}${from}`;
}

interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

interface Autoscaler extends KubeObject {
  readonly spec: { readonly minReplicas: number; readonly maxReplicas: number };
}

const isDeployment = (object: KubeObject): object is Deployment => object.kind === 'Deployment';
const isAutoscaler = (object: KubeObject): object is Autoscaler => object.kind === 'HorizontalPodAutoscaler';

function fleetWords(fleet: readonly KubeObject[]): string {
  const deployment = fleet.find(isDeployment)?.spec;
  const scaled = fleet.find(isAutoscaler)?.spec;
  const count = deployment?.replicas ?? 1;
  const replicas = scaled === undefined ? `${count}` : `${scaled.minReplicas} to ${scaled.maxReplicas}`;
  const image = deployment?.template.spec.containers[0]?.image ?? '';
  return `${replicas} ${replicas === '1' ? 'replica' : 'replicas'}, ${image.replace(/@.*$/, '')}`;
}

function portBranch(planned: PlannedPort, assumed: ReadonlySet<string>): Branch {
  const { protocol, port, certificates } = planned;
  const names = certificates.map((secret) => `Secret ${secret}${assumed.has(secret) ? ' (assumed to exist)' : ''}`);
  return {
    lines: [`${protocol} :${port}`, ...(names.length === 0 ? [] : [`certificates: ${names.join(', ')}`])],
    branches:
      'entries' in planned
        ? [
            ...planned.entries.map((entry, index) => entryBranch(entry, index + 1)),
            { lines: ['otherwise → answer 404'] },
          ]
        : connectionBranches(planned.protocol, planned.connections),
  };
}

function connectionBranches(
  protocol: 'TLS' | 'TCP' | 'UDP',
  connections: readonly PlannedConnections[],
): readonly Branch[] {
  const nobody = protocol === 'UDP' ? 'dropped' : 'closed';
  const branches = connections.map(({ hostname, action, route, tlsMode }) => ({
    lines: [
      `${connectionWords(protocol, hostname)} ${connectionActionWords(action, nobody)}`,
      `${route.kind} ${route.key}${tlsMode === undefined ? '' : `, TLS ${tlsMode}`}`,
    ],
  }));
  const isWhole = connections.some(({ hostname }) => hostname === undefined);
  return isWhole ? branches : [...branches, { lines: [`otherwise → ${nobody}`] }];
}

const entryBranch = ({ source, ...entry }: RouteEntry, order: number): Branch => ({
  lines: [
    `${order}. ${entryWords(entry)}`,
    ...changeWords(entry.action),
    ...(source.kind === 'rule'
      ? [`${source.route.kind} ${source.route.key}, rule ${source.ruleName ?? source.rule}`]
      : []),
  ],
});

function clusterBranch({ clusters }: MetallbPlan): readonly Branch[] {
  if (clusters.length === 0) return [];
  const branches = clusters.map((cluster) => ({ lines: [clusterWords(cluster)] }));
  return [{ lines: ['clusters'], branches }];
}

function clusterWords(cluster: PlannedCluster): string {
  if ('route' in cluster) {
    const { route, protocol, tls = [] } = cluster;
    return `${route}: ${protocol}${tls.length === 0 ? '' : ` over ${tls.map(callWords).join(', ')}`}`;
  }
  const { service, port, protocol, tls } = cluster;
  const secured = tls === undefined ? '' : ` over ${callWords(tls)}`;
  return `Service ${service}:${port}: ${protocol}${secured}`;
}

const callWords = ({ policy, serverName }: Call): string => `TLS to ${serverName} (BackendTLSPolicy ${policy})`;
