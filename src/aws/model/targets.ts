// The targets of a target group: a backend's endpoints, or the nodes in front of them.
import type { Endpoint, EndpointSlice, Node } from '../../api/core.ts';
import { canonicalAddress } from './addresses.ts';
import type { TargetBackend } from './backends.ts';
import { hash } from './hash.ts';
import type { TargetSelection } from './resources.ts';

export interface Target {
  /** An IP address or an instance id. */
  readonly id: string;
  readonly port: number;
}

/** A target, and where it is in Kubernetes. */
export interface Member extends Target {
  /** The name of its Node. */
  readonly node?: string;
}

/** Sorted, without duplicates. @param slices of the backend's Service. @param nodes all nodes of the cluster */
export function desiredTargets(
  group: TargetSelection,
  slices: readonly EndpointSlice[],
  nodes: readonly Node[],
): readonly Member[] {
  if (group.backend === undefined) return [];
  const serving = servingEndpoints(group.backend, slices);
  const targets =
    group.spec.targetType === 'ip' ? serving.flatMap(podTargets) : nodeTargets(group.backend, serving, nodes);
  const unique = new Map(targets.map((target) => [`${target.id} ${target.port}`, target]));
  return [...unique.values()].toSorted((a, b) => (a.id === b.id ? a.port - b.port : a.id < b.id ? -1 : 1));
}

/** Equal exactly if the targets are equal. */
export function targetsHash(targets: readonly Target[]): string {
  return hash(targets.map(({ id, port }) => [id, port])).slice(0, 32);
}

interface ServingEndpoint {
  readonly endpoint: Endpoint;
  /** Its name in the Service. */
  readonly name: string;
  readonly port: number;
}

/** The ready endpoints. If there are none, terminating endpoints that still serve, like kube-proxy. */
function servingEndpoints(backend: TargetBackend, slices: readonly EndpointSlice[]): readonly ServingEndpoint[] {
  const endpoints = endpointsOf(backend, slices);
  // "In most cases consumers should interpret this unknown state as ready": EndpointConditions.
  const ready = endpoints.filter(({ endpoint }) => endpoint.conditions?.ready !== false);
  if (ready.length > 0) return ready;
  return endpoints.filter(
    ({ endpoint: { conditions } }) => conditions?.serving === true && conditions.terminating === true,
  );
}

function endpointsOf(
  { transport, portName, ipFamily }: TargetBackend,
  slices: readonly EndpointSlice[],
): readonly ServingEndpoint[] {
  const ofFamily = slices.filter(({ addressType }) => addressType === ipFamily);
  const named = (protocol: 'TCP' | 'UDP') => portsOf(ofFamily, protocol).filter(({ name }) => name === portName);
  if (transport !== 'TCP_UDP') return named(transport ?? 'TCP');
  // The two ports of a Service have different names. A target has one number for both protocols.
  const addressesOf = ({ endpoint, port }: ServingEndpoint) => endpoint.addresses.map((each) => `${each} ${port}`);
  const udp = new Set(portsOf(ofFamily, 'UDP').flatMap(addressesOf));
  return named('TCP').filter((each) => addressesOf(each).every((address) => udp.has(address)));
}

const portsOf = (slices: readonly EndpointSlice[], transport: 'TCP' | 'UDP'): readonly ServingEndpoint[] =>
  slices.flatMap(({ ports, endpoints }) =>
    (ports ?? [])
      .filter(({ protocol }) => (protocol ?? 'TCP') === transport)
      .flatMap(({ name, port }) =>
        (endpoints ?? []).flatMap((endpoint) => (port === undefined ? [] : [{ endpoint, name: name ?? '', port }])),
      ),
  );

const podTargets = ({ endpoint: { addresses, nodeName }, port }: ServingEndpoint): readonly Member[] =>
  addresses.map((address) => ({
    id: canonicalAddress(address),
    port,
    ...(nodeName !== undefined && { node: nodeName }),
  }));

/**
 * With externalTrafficPolicy Local, only nodes that have an endpoint. The slices show this at once, but a health check only after some
 * failed requests.
 */
function nodeTargets(
  backend: TargetBackend,
  serving: readonly ServingEndpoint[],
  nodes: readonly Node[],
): readonly Member[] {
  const port = backend.nodePort;
  if (port === undefined) return [];
  const hosts = new Set(serving.map(({ endpoint }) => endpoint.nodeName));
  const meant = nodes.filter((node) => takesTraffic(node) && (!backend.local || hosts.has(node.metadata.name)));
  const staying = meant.filter((node) => !isLeaving(node));
  // If all nodes are leaving, they serve until others are there, like terminating endpoints.
  return (staying.length > 0 ? staying : meant).flatMap((node) => instanceId(node) ?? []).map((id) => ({ id, port }));
}

/** A cordoned node accepts no new pods, but its node ports still serve. */
function takesTraffic({ metadata: { labels }, status }: Node): boolean {
  return (
    labels?.['node.kubernetes.io/exclude-from-external-load-balancers'] === undefined &&
    labels?.['eks.amazonaws.com/compute-type'] !== 'fargate' &&
    (status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True')
  );
}

/**
 * These tools taint a node before they remove it: Cluster Autoscaler, Karpenter (the second key until its v1), and AWS Node Termination
 * Handler for an interrupted spot instance, or one that its Auto Scaling group terminates.
 */
const leavingTaints: ReadonlySet<string> = new Set([
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'aws-node-termination-handler/spot-itn',
  'aws-node-termination-handler/asg-lifecycle-termination',
]);

/** A leaving node gets no new requests. Its open requests end while it drains. */
const isLeaving = ({ metadata, spec }: Node): boolean =>
  metadata.deletionTimestamp !== undefined || (spec.taints ?? []).some(({ key }) => leavingTaints.has(key));

/** Undefined if the node is not an EC2 instance. */
function instanceId({ spec }: Node): string | undefined {
  return /^aws:\/\/\/[^/]+\/(i-[0-9a-f]+)$/.exec(spec.providerID ?? '')?.[1];
}
