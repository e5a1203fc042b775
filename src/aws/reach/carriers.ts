// Finds the network interface with a target's address, and the security group of it that must admit load balancers. Answers
// are remembered, so only unknown targets cost a call: one for up to 200 targets.

import type { Clock } from '../../kube/clock.ts';
import type { AwsClients } from '../clients.ts';
import { AwsError } from '../errors.ts';
import { KeyedLock } from '../keyed-lock.ts';
import { canonicalAddress, isInstance } from '../model/addresses.ts';
import {
  clusterGroups,
  type Interface,
  interfacesById,
  interfacesOfAddresses,
  interfacesOfInstances,
  interfacesOfPrefixes,
} from '../network/interfaces.ts';
import { newInterfaceRetriesMs, silentTargetReadMs } from '../timings.ts';
import { Known, sameSet } from './known-interfaces.ts';

/** An instance id or an IP address, and the instance that has the address, as Kubernetes says. */
export interface Carried {
  readonly id: string;
  readonly host?: string;
}

export type Found =
  | { readonly kind: 'group'; readonly groupId: string }
  /** The carrier has several groups, and none of them is tagged for the cluster. */
  | { readonly kind: 'unclear'; readonly carrier: string; readonly groups: readonly string[] }
  /**
   * EC2 knows no interface with it. `retryAt` is monotonic, and absent if only an audit looks again. EC2's second answer makes it
   * sure, because an interface may be new, or may be deleted just before its pod.
   */
  | { readonly kind: 'unknown'; readonly isSure: boolean; readonly retryAt?: number };

export interface Question {
  readonly vpcId: string;
  /** The cluster's nodes. All are read together, because the others will be needed next. */
  readonly instances: readonly string[];
}

interface Miss {
  readonly failures: number;
  readonly retryAt: number;
}

export class Carriers {
  readonly #clients: AwsClients;
  readonly #clusterName: string;
  readonly #clock: Clock;
  readonly #lock = new KeyedLock();
  readonly #wanted = new Map<string, Carried>();
  #known = new Known();
  /** Targets that no interface has, by target id. */
  readonly #misses = new Map<string, Miss>();
  /**
   * By address: the instance that Kubernetes named when we last asked EC2 again. We ask again if EC2 named another instance.
   */
  readonly #checked = new Map<string, string>();
  /** Interfaces to be read again, and when each was last read again. */
  readonly #suspects = new Map<string, { readonly at: number; due: boolean }>();
  /** The groups that are tagged for the cluster. Read when a carrier has several groups. */
  #tagged: ReadonlySet<string> | undefined;
  /** Whether EC2 answers which interface has a prefix. Tried again after each audit. */
  #asksPrefixes = true;

  constructor(clients: AwsClients, clusterName: string, clock: Clock) {
    this.#clients = clients;
    this.#clusterName = clusterName;
    this.#clock = clock;
  }

  /**
   * Looks up the unknown targets among these. Only one lookup runs at a time, because a waiting caller may then find its
   * targets known. Waiting callers share the next call.
   * @throws AwsError
   */
  learn(carried: readonly Carried[], question: Question): Promise<void> {
    for (const each of carried) if (this.#isDue(each)) this.#wanted.set(each.id, each);
    if (this.#wanted.size === 0 && !this.#hasSuspects()) return Promise.resolve();
    return this.#lock.run('read', () => this.#learn(question));
  }

  find({ id, host }: Carried): Found {
    const carrier = this.#known.of(id) ?? (host === undefined ? undefined : this.#assumed(id, host));
    if (carrier !== undefined) return this.#groupOf(carrier);
    const { failures, retryAt } = this.#misses.get(id) ?? { failures: 0, retryAt: Number.POSITIVE_INFINITY };
    return { kind: 'unknown', isSure: failures > 1, ...(Number.isFinite(retryAt) && { retryAt }) };
  }

  /** Forgets addresses that no target has any more. The next target with such an address may have another interface. */
  release(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#misses.delete(id);
      this.#checked.delete(id);
      const carrier = this.#known.of(id);
      if (carrier !== undefined && carrier.instance === undefined) this.#known.drop(carrier.id);
    }
  }

  /**
   * Call it for targets that do not answer: other security groups may be in front of them now.
   * @returns whether a target is due to be read again
   */
  suspect(ids: readonly string[]): boolean {
    const now = this.#clock.monotonic();
    let isNew = false;
    for (const id of ids) {
      // A target that was not found has no interface: it is noted by its own id.
      const key = this.#known.of(id)?.id ?? id;
      const last = this.#suspects.get(key);
      if (last !== undefined && now - last.at < silentTargetReadMs) continue;
      this.#askAgain(id);
      this.#suspects.set(key, { at: now, due: true });
      isNew = true;
    }
    return isNew;
  }

  /**
   * Reads everything again, also the targets that were not found.
   * @param instances the cluster's nodes
   * @returns whether anything has changed
   * @throws AwsError; then the known answers stay
   */
  refresh(instances: readonly string[]): Promise<boolean> {
    return this.#lock.run('read', async () => {
      const before = this.#known;
      const read = instances.filter((id) => before.read.has(id));
      const apart = before.all().filter(({ instance }) => instance === undefined || !before.read.has(instance));
      const [attached, own] = await Promise.all([
        read.length === 0 ? [] : interfacesOfInstances(this.#clients, read),
        apart.length === 0
          ? []
          : interfacesById(
              this.#clients,
              apart.map(({ id }) => id),
            ),
      ]);
      const known = new Known();
      for (const nic of [...attached, ...own]) known.put(nic);
      // A node exists as long as the cluster has it, even if EC2 does not show it for a moment.
      const shown = new Set(attached.map(({ instance }) => instance));
      for (const nic of before.all()) {
        if (nic.instance !== undefined && read.includes(nic.instance) && !shown.has(nic.instance)) known.put(nic);
      }
      for (const id of read) known.read.add(id);
      const tagged = this.#tagged;
      if (tagged !== undefined) this.#tagged = await clusterGroups(this.#clients, this.#clusterName);
      const changed =
        !known.sameAs(before) || this.#misses.size > 0 || !sameSet(tagged ?? new Set(), this.#tagged ?? new Set());
      this.#known = known;
      for (const id of this.#misses.keys()) this.#askAgain(id);
      this.#suspects.clear();
      this.#checked.clear();
      this.#asksPrefixes = true;
      return changed;
    });
  }

  async #learn({ vpcId, instances }: Question): Promise<void> {
    const asked = [...this.#wanted.values()].filter((each) => this.#isDue(each));
    await this.#rereadSuspects();
    if (asked.length > 0) await this.#lookUp(asked, { vpcId, instances });
    // Only after the calls, because if a call fails, the next caller must ask again.
    for (const { id } of asked) this.#wanted.delete(id);
  }

  async #lookUp(asked: readonly Carried[], { vpcId, instances }: Question): Promise<void> {
    const isUnread = (id: string | undefined): id is string => id !== undefined && !this.#known.read.has(id);
    const hosts = asked.map(({ id, host }) => (isInstance(id) ? id : host)).filter(isUnread);
    if (hosts.length > 0) {
      const read = [...new Set([...hosts, ...instances.filter(isUnread)])];
      this.#put(await interfacesOfInstances(this.#clients, read));
      for (const id of read) this.#known.read.add(id);
    }
    const missing = () =>
      asked.flatMap((each) => (isInstance(each.id) || !this.#isMissing(each) ? [] : canonicalAddress(each.id)));
    if (missing().length > 0) this.#put(await interfacesOfAddresses(this.#clients, vpcId, missing()));
    if (missing().length > 0 && this.#asksPrefixes) await this.#lookUpPrefixes(missing(), vpcId);
    for (const each of asked) this.#note(each);
    if (this.#tagged === undefined && this.#known.all().some(({ groups }) => groups.length > 1)) {
      this.#tagged = await clusterGroups(this.#clients, this.#clusterName);
    }
  }

  /** Not every emulator of AWS knows this filter. There, addresses in prefixes are found in other ways, or not at all. */
  async #lookUpPrefixes(addresses: readonly string[], vpcId: string): Promise<void> {
    try {
      this.#put(await interfacesOfPrefixes(this.#clients, vpcId, addresses));
    } catch (error) {
      if (!(error instanceof AwsError && ['invalid', 'server'].includes(error.kind))) throw error;
      this.#asksPrefixes = false;
    }
  }

  /** A sure answer of EC2 stays in force until EC2 answers otherwise. */
  #askAgain(id: string): void {
    const miss = this.#misses.get(id);
    if (miss !== undefined) this.#misses.set(id, { ...miss, retryAt: this.#clock.monotonic() });
  }

  #isMissing({ id, host }: Carried): boolean {
    const carrier = this.#known.of(id);
    return carrier === undefined || this.#hasMoved(carrier, id, host);
  }

  #note({ id, host }: Carried): void {
    const carrier = this.#known.of(id);
    if (carrier !== undefined) {
      this.#misses.delete(id);
      if (host !== undefined && this.#hasMoved(carrier, id, host)) this.#checked.set(id, host);
      return;
    }
    const failures = (this.#misses.get(id)?.failures ?? 0) + 1;
    const wait = newInterfaceRetriesMs[failures - 1] ?? Number.POSITIVE_INFINITY;
    this.#misses.set(id, { failures, retryAt: this.#clock.monotonic() + wait });
  }

  async #rereadSuspects(): Promise<void> {
    const due = [...this.#suspects].filter(([, suspect]) => suspect.due);
    if (due.length === 0) return;
    const ids = due.flatMap(([id]) => (this.#known.has(id) ? [id] : []));
    const found = ids.length === 0 ? [] : await interfacesById(this.#clients, ids);
    for (const id of ids) this.#known.drop(id);
    this.#put(found);
    for (const [, suspect] of due) suspect.due = false;
    if (this.#tagged !== undefined) this.#tagged = await clusterGroups(this.#clients, this.#clusterName);
  }

  #put(interfaces: readonly Interface[]): void {
    for (const nic of interfaces) this.#known.put(nic);
  }

  /** For pods outside the VPC's network: the interface of their node, because the node forwards their packets. */
  #assumed(id: string, host: string): Interface | undefined {
    return this.#misses.has(id) ? this.#known.primary(host) : undefined;
  }

  /** If an interface has several groups, EC2 does not say which is meant for load balancers. So one must be tagged. */
  #groupOf({ id, groups }: Interface): Found {
    const tagged = groups.filter((group) => this.#tagged?.has(group) === true).toSorted();
    const [groupId] = tagged.length > 0 ? tagged : groups;
    return groupId === undefined || (tagged.length === 0 && groups.length > 1)
      ? { kind: 'unclear', carrier: id, groups }
      : { kind: 'group', groupId };
  }

  #isDue({ id, host }: Carried): boolean {
    const carrier = this.#known.of(id);
    if (carrier !== undefined) return this.#hasMoved(carrier, id, host);
    const miss = this.#misses.get(id);
    return miss === undefined || this.#clock.monotonic() >= miss.retryAt;
  }

  /** Addresses move between nodes, so a remembered answer may be outdated. */
  #hasMoved({ instance }: Interface, id: string, host: string | undefined): boolean {
    return instance !== undefined && host !== undefined && instance !== host && this.#checked.get(id) !== host;
  }

  #hasSuspects(): boolean {
    return [...this.#suspects.values()].some(({ due }) => due);
  }
}
