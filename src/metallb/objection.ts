// Whether MetalLB would give addresses to a Service, by the rules of its allocator. So a Service that has an address is never
// changed in a way that takes the address from it, and a Gateway's status says why an address cannot be had.
import type { Service } from '../api/core.ts';
import { METALLB_ANNOTATION } from '../api/metallb.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { avoids, exclusion, hasAddress, poolOf } from './pools.ts';
import type { AddressWorld, MetallbWorld } from './world.ts';

export type Objection =
  | { readonly kind: 'no-pools' }
  | { readonly kind: 'pool-missing'; readonly pool: string }
  | { readonly kind: 'not-in-pools'; readonly address: string }
  /** The pool has `avoidBuggyIPs`. */
  | { readonly kind: 'avoided'; readonly address: string; readonly pool: string }
  /** Its `serviceAllocation` names other namespaces, or other labels. */
  | { readonly kind: 'pool-excludes'; readonly pool: string; readonly by: 'namespace' | 'labels' }
  | { readonly kind: 'of-other-pool'; readonly address: string; readonly pool: string; readonly wanted: string }
  | Taken;

/** Another Service has the address. */
export interface Taken {
  readonly kind: 'taken';
  readonly address: string;
  /** Absent if it is of another namespace, which may belong to another team. */
  readonly service?: ObjectKey;
  /** Why the two Services can't share it: a port that both have, different selectors with the policy Local, or no common key. */
  readonly because: 'key' | 'policy' | { readonly port: string };
}

/**
 * @param addresses those that the Service is to have, or has. Empty for any
 * @returns the first objection; undefined if there is none, or if MetalLB's kinds are not installed
 */
export function objectionTo(
  addresses: readonly string[],
  service: Service,
  { metallb, servicesAt }: Pick<AddressWorld, 'metallb' | 'servicesAt'>,
): Objection | undefined {
  if (metallb === undefined) return undefined;
  const { pools, namespaceLabels } = metallb;
  if (pools.length === 0) return { kind: 'no-pools' };
  const wanted = service.metadata.annotations?.[METALLB_ANNOTATION.pool];
  const named = pools.find(({ metadata }) => metadata.name === wanted);
  if (wanted !== undefined && named === undefined) return { kind: 'pool-missing', pool: wanted };
  const pool = addresses.length === 0 ? named : poolOf(pools, addresses);
  if (addresses.length > 0 && pool === undefined) return outside(addresses, metallb);
  if (pool === undefined) return undefined;
  const by = exclusion(pool, service, namespaceLabels);
  if (by !== undefined) return { kind: 'pool-excludes', pool: pool.metadata.name, by };
  const taken = addresses.map((address) => takenBy(address, service, servicesAt(address))).find(Boolean);
  if (taken !== undefined || wanted === undefined || pool === named) return taken;
  return { kind: 'of-other-pool', address: addresses.join(', '), pool: pool.metadata.name, wanted };
}

function outside(addresses: readonly string[], { pools }: MetallbWorld): Objection {
  const missing = addresses.find((address) => !pools.some((pool) => hasAddress(pool, address)));
  if (missing !== undefined) return { kind: 'not-in-pools', address: missing };
  for (const address of addresses) {
    const pool = pools.find((each) => hasAddress(each, address) && avoids(each, address));
    if (pool !== undefined) return { kind: 'avoided', address, pool: pool.metadata.name };
  }
  // Each is in a pool, but no pool has them all.
  return { kind: 'not-in-pools', address: addresses.join(', ') };
}

function takenBy(address: string, service: Service, there: readonly Service[]): Taken | undefined {
  const key = objectKey(service.metadata);
  for (const other of there) {
    const name = objectKey(other.metadata);
    const because = name === key ? undefined : conflict(service, other);
    if (because === undefined) continue;
    const isNear = other.metadata.namespace === service.metadata.namespace;
    return { kind: 'taken', address, because, ...(isNear && { service: name }) };
  }
  return undefined;
}

function conflict(service: Service, other: Service): Taken['because'] | undefined {
  const sharingKey = sharingKeyOf(service);
  if (sharingKey === undefined || sharingKey === '' || sharingKey !== sharingKeyOf(other)) return 'key';
  if (backendsOf(service) !== backendsOf(other)) return 'policy';
  const taken = new Set(portsOf(other));
  const port = portsOf(service).find((each) => taken.has(each));
  return port === undefined ? undefined : { port };
}

const sharingKeyOf = ({ metadata }: Service): string | undefined =>
  metadata.annotations?.[METALLB_ANNOTATION.sharingKey];

/** With the policy Local, the nodes that announce the address follow from the backends. */
const backendsOf = ({ spec }: Service): string =>
  spec.externalTrafficPolicy === 'Local'
    ? Object.entries(spec.selector ?? {})
        .map(([label, value]) => `${label}=${value}`)
        .toSorted((a, b) => (a < b ? -1 : 1))
        .join(',')
    : '';

const portsOf = ({ spec }: Service): readonly string[] =>
  (spec.ports ?? []).map(({ protocol = 'TCP', port }) => `${protocol} ${port}`);
