// What exists in AWS for a Gateway, for its status: addresses, ports, and what is still missing.

import { listenerPort } from '../gateway/listener-protocols.ts';
import type { Provisioned } from '../status/serving.ts';
import { hasHash } from './diff/tags.ts';
import type { Model } from './model/resources.ts';
import type { OwnedResource } from './observed.ts';
import { waitingFor } from './words.ts';

const serves = (state: string | undefined): boolean => state === 'active' || state === 'active_impaired';

/**
 * @param model absent if the existing resources stay as they are
 * @param owned the Gateway's existing resources
 */
export function provisioned(model: Model | undefined, owned: readonly OwnedResource[]): Provisioned {
  const loadBalancers = owned.filter((resource) => resource.kind === 'load-balancer');
  const listeners = owned.filter((resource) => resource.kind === 'listener');
  const desired = model?.resources.find((resource) => resource.kind === 'load-balancer');
  const current = loadBalancers.find(({ id }) => id === desired?.id);
  // While a replacement is being made, clients must still find the old load balancer.
  const shown =
    current && serves(current.state) ? current : (loadBalancers.find(({ state }) => serves(state)) ?? current);
  const ports = serves(shown?.state)
    ? listeners
        .filter(({ loadBalancerArn }) => loadBalancerArn === shown?.arn)
        .map(({ port }) => listenerPort('HTTP', port))
    : [];
  const waiting = waitingFor((desired ? current : shown)?.state);
  const existing = new Set(owned.map(({ id }) => id));
  const absent = (model?.resources ?? []).filter(({ kind, id }) => kind === 'listener' && !existing.has(id));
  return {
    addresses: shown ? [{ type: 'Hostname', value: shown.dnsName }] : [],
    ports: new Set(ports),
    admits: model !== undefined && admits(model, owned),
    waiting,
    complete: model !== undefined && waiting === '' && absent.length === 0,
  };
}

/** A group's tag is written after its rules. For security groups of users, the users decide whom to admit. */
function admits({ resources }: Model, owned: readonly OwnedResource[]): boolean {
  const groups = resources.filter((resource) => resource.kind === 'security-group');
  return groups
    .filter(({ ingress }) => ingress.length > 0)
    .every(({ id, ingress }) => owned.some((group) => group.id === id && hasHash(group.tags, 'ingress', ingress)));
}
