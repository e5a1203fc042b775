// The statuses of a golden case that users would read after AWS has created everything.

import type { Gateway, ListenerSet, PolicyAncestorStatus, RouteParentStatus } from '../api/gateway-api.ts';
import { hashTag } from '../aws/diff/tags.ts';
import { DEFAULT_QUOTAS, type ModelOptions } from '../aws/model/options.ts';
import { placeholderNetwork } from '../aws/model/placeholder-network.ts';
import type { Model, ResourceId } from '../aws/model/resources.ts';
import type { OwnedResource } from '../aws/observed.ts';
import { provisioned } from '../aws/provisioned.ts';
import { type AwsAccepted, type AwsFacts, awsStages } from '../aws/stages.ts';
import { awsWords } from '../aws/words.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { compareStrings } from '../gateway/precedence.ts';
import { type RouteId, routeId, routeRef } from '../gateway/route-id.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { derive } from '../provider/derive.ts';
import type { Finding } from '../provider/finding.ts';
import type { Derived, Known } from '../provider/provider.ts';
import type { ProviderWords } from '../provider/words.ts';
import { findingsOf } from '../status/findings.ts';
import { attachedRoutes, gatewayStatus } from '../status/gateway-status.ts';
import { isAttached, listenerSetStatus } from '../status/listener-set-status.ts';
import { policyAncestors } from '../status/policy-status.ts';
import { routeParents } from '../status/route-status.ts';
import type { Provisioned } from '../status/serving.ts';
import { GOLDEN_DEFAULTS, GOLDEN_NOW } from './golden.ts';

export interface Statuses {
  readonly gateway: ObjectKey;
  readonly status: NonNullable<Gateway['status']>;
  /** By ListenerSet; absent if the case has none. */
  readonly listenerSets?: Readonly<Record<ObjectKey, NonNullable<ListenerSet['status']>>>;
  /** By route. */
  readonly parents: Readonly<Record<RouteId, readonly RouteParentStatus[]>>;
  /** Our entries, by BackendTLSPolicy. Absent if the case has none. */
  readonly policies?: Readonly<Record<ObjectKey, readonly PolicyAncestorStatus[]>>;
}

export interface Reported {
  readonly statuses: Statuses;
  /** The findings of all stages. */
  readonly found: readonly Finding[];
}

const options: ModelOptions = { clusterName: 'blue', clusterUid: 'uid-1', quotas: DEFAULT_QUOTAS };

/** As in a Gateway's pass: without a valid listener nothing is created. */
const facts = async ({ topology }: AwsAccepted): Promise<Known<AwsFacts>> => ({
  ...(topology.ports.length > 0 && { facts: { network: placeholderNetwork(topology) } }),
  found: [],
});

const stages = { ...awsStages(options, GOLDEN_DEFAULTS), facts };

export async function reported(input: GatewayInput): Promise<Reported> {
  const derived = await derive(stages, input);
  return statusesOf(input, derived, awsWords, provisioned(derived.model, made(derived.model)));
}

/** @param serving what serves now */
export function statusesOf(
  input: GatewayInput,
  { asked, found }: Pick<Derived<unknown>, 'asked' | 'found'>,
  words: ProviderWords,
  serving: Provisioned,
): Reported {
  const all = [...asked.found, ...found];
  const findings = findingsOf(asked, all, words);
  const { metadata, status } = input.gateway;
  const gateway = objectKey(metadata);
  const outcome = {
    generation: metadata.generation ?? 0,
    findings,
    attachedRoutes: attachedRoutes(findings),
    provisioned: serving,
    overdue: false,
  };
  const sets = input.listenerSets.map((set) => objectKey(set.metadata));
  const setStatuses = input.listenerSets.map((set) => {
    const key = objectKey(set.metadata);
    return [key, listenerSetStatus(set.status, key, outcome, set.metadata.generation ?? 0, GOLDEN_NOW)] as const;
  });
  const attachedListenerSets = sets.filter((set) => isAttached(set, findings)).length;
  const parents = input.routes.map((route) => {
    const ref = routeRef(route);
    const attachments = findings.attachmentsOf(ref);
    const { controllerName } = input;
    const whole = { gateway, listenerSets: new Set(sets), controllerName, attachments, findings };
    return [routeId(ref), routeParents(route, whole, GOLDEN_NOW)] as const;
  });
  const policies = input.backendTlsPolicies
    .toSorted((a, b) => compareStrings(objectKey(a.metadata), objectKey(b.metadata)))
    .map((policy) => {
      const key = objectKey(policy.metadata);
      const result = findings.policies.find((each) => each.policy === key);
      const { controllerName } = input;
      const whole = { gateway, controllerName, ...(result && { result }), findings: findings.ofPolicy(key) };
      return [key, policyAncestors(policy, whole, GOLDEN_NOW).filter((each) => each.controllerName === controllerName)];
    });
  return {
    statuses: {
      gateway,
      status: gatewayStatus(status, { ...outcome, ...(sets.length > 0 && { attachedListenerSets }) }, GOLDEN_NOW),
      ...(sets.length > 0 && { listenerSets: Object.fromEntries(setStatuses) }),
      parents: Object.fromEntries(parents),
      ...(policies.length > 0 && { policies: Object.fromEntries(policies) }),
    },
    found: all,
  };
}

/** A model's resources as AWS would have created them, with only the fields that a status reads. */
function made(model: Model | undefined): readonly OwnedResource[] {
  const resources = model?.resources ?? [];
  const networks = new Set(
    resources.flatMap((each) => (each.kind === 'load-balancer' && each.spec.type === 'network' ? each.id : [])),
  );
  const arnOf = (id: ResourceId) => (networks.has(id) ? `arn:loadbalancer/net/${id}` : `arn:${id}`);
  return resources.flatMap((resource): readonly OwnedResource[] => {
    const { id } = resource;
    const owned = { id, arn: arnOf(id), tags: {} };
    if (resource.kind === 'load-balancer') {
      const { name, addresses = [] } = resource.spec;
      const dnsName = `${name}.us-east-1.elb.amazonaws.com`;
      const own = addresses.flatMap(
        ({ allocation, privateIpv4 }) => privateIpv4 ?? allocation?.replace('eipalloc-', '') ?? [],
      );
      const balancer = { ...owned, kind: 'load-balancer', name, dnsName, subnets: [], state: 'active' } as const;
      return [own.length === 0 ? balancer : { ...balancer, addresses: own }];
    }
    if (resource.kind === 'security-group') {
      const tags = hashTag('ingress', resource.ingress);
      return [{ ...owned, kind: 'security-group', tags, name: resource.spec.name }];
    }
    if (resource.kind !== 'listener') return [];
    const { port, protocol } = resource.spec;
    const loadBalancerArn = arnOf(resource.loadBalancer);
    return [{ ...owned, kind: 'listener', loadBalancerArn, port, protocol, forwards: [] }];
  });
}
