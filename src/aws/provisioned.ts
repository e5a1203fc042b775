// What exists in AWS for a Gateway, for its status: addresses, ports, and what is still missing.

import type { GatewayAddress } from '../api/gateway-api.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { Provisioned } from '../status/serving.ts';
import { hasHash } from './diff/tags.ts';
import { isAnnounced, isComing, takenOverAt } from './handover.ts';
import type { LoadBalancerResource, Model } from './model/resources.ts';
import { isNetworkLoadBalancer } from './network-arn.ts';
import { type OwnedListener, type OwnedLoadBalancer, type OwnedResource, TAG } from './observed.ts';
import { serverWords, waitingFor } from './words.ts';

const serves = (loadBalancer: OwnedLoadBalancer | undefined): loadBalancer is OwnedLoadBalancer =>
  loadBalancer?.state === 'active' || loadBalancer?.state === 'active_impaired';

/**
 * @param model absent if the existing resources stay as they are
 * @param owned the Gateway's existing resources
 * @param announced the addresses in its status
 */
export function provisioned(
  model: Model | undefined,
  owned: readonly OwnedResource[],
  announced: readonly string[] = [],
): Provisioned {
  const loadBalancers = owned.filter((resource) => resource.kind === 'load-balancer');
  const wanted = (model?.resources ?? []).filter((resource) => resource.kind === 'load-balancer');
  const shown = shownOf(model, wanted, owned, announced);
  const states = wanted.map(({ id }) => loadBalancers.find((each) => each.id === id)?.state);
  const waiting =
    (model === undefined || wanted.length === 0 ? [shown?.state] : states)
      .map(waitingFor)
      .find((words) => words !== '') ?? '';
  const existing = new Set(owned.map(({ id }) => id));
  const absent = (model?.resources ?? []).filter(({ kind, id }) => kind === 'listener' && !existing.has(id));
  const servers = new Map(serves(shown) ? serversOf(model, shown, owned) : []);
  return {
    addresses: shown === undefined ? [] : addressesOf(shown),
    ports: new Set(servers.keys()),
    servers,
    replacing: shown !== undefined && wanted.length > 0 && shown.id !== frontOf(wanted)?.id,
    admits: model !== undefined && admits(model, owned),
    waiting,
    complete: model !== undefined && waiting === '' && absent.length === 0,
  };
}

/**
 * The load balancer that clients are sent to: the NLB, if there is one. While a replacement is being made, or its targets are
 * not healthy yet, clients must still find the old one.
 */
function shownOf(
  model: Model | undefined,
  wanted: readonly LoadBalancerResource[],
  owned: readonly OwnedResource[],
  announced: readonly string[],
): OwnedLoadBalancer | undefined {
  const front = frontOf(wanted);
  const all = owned.filter((resource) => resource.kind === 'load-balancer');
  const current = all.find(({ id }) => id === front?.id);
  // An ALB that only the NLB reaches was never what clients are sent to.
  const staying = new Set(wanted.map(({ id }) => id).filter((id) => id !== front?.replaces));
  const [old] = all
    .filter((each) => serves(each) && !staying.has(each.id))
    .filter((each) => !serves(current) || isAnnounced(announced, each) || !(TAG.replaced in each.tags))
    .toSorted((a, b) => rank(b, announced) - rank(a, announced));
  if (!serves(current)) return old ?? current;
  // Once the address has moved, it never goes back because of one more group that is not healthy yet.
  if (old === undefined || takenOverAt(current) !== undefined || isAnnounced(announced, current)) return current;
  const ports = new Set(listenersOf(old.arn, owned).map(({ port }) => port));
  return covers(model, current, ports, owned) && isProven(model, current, ports, owned) ? current : old;
}

const frontOf = (wanted: readonly LoadBalancerResource[]): LoadBalancerResource | undefined =>
  wanted.find(({ spec }) => spec.type === 'network') ?? wanted[0];

/** Clients stay with the address in the status. Without a status, a load balancer that has been replaced comes last. */
const rank = (loadBalancer: OwnedLoadBalancer, announced: readonly string[]): number => {
  if (isAnnounced(announced, loadBalancer)) return 4;
  if (TAG.replaced in loadBalancer.tags) return 0;
  if (!isNetworkLoadBalancer(loadBalancer.arn)) return 2;
  return isComing(loadBalancer) ? 1 : 3;
};

/** Whether the load balancer has its listeners for the ports of the old one. */
function covers(
  model: Model | undefined,
  current: OwnedLoadBalancer,
  ports: ReadonlySet<number>,
  owned: readonly OwnedResource[],
): boolean {
  const present = new Set(listenersOf(current.arn, owned).map(({ id }) => id));
  return (model?.resources ?? [])
    .filter((each) => each.kind === 'listener')
    .every(({ id, loadBalancer, spec }) => loadBalancer !== current.id || !ports.has(spec.port) || present.has(id));
}

/**
 * Whether the target groups that an NLB forwards to may have connections. A port that the old load balancer does not have
 * delays nothing, because clients lose nothing there.
 */
function isProven(
  model: Model | undefined,
  { arn }: OwnedLoadBalancer,
  ports: ReadonlySet<number>,
  owned: readonly OwnedResource[],
): boolean {
  const groups = owned.filter((resource) => resource.kind === 'target-group');
  const unchecked = new Set(
    (model?.resources ?? []).flatMap((each) => (each.kind === 'target-group' && each.unchecked ? each.id : [])),
  );
  return listenersOf(arn, owned)
    .filter(({ port }) => ports.has(port))
    .flatMap(({ forwards }) => forwards)
    .every(({ arn: group, weight }) => {
      const found = groups.find((each) => each.arn === group);
      return weight === 0 || found?.proven !== false || (found.registered === true && unchecked.has(found.id));
    });
}

const listenersOf = (loadBalancer: string, owned: readonly OwnedResource[]): readonly OwnedListener[] =>
  owned.filter((each) => each.kind === 'listener').filter((each) => each.loadBalancerArn === loadBalancer);

const addressesOf = ({ addresses, dnsName }: OwnedLoadBalancer): readonly GatewayAddress[] =>
  addresses === undefined
    ? [{ type: 'Hostname', value: dnsName }]
    : addresses.toSorted().map((value) => ({ type: 'IPAddress', value }));

/** What a listener of this protocol may serve. To an NLB a TLS port that passes through is TCP, and an ALB's HTTP port, too. */
const served: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['http'],
  HTTPS: ['http'],
  TCP: ['tcp', 'tls', 'http'],
  UDP: ['udp'],
  TCP_UDP: ['tcp', 'udp'],
  TLS: ['tls'],
};

/** What serves each port, in words. */
function serversOf(
  model: Model | undefined,
  shown: OwnedLoadBalancer,
  owned: readonly OwnedResource[],
): readonly (readonly [PortKey, string])[] {
  const behind = owned
    .filter((each) => each.kind === 'load-balancer')
    .filter((each) => serves(each) && each.arn !== shown.arn)
    .flatMap((each) => listenersOf(each.arn, owned).map(({ port }) => [port, each] as const));
  const applications = new Map(behind);
  const desired = new Map(
    (model?.resources ?? []).flatMap((each) => (each.kind === 'listener' ? [[each.id, each]] : [])),
  );
  return listenersOf(shown.arn, owned).flatMap(({ id, port, protocol }) => {
    const wanted = desired.get(id)?.spec.protocol;
    if (wanted !== undefined && (wanted === 'TLS') !== (protocol === 'TLS')) return [];
    const application = protocol === 'TCP' ? applications.get(port) : undefined;
    return (served[protocol] ?? [])
      .filter((kind) => protocol !== 'TCP' || kind !== 'http' || application !== undefined)
      .map((kind) => [`${kind}/${port}`, serverWords(shown, kind === 'http' ? application : undefined)] as const);
  });
}

/** For security groups of users, the users decide whom to admit. */
const admits = ({ resources }: Model, owned: readonly OwnedResource[]): boolean =>
  resources
    .filter((resource) => resource.kind === 'security-group')
    .every((group) => group.ingress.length === 0 || isSet(group, owned));

/** A group's tag is written after its rules. */
const isSet = (
  { id, ingress }: Extract<Model['resources'][number], { kind: 'security-group' }>,
  owned: readonly OwnedResource[],
): boolean => owned.some((group) => group.id === id && hasHash(group.tags, 'ingress', ingress));
