// Which pods an Envoy uses, by the hints of EndpointSlices: those of its own node, or of its zone. Kubernetes writes hints if the
// Service has a trafficDistribution. As kube-proxy does it:
// https://github.com/kubernetes/kubernetes/blob/master/pkg/proxy/topology.go
import type { Endpoint } from '../../api/core.ts';
import type { Location } from '../snapshot.ts';

export interface Hinted {
  readonly hints?: Endpoint['hints'];
}

type HintKind = keyof NonNullable<Endpoint['hints']>;

/** All of them, if a pod has no hint, or if none is for the Envoy. */
export const nearest = <T extends Hinted>(pods: readonly T[], { node, zone }: Location): readonly T[] =>
  only(pods, 'forNodes', node) ?? only(pods, 'forZones', zone) ?? pods;

function only<T extends Hinted>(pods: readonly T[], kind: HintKind, place: string | undefined) {
  if (place === undefined || pods.some(({ hints }) => (hints?.[kind] ?? []).length === 0)) return undefined;
  const near = pods.filter(({ hints }) => hints?.[kind]?.some(({ name }) => name === place));
  return near.length > 0 ? near : undefined;
}
