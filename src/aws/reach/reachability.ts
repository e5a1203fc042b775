// Keeps targets reachable for load balancers. It finds out which ports each target group needs, and applies the rules of
// security groups that all target groups of the cluster need together.

import type { Node } from '../../api/core.ts';
import type { Gateway } from '../../api/gateway-api.ts';
import type { Clock } from '../../kube/clock.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import type { AwsClients } from '../clients.ts';
import { isRefusal } from '../cloud-problem.ts';
import { AwsError, toProblem } from '../errors.ts';
import type { Drift } from '../inventory/drift.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import { isOfNetwork, resourceId } from '../model/naming.ts';
import type { Target } from '../model/targets.ts';
import { instanceOf, type Place } from '../network/place.ts';
import type { Problem } from '../problem.ts';
import type { TargetTrouble } from '../rule-problem.ts';
import type { Binding } from '../targets/bindings.ts';
import type { Membered, WithMembers } from '../targets/members.ts';
import type { TargetsContext } from '../targets/sync-targets.ts';
import type { TargetTroubles } from '../targets/target-troubles.ts';
import { desiredAdmissions } from './admission-ranges.ts';
import type { Admissions } from './admissions.ts';
import { Carriers } from './carriers.ts';
import { Gathering } from './gathering.ts';
import { Lingering } from './lingering.ts';
import { joined, Needs } from './needs.ts';
import { carriedOf, type Need, needOf, needsNothing } from './reach.ts';
import { RefusedGroups } from './refused-groups.ts';
import { noteUnused } from './unused-targets.ts';

const admissionsId = resourceId('admissions');

/** The target groups that a Gateway still lacks. */
export interface Coming {
  readonly gateway: ObjectKey;
  readonly groups: readonly WithMembers[];
}

export interface ReachabilityOptions {
  readonly clusterName: string;
  readonly clock: Clock;
  readonly nodes: () => readonly Node[];
  readonly ownGateways: () => readonly Gateway[];
  /** Whether this process serves the Gateways of all namespaces. */
  readonly seesAllNamespaces: boolean;
  readonly clients: AwsClients;
  readonly inventory: Inventory;
  readonly locks: KeyedLock;
  readonly place: Place;
  readonly admissions: Admissions;
  readonly troubles: TargetTroubles;
  readonly where: TargetsContext['where'];
  /** Called with the ARN of a group whose troubles have changed. */
  readonly onTroublesChanged: (arn: string) => void;
  /** Whether a load balancer of the Gateway takes requests. */
  readonly isServing: (gateway: ObjectKey) => boolean;
  /** Whether a Gateway has had a pass, so that the needs of all its groups are known. */
  readonly isKnown: (gateway: ObjectKey) => boolean;
}

export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #carriers: Carriers;
  readonly #needs = new Needs();
  readonly #gathering: Gathering;
  readonly #lingering: Lingering;
  readonly #refused: RefusedGroups;
  /** How often the needs, or the known rules, have changed. */
  #changes = 1;
  /** How many of these changes the rules include. Most changes of targets need nothing new, and so cost no call. */
  #applied = 0;
  /** Whether all needs were known when the rules were last applied. If so, unneeded rules were revoked. */
  #isAppliedWhole = false;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    const { clients, clusterName, clock } = options;
    this.#carriers = new Carriers(clients, clusterName, clock);
    this.#refused = new RefusedGroups(clock);
    this.#lingering = new Lingering(clock);
    this.#gathering = new Gathering(clock, options.isServing);
  }

  /**
   * Admits the load balancers to these groups' targets. Access to earlier targets stays: AWS may still send them requests.
   * @param coming the target groups that the Gateway will have
   * @param learned called as soon as the needs are known, because they may complete the needs of the cluster
   * @returns AWS's refusals
   */
  async admit(groups: readonly Membered[], coming?: Coming, learned?: () => void): Promise<readonly Problem[]> {
    return this.#reporting(groups, async () => {
      const lacking = coming?.groups ?? [];
      const needs = await this.#needsOf<WithMembers>([...groups, ...lacking]);
      const wanted = lacking.flatMap((group) => needs.get(group) ?? []);
      if (coming !== undefined && this.#needs.setComing(coming.gateway, wanted)) this.#changes += 1;
      for (const group of groups) {
        const need = needs.get(group);
        if (need !== undefined) this.#need(group.arn, joined(this.#needs.get(group.arn), need));
      }
      learned?.();
      if (this.#mayWait(groups, coming)) return new Set();
      return this.#apply(groups, this.#securityGroupsOf(groups));
    });
  }

  /** Revokes access that only earlier targets of these groups needed. @returns AWS's refusals */
  async revoke(groups: readonly Membered[]): Promise<readonly Problem[]> {
    return this.#reporting(groups, async () => {
      for (const [{ arn, group }, need] of await this.#needsOf(groups)) {
        const before = this.#needs.get(arn) ?? need;
        this.#carriers.release(before.carried.difference(need.carried));
        // While some targets are not found, the group keeps its access: they may be behind any of its security groups.
        const kept = need.complete ? need : { ...need, reaches: before.reaches };
        this.#need(arn, isOfNetwork(group.id) ? this.#lingering.added(arn, kept, before) : kept);
      }
      return this.#gathering.isOn() ? new Set() : this.#apply(groups, new Set());
    });
  }

  /** Remembers that a group never has a target. */
  needsNothing(arn: string): void {
    this.#need(arn, needsNothing);
  }

  /** Remembers that a Gateway gets no more target groups. */
  expectNothing(gateway: ObjectKey): void {
    this.#gathering.forget(gateway);
    if (this.#needs.forgetComing(gateway)) this.#changes += 1;
  }

  forget(arn: string): void {
    this.#lingering.forget(arn);
    if (this.#needs.forget(arn)) this.#changes += 1;
  }

  /** When to try again for these groups, in milliseconds, because EC2 did not know some targets, or ports are to be closed. */
  retryAfterMs(groups: readonly Pick<Binding, 'arn'>[]): number | undefined {
    const times = groups.flatMap(({ arn }) => this.#needs.get(arn)?.retryAt ?? []);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - this.#options.clock.monotonic());
  }

  /** Call it for targets that do not answer. @returns whether it is time for a pass that looks them up again */
  suspect(targets: readonly Target[]): boolean {
    return this.#carriers.suspect(targets.map(({ id }) => id));
  }

  /** Looks up all targets again. @returns whether anything has changed. @throws AwsError */
  refresh(): Promise<boolean> {
    return this.#carriers.refresh(this.#instances());
  }

  /**
   * Reads the rules again. The next pass repairs them.
   * @returns the security groups from which someone else has removed a rule
   * @throws AwsError
   */
  async audit(): Promise<ReadonlySet<string>> {
    const { locks, admissions } = this.#options;
    this.#changes += 1;
    this.#refused.clear();
    return new Set(await locks.run('admissions', () => admissions.audit()));
  }

  /** The drift of these target groups. @param removed the security groups that `audit` returned */
  driftOf(groups: readonly Pick<Binding, 'arn'>[], removed: ReadonlySet<string>): readonly Drift[] {
    const lost = this.#securityGroupsOf(groups).intersection(removed);
    return [...lost].map((group) => ({ resource: resourceId('admission', group), aspect: 'ingress' }));
  }

  /** The open ports that no target needs, in the security groups that these target groups need. */
  widened(groups: readonly Pick<Binding, 'arn'>[]): readonly Problem[] {
    return [...this.#securityGroupsOf(groups)].flatMap((group): Problem[] => {
      const ranges = this.#options.admissions.widened(group);
      return ranges.length === 0 ? [] : [{ kind: 'admission-widened', group, ranges }];
    });
  }

  #securityGroupsOf(groups: readonly Pick<Binding, 'arn'>[]): ReadonlySet<string> {
    return this.#needs.securityGroupsOf(groups.map(({ arn }) => arn));
  }

  /** Whether all new rules may wait until a serving Gateway lacks a port. */
  #mayWait(groups: readonly Membered[], coming: Coming | undefined): boolean {
    const gateways = new Set([...groups.map(({ gateway }) => gateway), ...(coming ? [coming.gateway] : [])]);
    const serving = [...gateways].filter((each) => !this.#gathering.mayWait(each, each === coming?.gateway));
    if (!this.#gathering.isOn()) return false;
    if (serving.length === 0) return true;
    const arns = groups.map(({ arn }) => arn);
    return this.#needs.of(arns, coming?.gateway).every((reach) => this.#options.admissions.admits(reach));
  }

  #need(arn: string, need: Need): void {
    if (this.#needs.set(arn, need)) this.#changes += 1;
  }

  async #needsOf<G extends WithMembers>(groups: readonly G[]): Promise<ReadonlyMap<G, Need>> {
    const { nodes, clusterName, place, where } = this.#options;
    const instances = new Map(nodes().map((node) => [node.metadata.name, instanceOf(node)]));
    const isIp = groups.some(({ group }) => group.spec.targetType === 'ip');
    const whereabouts = isIp ? await where() : () => 'inside' as const;
    const carried = groups.map(({ group, members }) =>
      carriedOf(group, members, (node) => instances.get(node), whereabouts),
    );
    const { vpcId } = place;
    if (vpcId !== undefined) await this.#carriers.learn(carried.flat(), { vpcId, instances: this.#instances() });
    const find = (each: Parameters<Carriers['find']>[0]) => this.#carriers.find(each);
    return new Map(groups.map((each, index) => [each, needOf(each.group, carried[index] ?? [], find, clusterName)]));
  }

  #instances(): readonly string[] {
    return this.#options.nodes().flatMap((node) => instanceOf(node) ?? []);
  }

  /**
   * Applies the rules that the cluster needs, if any need has changed.
   * @param needed security groups that are tried again if AWS has refused to change them
   * @returns the security groups that AWS has refused to change now
   */
  async #apply(groups: readonly Membered[], needed: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    // Also true while another pass applies the rules. A pass that needs these rules then waits for its turn.
    const isDue = this.#applied < this.#changes || [...needed].some((groupId) => this.#refused.isDue(groupId));
    if (!isDue && (this.#isAppliedWhole || !this.#isComplete())) return new Set();
    const { locks, place, admissions } = this.#options;
    // The needs are read only under the lock: they and the answer of `#isComplete` must be from the same moment.
    const refused = await locks.run('admissions', async () => {
      const network = await place.network();
      if (network.kind === 'unknown') throw new NetworkUnknown(network.problems);
      const changes = this.#changes;
      const desired = desiredAdmissions(this.#needs.all());
      const leftAlone = this.#refused.leftAlone(needed);
      const source = network.network.backendSecurityGroupId;
      const isComplete = this.#isComplete();
      const now = await admissions.apply(desired, source, isComplete, leftAlone);
      this.#refused.remember(leftAlone, now);
      this.#applied = changes;
      this.#isAppliedWhole = isComplete;
      return now;
    });
    this.#reportToOthers(groups);
    return new Set(refused.keys());
  }

  /** Does the work, and records the troubles of these groups' targets. @returns the refusals of AWS */
  async #reporting(groups: readonly Membered[], work: () => Promise<ReadonlySet<string>>): Promise<readonly Problem[]> {
    const { troubles } = this.#options;
    let refused: ReadonlySet<string>;
    try {
      refused = await work();
    } catch (error) {
      if (error instanceof NetworkUnknown) return error.problems;
      if (!(error instanceof AwsError)) throw error;
      const cause = toProblem(error, admissionsId);
      for (const { arn, group } of groups) troubles.set(arn, 'admission', notAdmitted(group.backend?.service, [cause]));
      return [cause];
    }
    for (const { arn } of groups) troubles.set(arn, 'admission', this.#troublesOf(arn));
    await noteUnused(this.#options, groups);
    const needed = this.#securityGroupsOf(groups);
    const problems = this.#refused.problems();
    if (problems.length === 0) return [];
    const neededByAny = this.#needs.securityGroupsOf(this.#needs.arns());
    // If AWS refuses a revocation, the pass that tried it reports it once, because nobody needs the rule.
    return problems.flatMap(([groupId, problem]) =>
      needed.has(groupId) || (refused.has(groupId) && !neededByAny.has(groupId)) ? [problem] : [],
    );
  }

  /** A refusal, or its end, may concern routes of other Gateways. */
  #reportToOthers(groups: readonly Membered[]): void {
    const { troubles, onTroublesChanged } = this.#options;
    const own = new Set(groups.map(({ arn }) => arn));
    for (const arn of this.#needs.arns()) {
      if (!own.has(arn) && troubles.set(arn, 'admission', this.#troublesOf(arn))) onTroublesChanged(arn);
    }
  }

  #troublesOf(arn: string): readonly TargetTrouble[] {
    const { admissions } = this.#options;
    const { troubles, service, reaches } = this.#needs.get(arn) ?? needsNothing;
    // A security group with a refused rule may still admit these targets by its other rules.
    const closed = new Set(reaches.filter((reach) => !admissions.admits(reach)).map(({ groupId }) => groupId));
    const refused = [...closed].flatMap((groupId) => this.#refused.problemOf(groupId) ?? []);
    return [...troubles, ...notAdmitted(service, refused)];
  }

  /**
   * Whether the known needs are all needs of the cluster. Every Gateway must have had its pass. Every target group must be
   * known, because an earlier process may have left a replaced group.
   */
  #isComplete(): boolean {
    const { seesAllNamespaces, ownGateways, inventory, isKnown } = this.#options;
    return (
      seesAllNamespaces &&
      ownGateways().every(({ metadata }) => isKnown(objectKey(metadata))) &&
      inventory.targetGroups().every((arn) => this.#needs.get(arn) !== undefined)
    );
  }
}

/** The network cannot be read now. */
class NetworkUnknown extends Error {
  override readonly name = 'NetworkUnknown';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super('The network is not known');
    this.problems = problems;
  }
}

/** Only refusals count. If AWS did not answer, the targets may be reachable, and AWS may answer soon. */
const notAdmitted = (service: ObjectKey | undefined, problems: readonly Problem[]): readonly TargetTrouble[] =>
  service === undefined
    ? []
    : problems.filter(isRefusal).map((cause) => ({ kind: 'targets-not-admitted', service, cause }));
