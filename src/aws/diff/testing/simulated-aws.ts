// An AWS in memory, against which tests run plans. It has AWS's rules about which resources may exist together, and in which
// order they may be deleted.

import type { ObjectKey } from '../../../kube/object.ts';
import { gatewayOwner } from '../../model/owner.ts';
import type {
  CertificateUse,
  ListenerResource,
  Resource,
  ResourceId,
  RuleAction,
  RuleResource,
  Tags,
  TargetGroupResource,
} from '../../model/resources.ts';
import { scopeOf } from '../../model/scope.ts';
import { type Forward, type Observed, type OwnedResource, TAG } from '../../observed.ts';
import { forwardsOf } from '../forwarding.ts';
import { ingressReferences } from '../references.ts';
import type { Plan, Step } from '../step.ts';

/** A refusal of AWS. A correct plan never gets one, except `in-use` while a deleted load balancer is not yet released. */
export class Refused extends Error {
  readonly code: 'in-use' | 'duplicate' | 'not-found' | 'invalid' | 'quota';

  constructor(code: Refused['code'], detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

interface Entry {
  owned: OwnedResource;
  spec: Resource['spec'];
  /** Whether a target group's targets were registered. */
  registered: boolean;
  /** The ALB that is its target. */
  target?: string | undefined;
  /** The security groups that its rules admit. */
  names?: readonly string[];
}

export class SimulatedAws {
  readonly gateway: ObjectKey;
  readonly quota: number;
  now = 0;
  /** The addresses in the Gateway's status. */
  announced: readonly string[] | undefined;
  readonly calls: Step[] = [];
  readonly entries = new Map<string, Entry>();
  /** ARNs that a deleted load balancer hasn't released yet. */
  readonly #held = new Set<string>();
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
    this.#held.clear();
    const inUse = this.#inUse();
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
          'arn' in use || this.#owned().some(({ id }) => id === use.certificate);
        if (!step.desired.extraCertificates.every(isThere)) throw new Refused('in-use', `${step.id} lacks one`);
        this.#tag(resolve(step.desired.id), step.tags, []);
        break;
      }
      case 'set-ingress':
        this.#get(resolve(step.desired.id)).names = ingressReferences(step.desired.ingress).map(resolve);
        this.#tag(resolve(step.desired.id), step.tags, []);
        break;
      case 'set-attributes':
        this.#settle(resolve(step.desired.id));
        this.#tag(resolve(step.desired.id), step.tags, []);
        break;
      case 'tag':
        this.#tag(step.arn, step.add, step.remove);
        break;
      case 'set-priorities':
        this.#setPriorities(step.priorities);
        break;
      case 'warm-rule': {
        const joining = step.joining.map((id) => ({ arn: resolve(id), weight: 0 }));
        this.#point(step.arn, [...step.serving, ...joining]);
        break;
      }
      case 'warm-listener': {
        const joining = step.joining.map((id) => ({ arn: resolve(id), weight: 0 }));
        this.#point(step.arn, [...step.serving, ...joining], step.protocol);
        break;
      }
      case 'set-tls':
        this.#setTls(step.arn, step.desired, resolve);
        break;
      case 'sync-targets': {
        const { loadBalancer, spec } = step.desired;
        const target = loadBalancer === undefined ? undefined : resolve(loadBalancer);
        if (target !== undefined && !this.#listens(target, spec.port)) {
          throw new Refused('invalid', `${step.id}: the ALB has no listener on port ${spec.port}`);
        }
        const entry = this.#get(resolve(step.desired.id));
        entry.registered = true;
        entry.target = target;
        break;
      }
      case 'delete':
        this.#delete(step.existing.arn);
        break;
      default:
        step satisfies never;
    }
    this.#noticeUnused();
  }

  #get(arn: string): Entry {
    const entry = this.entries.get(arn);
    if (entry === undefined) throw new Refused('not-found', arn);
    return entry;
  }

  #listens(loadBalancer: string, port: number): boolean {
    return this.#owned().some(
      (each) => each.kind === 'listener' && each.loadBalancerArn === loadBalancer && each.port === port,
    );
  }

  #owned(): OwnedResource[] {
    return [...this.entries.values()].map(({ owned }) => owned);
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
    const isMade = (id: ResourceId): boolean => this.#owned().some((owned) => owned.id === id);
    const add = (owned: OwnedResource) => {
      if ('name' in owned && this.#owned().some((other) => 'name' in other && other.name === owned.name)) {
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
        const others = this.#owned().filter((other) => other.kind === 'listener');
        if (others.some((other) => other.loadBalancerArn === loadBalancerArn && other.port === port)) {
          throw new Refused('duplicate', `port ${port}`);
        }
        const listener = { ...base, tags: isDesired ? tags : unsaid, kind: desired.kind, loadBalancerArn };
        const forwards = forward(desired.spec.defaultAction, resolve);
        this.#check(forwards, protocol);
        add({ ...listener, port, protocol, forwards });
        return this.#setTls(arn, desired, isDesired ? resolve : undefined);
      }
      default:
        return desired satisfies never;
    }
  }

  #createRule(desired: RuleResource, priority: number, tags: Tags, resolve: (id: ResourceId) => string): void {
    const listenerArn = resolve(desired.listener);
    const listener = this.#get(listenerArn).owned;
    const siblings = this.#owned().filter((other) => other.kind === 'rule');
    if (priority < 1 || priority > 50_000 || !Number.isInteger(priority))
      throw new Refused('invalid', String(priority));
    if (siblings.some((other) => other.listenerArn === listenerArn && other.priority === priority)) {
      throw new Refused('duplicate', `priority ${priority} of ${desired.id}`);
    }
    const loadBalancer = (arn: string) => {
      const { owned } = this.#get(arn);
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
    this.#check(targetGroups);
    this.entries.set(arn, { owned: { ...owned, targetGroups }, spec: desired.spec, registered: false });
  }

  #check(targetGroups: readonly Forward[], listenerProtocol?: string): void {
    if (targetGroups.length > 5) throw new Refused('invalid', 'more than 5 target groups');
    const families = new Set<string>();
    for (const { arn } of targetGroups) {
      const { registered, spec, owned } = this.#get(arn);
      if ('attributes' in owned) throw new Refused('invalid', `${arn} serves before its attributes are set`);
      if (!registered) throw new Refused('invalid', `${arn} serves before its targets are registered`);
      if (owned.kind === 'target-group') families.add(owned.ipAddressType);
      if (listenerProtocol === undefined || !('protocol' in spec)) continue;
      if (takes[listenerProtocol]?.includes(spec.protocol) !== true) {
        throw new Refused('invalid', `a ${listenerProtocol} listener takes no ${spec.protocol} group`);
      }
    }
    if (listenerProtocol !== undefined && families.size > 1) throw new Refused('invalid', 'two families');
  }

  #change(desired: Resource, arn: string, tags: Tags, resolve: (id: ResourceId) => string): void {
    const entry = this.#get(arn);
    if (desired.kind === 'rule') this.#point(arn, forward(desired.spec.action, resolve));
    if (desired.kind === 'rule' && entry.owned.kind === 'rule') {
      entry.owned = { ...entry.owned, scope: scopeOf(desired.spec.conditions) };
    }
    if (desired.kind === 'listener') {
      this.#point(arn, forward(desired.spec.defaultAction, resolve), desired.spec.protocol);
      this.#setTls(arn, desired, resolve);
    }
    entry.spec = desired.spec;
    this.#tag(arn, tags, []);
  }

  /** @param resolve absent if the listener has another certificate for now */
  #setTls(arn: string, { spec }: ListenerResource, resolve?: (id: ResourceId) => string): void {
    const entry = this.#get(arn);
    const { defaultCertificate: use, sslPolicy, alpnPolicy } = spec;
    if (entry.owned.kind !== 'listener' || use === undefined || resolve === undefined) return;
    entry.owned = {
      ...entry.owned,
      certificate: 'arn' in use ? use.arn : resolve(use.certificate),
      ...(sslPolicy !== undefined && { sslPolicy }),
      ...(alpnPolicy !== undefined && { alpnPolicy }),
    };
  }

  #point(arn: string, targetGroups: readonly Forward[], protocol?: string): void {
    const entry = this.#get(arn);
    this.#check(targetGroups, protocol);
    if (entry.owned.kind === 'rule') entry.owned = { ...entry.owned, targetGroups };
    if (entry.owned.kind === 'listener') {
      entry.owned = { ...entry.owned, forwards: targetGroups, protocol: protocol ?? entry.owned.protocol };
    }
  }

  #tag(arn: string, add: Tags, remove: readonly string[]): void {
    const entry = this.#get(arn);
    const all = Object.entries({ ...entry.owned.tags, ...add }).filter(([key]) => !remove.includes(key));
    const tags = Object.fromEntries(all);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the id comes from the tag
    entry.owned = { ...entry.owned, id: tags[TAG.resource] as ResourceId, tags };
  }

  #settle(arn: string): void {
    const entry = this.#get(arn);
    if (entry.owned.kind !== 'target-group') return;
    const { attributes: _, ...settled } = entry.owned;
    entry.owned = settled;
  }

  #setPriorities(priorities: readonly { readonly arn: string; readonly priority: number }[]): void {
    const moved = new Map(priorities.map(({ arn, priority }) => [arn, priority]));
    for (const [arn, priority] of moved) {
      const { owned } = this.#get(arn);
      const clash = this.#owned().some(
        (other) =>
          other.kind === 'rule' &&
          owned.kind === 'rule' &&
          other.arn !== arn &&
          other.listenerArn === owned.listenerArn &&
          (moved.get(other.arn) ?? other.priority) === priority,
      );
      if (clash) throw new Refused('duplicate', `priority ${priority}`);
    }
    for (const [arn, priority] of moved) {
      const entry = this.#get(arn);
      if (entry.owned.kind === 'rule') entry.owned = { ...entry.owned, priority };
    }
  }

  #delete(arn: string): void {
    const { owned } = this.#get(arn);
    if (this.#held.has(arn)) throw new Refused('in-use', owned.id);
    if (owned.kind === 'target-group' && this.#inUse().has(arn)) throw new Refused('invalid', `${owned.id} is in use`);
    if ([...this.entries.values()].some(({ target }) => target === arn)) {
      throw new Refused('invalid', `${owned.id} is the target of a group`);
    }
    if (owned.kind === 'security-group' && this.#isNamed(arn)) throw new Refused('invalid', `${owned.id} is named`);
    this.entries.delete(arn);
    if (owned.kind === 'listener') for (const group of owned.forwards) this.#held.add(group.arn);
    for (const other of this.#owned()) {
      if (other.kind === 'listener' && other.loadBalancerArn === arn) this.#delete(other.arn);
      if (other.kind === 'rule' && other.listenerArn === arn) {
        this.entries.delete(other.arn);
        for (const group of other.targetGroups) this.#held.add(group.arn);
      }
      if (other.kind === 'security-group' && owned.kind === 'load-balancer') this.#held.add(other.arn);
    }
  }

  /** Whether the rules of another security group name this one. */
  #isNamed(arn: string): boolean {
    return [...this.entries].some(([other, { names }]) => other !== arn && names?.includes(arn));
  }

  #inUse(weight = 0): ReadonlySet<string> {
    const forwards = this.#owned().flatMap((owned) =>
      owned.kind === 'rule' || owned.kind === 'listener' ? forwardsOf(owned) : [],
    );
    return new Set(forwards.flatMap((each) => (each.weight >= weight ? each.arn : [])));
  }

  #noticeUnused(): void {
    const inUse = this.#inUse();
    const serving = this.#inUse(1);
    for (const entry of this.entries.values()) {
      if (entry.owned.kind !== 'target-group') continue;
      const { unusedSince, ...others } = entry.owned;
      const group = { ...others, serves: serving.has(others.arn) };
      entry.owned = inUse.has(group.arn) ? group : { ...group, unusedSince: unusedSince ?? this.now };
    }
  }
}

const takes: Readonly<Record<string, readonly string[]>> = {
  HTTP: [],
  HTTPS: [],
  TCP: ['TCP', 'TCP_UDP'],
  UDP: ['UDP', 'TCP_UDP'],
  TCP_UDP: ['TCP_UDP'],
  TLS: ['TCP', 'TLS'],
};

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
