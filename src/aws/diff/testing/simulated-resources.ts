// The resources of a simulated AWS, and AWS's rules about which of them may exist together and what may be deleted.
import type { ListenerResource, Resource, ResourceId, Tags } from '../../model/resources.ts';
import { type Forward, type OwnedResource, TAG } from '../../observed.ts';
import { forwardsOf } from '../forwarding.ts';

/** A refusal of AWS. A correct plan never gets one, except `in-use` while a deleted load balancer is not yet released. */
export class Refused extends Error {
  readonly code: 'in-use' | 'duplicate' | 'not-found' | 'invalid' | 'quota';

  constructor(code: Refused['code'], detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

export interface Entry {
  owned: OwnedResource;
  spec: Resource['spec'];
  /** Whether a target group's targets were registered. */
  registered: boolean;
  /** The ALB that is its target. */
  target?: string | undefined;
  /** The security groups that its rules admit. */
  names?: readonly string[];
}

export class SimulatedResources {
  readonly entries = new Map<string, Entry>();
  /** ARNs that a deleted load balancer hasn't released yet. */
  readonly held = new Set<string>();

  get(arn: string): Entry {
    const entry = this.entries.get(arn);
    if (entry === undefined) throw new Refused('not-found', arn);
    return entry;
  }

  listens(loadBalancer: string, port: number): boolean {
    return this.owned().some(
      (each) => each.kind === 'listener' && each.loadBalancerArn === loadBalancer && each.port === port,
    );
  }

  owned(): OwnedResource[] {
    return [...this.entries.values()].map(({ owned }) => owned);
  }

  check(targetGroups: readonly Forward[], listenerProtocol?: string): void {
    if (targetGroups.length > 5) throw new Refused('invalid', 'more than 5 target groups');
    const families = new Set<string>();
    for (const { arn } of targetGroups) {
      const { registered, spec, owned } = this.get(arn);
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

  /** @param resolve absent if the listener has another certificate for now */
  setTls(arn: string, { spec }: ListenerResource, resolve?: (id: ResourceId) => string): void {
    const entry = this.get(arn);
    const { defaultCertificate: use, sslPolicy, alpnPolicy } = spec;
    if (entry.owned.kind !== 'listener' || use === undefined || resolve === undefined) return;
    entry.owned = {
      ...entry.owned,
      certificate: 'arn' in use ? use.arn : resolve(use.certificate),
      ...(sslPolicy !== undefined && { sslPolicy }),
      ...(alpnPolicy !== undefined && { alpnPolicy }),
    };
  }

  point(arn: string, targetGroups: readonly Forward[], protocol?: string): void {
    const entry = this.get(arn);
    this.check(targetGroups, protocol);
    if (entry.owned.kind === 'rule') entry.owned = { ...entry.owned, targetGroups };
    if (entry.owned.kind === 'listener') {
      entry.owned = { ...entry.owned, forwards: targetGroups, protocol: protocol ?? entry.owned.protocol };
    }
  }

  tag(arn: string, add: Tags, remove: readonly string[]): void {
    const entry = this.get(arn);
    const all = Object.entries({ ...entry.owned.tags, ...add }).filter(([key]) => !remove.includes(key));
    const tags = Object.fromEntries(all);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the id comes from the tag
    entry.owned = { ...entry.owned, id: tags[TAG.resource] as ResourceId, tags };
  }

  settle(arn: string): void {
    const entry = this.get(arn);
    if (entry.owned.kind !== 'target-group') return;
    const { attributes: _, ...settled } = entry.owned;
    entry.owned = settled;
  }

  setPriorities(priorities: readonly { readonly arn: string; readonly priority: number }[]): void {
    const moved = new Map(priorities.map(({ arn, priority }) => [arn, priority]));
    for (const [arn, priority] of moved) {
      const { owned } = this.get(arn);
      const clash = this.owned().some(
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
      const entry = this.get(arn);
      if (entry.owned.kind === 'rule') entry.owned = { ...entry.owned, priority };
    }
  }

  delete(arn: string): void {
    const { owned } = this.get(arn);
    if (this.held.has(arn)) throw new Refused('in-use', owned.id);
    if (owned.kind === 'target-group' && this.inUse().has(arn)) throw new Refused('invalid', `${owned.id} is in use`);
    if ([...this.entries.values()].some(({ target }) => target === arn)) {
      throw new Refused('invalid', `${owned.id} is the target of a group`);
    }
    if (owned.kind === 'security-group' && this.#isNamed(arn)) throw new Refused('invalid', `${owned.id} is named`);
    this.entries.delete(arn);
    if (owned.kind === 'listener') for (const group of owned.forwards) this.held.add(group.arn);
    for (const other of this.owned()) {
      if (other.kind === 'listener' && other.loadBalancerArn === arn) this.delete(other.arn);
      if (other.kind === 'rule' && other.listenerArn === arn) {
        this.entries.delete(other.arn);
        for (const group of other.targetGroups) this.held.add(group.arn);
      }
      if (other.kind === 'security-group' && owned.kind === 'load-balancer') this.held.add(other.arn);
    }
  }

  /** Whether the rules of another security group name this one. */
  #isNamed(arn: string): boolean {
    return [...this.entries].some(([other, { names }]) => other !== arn && names?.includes(arn));
  }

  inUse(weight = 0): ReadonlySet<string> {
    const forwards = this.owned().flatMap((owned) =>
      owned.kind === 'rule' || owned.kind === 'listener' ? forwardsOf(owned) : [],
    );
    return new Set(forwards.flatMap((each) => (each.weight >= weight ? each.arn : [])));
  }

  /** @param now milliseconds since the epoch */
  noticeUnused(now: number): void {
    const inUse = this.inUse();
    const serving = this.inUse(1);
    for (const entry of this.entries.values()) {
      if (entry.owned.kind !== 'target-group') continue;
      const { unusedSince, ...others } = entry.owned;
      const group = { ...others, serves: serving.has(others.arn) };
      entry.owned = inUse.has(group.arn) ? group : { ...group, unusedSince: unusedSince ?? now };
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
