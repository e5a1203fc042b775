// Chooses a pod's node: of the allowed nodes, the one with the fewest pods of its owner, then the fewest pods. Pure.
import type { Node, NodeAffinity, Pod, Requirement, Taint, Toleration } from './objects.ts';

export type Decision =
  | { readonly kind: 'node'; readonly name: string }
  /** If there is no node: the reason, in the scheduler's words. */
  | { readonly kind: 'none'; readonly message: string };

/** @param pods all pods; only those on nodes count */
export function chooseNode(pod: Pod, nodes: readonly Node[], pods: readonly Pod[]): Decision {
  const fitting = nodes.filter((node) => mayRunOn(pod, node));
  const owner = ownerOf(pod);
  const load = ({ metadata: { name } }: Node): readonly [siblings: number, all: number] => {
    const there = pods.filter(({ spec, status }) => spec.nodeName === name && !isOver(status?.phase));
    return [there.filter((other) => owner !== undefined && ownerOf(other) === owner).length, there.length];
  };
  const [best] = fitting
    .map((node) => ({ name: node.metadata.name, load: load(node) }))
    .toSorted((a, b) => a.load[0] - b.load[0] || a.load[1] - b.load[1] || a.name.localeCompare(b.name));
  if (best) return { kind: 'node', name: best.name };
  return {
    kind: 'none',
    message: `0/${nodes.length} nodes are available: none fits the pod's node selector and tolerations`,
  };
}

export const isOver = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

const ownerOf = ({ metadata }: Pod): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller)?.uid;

const notReady = 'node.kubernetes.io/not-ready';

/** The API server taints a new node; the controller manager removes the taint when the node is Ready. */
export const isReady = (node: Node | undefined): boolean =>
  node !== undefined && saysReady(node) && !(node.spec?.taints ?? []).some(({ key }) => key === notReady);

const saysReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;

function mayRunOn({ spec }: Pod, place: Node): boolean {
  const { metadata, spec: node = {} } = place;
  const labels = metadata.labels ?? {};
  const cordoned: readonly Taint[] = node.unschedulable
    ? [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]
    : [];
  const taints = [...(node.taints ?? []), ...cordoned].filter(({ effect }) => effect !== 'PreferNoSchedule');
  return (
    saysReady(place) &&
    taints.every((taint) => spec.tolerations?.some((toleration) => tolerates(toleration, taint))) &&
    Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value) &&
    hasAffinity(spec.affinity?.nodeAffinity, metadata.name, labels)
  );
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
const tolerates = ({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean =>
  (effect === undefined || effect === taint.effect) &&
  (key === undefined || key === taint.key) &&
  (operator === 'Exists' || value === (taint.value ?? ''));

/** Terms are alternatives. All requirements of a term must match. */
function hasAffinity(
  affinity: NodeAffinity | undefined,
  name: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required === undefined) return true;
  return required.nodeSelectorTerms.some(
    ({ matchExpressions = [], matchFields = [] }) =>
      matchExpressions.every((requirement) => holds(requirement, labels[requirement.key])) &&
      matchFields.every((requirement) => holds(requirement, name)),
  );
}

function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return false;
  }
}
