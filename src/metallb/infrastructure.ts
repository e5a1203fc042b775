// The labels and annotations of a Gateway's infrastructure, for all objects that we make for it.
import type { Gateway } from '../api/gateway-api.ts';
import type { InfrastructureReserved } from './problem.ts';

type Pairs = Readonly<Record<string, string>>;

export interface Infrastructure {
  readonly labels: Pairs;
  readonly annotations: Pairs;
  readonly problems: readonly InfrastructureReserved[];
}

/** Ours win, and other controllers do what these say: an address, or a pod with more rights. */
const reservedDomains = [
  'metallb.io',
  'metallb.universe.tf',
  'gatehouse.dev',
  'gateway.networking.k8s.io',
  'kubernetes.io',
];

/** Kubernetes recommends these for everybody, save for our own value of one. */
const recommended = 'app.kubernetes.io/';
const managedBy = 'app.kubernetes.io/managed-by';

/** Also of subdomains. */
function isReserved(key: string): boolean {
  if (key.startsWith(recommended)) return key === managedBy;
  const slash = key.indexOf('/');
  const domain = slash === -1 ? '' : key.slice(0, slash).toLowerCase();
  return reservedDomains.some((each) => domain === each || domain.endsWith(`.${each}`));
}

/** Reserved keys are left out. */
export function cleanInfrastructure({ spec: { infrastructure = {} } }: Gateway): Infrastructure {
  const { labels = {}, annotations = {} } = infrastructure;
  return {
    labels: without(labels),
    annotations: without(annotations),
    problems: [...reserved('labels', labels), ...reserved('annotations', annotations)],
  };
}

const without = (pairs: Pairs): Pairs => Object.fromEntries(Object.entries(pairs).filter(([key]) => !isReserved(key)));

function reserved(name: 'labels' | 'annotations', pairs: Pairs): readonly InfrastructureReserved[] {
  const keys = Object.keys(pairs).filter(isReserved).toSorted();
  return keys.length === 0 ? [] : [{ kind: 'infrastructure-reserved', field: `infrastructure.${name}`, keys }];
}
