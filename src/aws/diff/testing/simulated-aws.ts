// An AWS in memory, against which tests run plans.

import type { ObjectKey } from '../../../kube/object.ts';
import { gatewayOwner } from '../../model/owner.ts';
import type {
  CertificateUse,
  Resource,
  ResourceId,
  RuleAction,
  RuleResource,
  Tags,
  TargetGroupResource,
} from '../../model/resources.ts';
import { scopeOf } from '../../model/scope.ts';
import { type Observed, type OwnedResource, TAG } from '../../observed.ts';
import { ingressReferences } from '../references.ts';
import type { Plan, Step } from '../step.ts';
import { Refused, SimulatedResources } from './simulated-resources.ts';

export class SimulatedAws {
  readonly gateway: ObjectKey;
  readonly quota: number;
  now = 0;
  /** The addresses in the Gateway's status. */
  announced: readonly string[] | undefined;
  readonly calls: Step[] = [];
  readonly #resources = new SimulatedResources();
  readonly entries = this.#resources.entries;
  #serial = 0;

  constructor(gateway: ObjectKey, quota = 100) {
    this.gateway = gateway;
    this.quota = quota;
  }

  observe(): Observed {
    return {
      owner: gatewayOwner(this.gateway),
      resources: [...this.entries.values()].map(({ owned }) => owned),
      now: this.now,
      ...(this.announced !== undefined && { announced: this.announced }),
    };
  }

  /** Time passes: load balancers become active, groups in use become healthy, deleted resources are released. */
  passTime(milliseconds: number): void {
    this.now += milliseconds;
    this.#resources.held.clear();
    const inUse = this.#resources.inUse();
    for (const entry of this.entries.values()) {
      const { owned } = entry;
      if (owned.kind === 'load-balancer') entry.owned = { ...owned, state: 'active' };
      if (owned.kind === 'target-group' && inUse.has(owned.arn)) entry.owned = { ...owned, proven: true };
    }
  }

  /** Runs one step. `made` has the ARNs of the resources that earlier steps created. */
  run(step: Step, plan: Plan, made: Map<ResourceId, string>): void {
    this.calls.push(step);
    const resolve = (id: ResourceId): string => {
      const arn = made.get(id) ?? plan.existing.get(id);
      if (arn === undefined || !this.entries.has(arn)) throw new Refused('not-found', `${step.id} needs ${id}`);
      return arn;
    };
    switch (step.kind) {
      case 'create':
        this.#create(step.desired, { ...step.tags, [TAG.resource]: step.desired.id }, resolve, made);
        break;
      case 'create-rule':
        this.#createRule(step.desired, step.priority, { ...step.tags, [TAG.resource]: step.desired.id }, resolve);
        break;
      case 'change':
        this.#change(step.desired, step.arn, step.tags, resolve);
        break;
      case 'set-certificates': {
        const isThere = (use: CertificateUse): boolean =>
          'arn' in use || this.#resources.owned().some(({ id }) => id === use.certificate);
        if (!step.desired.extraCertificates.every(isThere)) throw new Refused('in-use', `${step.id} lacks one`);
        this.#resources.tag(resolve(step.desired.id), step.tags, []);
        break;
      }
      case 'set-ingress':
        this.#resources.get(resolve(step.desired.id)).names = ingressReferences(step.desired.ingress).map(resolve);
        this.#resources.tag(resolve(step.desired.id), step.tags, []);
        break;
      case 'set-attributes':
        this.#resources.settle(resolve(step.desired.id));
        this.#resources.tag(resolve(step.desired.id), step.tags, []);
        break;
      case 'tag':
        this.#resources.tag(step.arn, step.add, step.remove);
        break;
      case 'set-priorities':
        this.#resources.setPriorities(step.priorities);
        break;
      case 'warm-rule': {
        const joining = step.joining.map((id) => ({ arn: resolve(id), weight: 0 }));
        this.#resources.point(step.arn, [...step.serving, ...joining]);
        break;
      }
      case 'warm-listener': {
        const joining = step.joining.map((id) => ({ arn: resolve(id), weight: 0 }));
        this.#resources.point(step.arn, [...step.serving, ...joining], step.protocol);
        break;
      }
      case 'set-tls':
        this.#resources.setTls(step.arn, step.desired, resolve);
        break;
      case 'sync-targets': {
        const { loadBalancer, spec } = step.desired;
        const target = loadBalancer === undefined ? undefined : resolve(loadBalancer);
        if (target !== undefined && !this.#resources.listens(target, spec.port)) {
          throw new Refused('invalid', `${step.id}: the ALB has no listener on port ${spec.port}`);
        }
        const entry = this.#resources.get(resolve(step.desired.id));
        entry.registered = true;
        entry.target = target;
        break;
      }
      case 'delete':
        this.#resources.delete(step.existing.arn);
        break;
      default:
        step satisfies never;
    }
    this.#resources.noticeUnused(this.now);
  }

  #create(
    desired: Exclude<Resource, RuleResource>,
    tags: Tags,
    resolve: (id: ResourceId) => string,
    made: Map<ResourceId, string>,
  ): void {
    const serial = `arn-${String(++this.#serial).padStart(6, '0')}`;
    const isNetwork = desired.kind === 'load-balancer' && desired.spec.type === 'network';
    const arn = isNetwork ? `${serial}:loadbalancer/net/x` : serial;
    const base = { arn, id: desired.id, tags };
    const isMade = (id: ResourceId): boolean => this.#resources.owned().some((owned) => owned.id === id);
    const add = (owned: OwnedResource) => {
      if ('name' in owned && this.#resources.owned().some((other) => 'name' in other && other.name === owned.name)) {
        throw new Refused('duplicate', `the name ${owned.name}`);
      }
      this.entries.set(arn, { owned, spec: desired.spec, registered: false });
      made.set(desired.id, arn);
    };
    switch (desired.kind) {
      case 'security-group':
        return add({ ...base, kind: desired.kind, name: desired.spec.name });
      case 'certificate':
        return add({ ...base, kind: desired.kind });
      case 'target-group':
        return add({
          ...base,
          kind: desired.kind,
          ...unused(desired),
          unusedSince: this.now,
          ...(TAG.attributes in tags && { attributes: 'default' as const }),
        });
      case 'load-balancer': {
        for (const use of desired.spec.securityGroups) if ('group' in use) resolve(use.group);
        const { name } = desired.spec;
        return add({
          ...base,
          kind: desired.kind,
          name,
          dnsName: `${name}.example`,
          subnets: desired.spec.subnets,
          state: 'provisioning',
        });
      }
      case 'listener': {
        const loadBalancerArn = resolve(desired.loadBalancer);
        const { port, protocol, defaultCertificate } = desired.spec;
        const uses = [defaultCertificate ?? [], desired.extraCertificates].flat();
        const there = uses.filter((use) => 'arn' in use || isMade(use.certificate));
        if (there.length === 0 && uses.length > 0) throw new Refused('in-use', `${desired.id} has no certificate`);
        const { [TAG.spec]: spec, ...unsaid } = tags;
        const isDesired = there[0] === defaultCertificate && spec !== undefined;
        const others = this.#resources.owned().filter((other) => other.kind === 'listener');
        if (others.some((other) => other.loadBalancerArn === loadBalancerArn && other.port === port)) {
          throw new Refused('duplicate', `port ${port}`);
        }
        const listener = { ...base, tags: isDesired ? tags : unsaid, kind: desired.kind, loadBalancerArn };
        const forwards = forward(desired.spec.defaultAction, resolve);
        this.#resources.check(forwards, protocol);
        add({ ...listener, port, protocol, forwards });
        return this.#resources.setTls(arn, desired, isDesired ? resolve : undefined);
      }
      default:
        return desired satisfies never;
    }
  }

  #createRule(desired: RuleResource, priority: number, tags: Tags, resolve: (id: ResourceId) => string): void {
    const listenerArn = resolve(desired.listener);
    const listener = this.#resources.get(listenerArn).owned;
    const siblings = this.#resources.owned().filter((other) => other.kind === 'rule');
    if (priority < 1 || priority > 50_000 || !Number.isInteger(priority))
      throw new Refused('invalid', String(priority));
    if (siblings.some((other) => other.listenerArn === listenerArn && other.priority === priority)) {
      throw new Refused('duplicate', `priority ${priority} of ${desired.id}`);
    }
    const loadBalancer = (arn: string) => {
      const { owned } = this.#resources.get(arn);
      return owned.kind === 'listener' ? owned.loadBalancerArn : undefined;
    };
    const here = listener.kind === 'listener' ? listener.loadBalancerArn : undefined;
    if (siblings.filter((other) => loadBalancer(other.listenerArn) === here).length >= this.quota) {
      throw new Refused('quota', desired.id);
    }
    const arn = `arn-${String(++this.#serial).padStart(6, '0')}`;
    const owned: OwnedResource = {
      kind: 'rule',
      arn,
      id: desired.id,
      tags,
      listenerArn,
      priority,
      targetGroups: [],
      scope: scopeOf(desired.spec.conditions),
    };
    const targetGroups = forward(desired.spec.action, resolve);
    this.#resources.check(targetGroups);
    this.entries.set(arn, { owned: { ...owned, targetGroups }, spec: desired.spec, registered: false });
  }

  #change(desired: Resource, arn: string, tags: Tags, resolve: (id: ResourceId) => string): void {
    const entry = this.#resources.get(arn);
    if (desired.kind === 'rule') this.#resources.point(arn, forward(desired.spec.action, resolve));
    if (desired.kind === 'rule' && entry.owned.kind === 'rule') {
      entry.owned = { ...entry.owned, scope: scopeOf(desired.spec.conditions) };
    }
    if (desired.kind === 'listener') {
      this.#resources.point(arn, forward(desired.spec.defaultAction, resolve), desired.spec.protocol);
      this.#resources.setTls(arn, desired, resolve);
    }
    entry.spec = desired.spec;
    this.#resources.tag(arn, tags, []);
  }
}

const unused = ({ spec: { name, targetType, ipAddressType } }: TargetGroupResource) => ({
  name,
  targetType,
  ipAddressType,
  serves: false,
  proven: false,
});

function forward(action: RuleAction, resolve: (id: ResourceId) => string) {
  if (action.kind !== 'forward') return [];
  return action.targetGroups.map(({ targetGroup, weight }) => ({ arn: resolve(targetGroup), weight }));
}
