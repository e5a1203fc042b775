// That load balancers reach their targets: what each target group needs to be let through to, and the rules of the
// security groups that admit it, brought to what all groups of the cluster need together.

import { type ObjectKey, objectKey } from '../../kube/object.ts';
import type { AwsClients } from '../clients.ts';
import type { CloudContext } from '../cloud.ts';
import { isRefusal } from '../cloud-problem.ts';
import { AwsError, toProblem } from '../errors.ts';
import type { Drift } from '../inventory/drift.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import { resourceId } from '../model/naming.ts';
import type { Target } from '../model/targets.ts';
import { instanceOf, type Place } from '../network/place.ts';
import type { Problem } from '../problem.ts';
import type { TargetTrouble } from '../rule-problem.ts';
import type { Binding } from '../targets/bindings.ts';
import type { Membered, WithMembers } from '../targets/members.ts';
import type { TargetsContext } from '../targets/sync-targets.ts';
import type { TargetTroubles } from '../targets/target-troubles.ts';
import { desiredAdmissions, type Reach } from './admission-ranges.ts';
import type { Admissions } from './admissions.ts';
import { Carriers } from './carriers.ts';
import { carriedOf, type Need, needOf, needsNothing } from './reach.ts';

/** A security group whose rules AWS would not change. */
interface Refused {
  readonly problem: Problem;
  readonly failures: number;
  /** Monotonic. */
  readonly retryAt: number;
}

const maxHoldMs = 300_000;

/** The passes that need the group come again ever more rarely; many of them together are no reason to try more often. */
const holdMs = (failures: number): number => (failures < 2 ? 0 : Math.min(1000 * 2 ** (failures - 2), maxHoldMs));

const admissionsId = resourceId('admissions');

const keyOf = ({ groupId, port }: Reach): string => `${groupId} ${port}`;

const eachOnce = (reaches: readonly Reach[]): readonly Reach[] => [
  ...new Map(reaches.map((reach) => [keyOf(reach), reach])).values(),
];

const keysOf = ({ reaches }: Need): ReadonlySet<string> => new Set(reaches.map(keyOf));

/** The target groups that a Gateway still lacks. */
export interface Coming {
  readonly gateway: ObjectKey;
  readonly groups: readonly WithMembers[];
}

export interface ReachabilityOptions {
  readonly term: Pick<CloudContext, 'config' | 'clock' | 'sources' | 'ownGateways'>;
  readonly clients: AwsClients;
  readonly inventory: Inventory;
  readonly locks: KeyedLock;
  readonly place: Place;
  readonly admissions: Admissions;
  readonly troubles: TargetTroubles;
  readonly where: TargetsContext['where'];
  /** Called with the ARN of a group of which there is something else to say than before. */
  readonly troubled: (arn: string) => void;
  /** Whether a Gateway's pass has told all that its groups need. */
  readonly isSettled: (gateway: ObjectKey) => boolean;
}

export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #carriers: Carriers;
  /** What each target group needs to reach, by ARN. */
  readonly #needs = new Map<string, Need>();
  /** What the target groups will need that each Gateway still lacks: their ports open once, not anew for each group made. */
  readonly #comingNeeds = new Map<ObjectKey, readonly Need[]>();
  /** By security group. */
  readonly #refused = new Map<string, Refused>();
  /** How often what is needed, or what is known of the rules, has changed. */
  #changes = 1;
  /** Up to which of these changes the rules stand. Most changes of targets need nothing new: they cost no look at all. */
  #standing = 0;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    const { clients, term } = options;
    this.#carriers = new Carriers(clients, term.config.clusterName, term.clock);
  }

  /**
   * Lets the load balancers through to these groups' targets, beside those that the groups have had: AWS may still send
   * them requests.
   * @param coming what the Gateway's target groups that do not exist yet will have as targets
   * @param learned called as soon as it is known what they need: it may have been the last that was not known
   * @returns what AWS refused
   */
  async admit(groups: readonly Membered[], coming?: Coming, learned?: () => void): Promise<readonly Problem[]> {
    return this.#told(groups, async () => {
      if (coming !== undefined) {
        const needs = await this.#needsOf(coming.groups);
        this.#comingNeeds.set(
          coming.gateway,
          needs.map(([, need]) => need),
        );
      }
      for (const [{ arn }, need] of await this.#needsOf(groups)) {
        const { reaches = [], carried = new Set<string>() } = this.#needs.get(arn) ?? {};
        this.#need(arn, {
          ...need,
          reaches: eachOnce([...reaches, ...need.reaches]),
          carried: need.carried.union(carried),
        });
      }
      learned?.();
      return this.#bring(groups, learned === undefined ? 'retries' : 'always');
    });
  }

  /** Shuts out what only targets have needed that these groups do not have any more. @returns what AWS refused */
  async confine(groups: readonly Membered[]): Promise<readonly Problem[]> {
    return this.#told(groups, async () => {
      // Whose targets can't all be found keeps what it had: they may be behind that.
      for (const [{ arn }, need] of await this.#needsOf(groups)) {
        const before = this.#needs.get(arn);
        if (before !== undefined) this.#carriers.release(before.carried.difference(need.carried));
        this.#need(arn, need.complete || before === undefined ? need : { ...need, reaches: before.reaches });
      }
      return this.#bring(groups, 'changes');
    });
  }

  /** Takes note of a group that never has a target. */
  needsNothing(arn: string): void {
    this.#need(arn, needsNothing);
  }

  /** Takes note that nothing more is made for a Gateway. */
  expectNothing(gateway: ObjectKey): void {
    if (this.#comingNeeds.delete(gateway)) this.#changes += 1;
  }

  forget(arn: string): void {
    if (this.#needs.delete(arn)) this.#changes += 1;
  }

  /** When to ask again for what EC2 did not know of these groups' targets, in milliseconds. */
  retryAfterMs(groups: readonly Pick<Binding, 'arn'>[]): number | undefined {
    const times = groups.flatMap(({ arn }) => this.#needs.get(arn)?.retryAt ?? []);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - this.#options.term.clock.monotonic());
  }

  /** These don't answer: the next pass looks again where they are. @returns whether it is time for that */
  suspect(targets: readonly Target[]): boolean {
    return this.#carriers.suspect(targets.map(({ id }) => id));
  }

  /** Looks again at all that carries targets. @returns whether anything is not as it was. @throws AwsError */
  refresh(): Promise<boolean> {
    return this.#carriers.refresh(this.#instances());
  }

  /**
   * Reads the rules again; the next pass puts them right.
   * @returns the security groups that someone else has taken a rule from
   * @throws AwsError
   */
  async audit(): Promise<ReadonlySet<string>> {
    const { locks, admissions } = this.#options;
    this.#changes += 1;
    this.#refused.clear();
    return new Set(await locks.run('admissions', () => admissions.audit()));
  }

  /** What these target groups need of the rules that were taken. @param taken as audit found it */
  lost(groups: readonly Pick<Binding, 'arn'>[], taken: ReadonlySet<string>): readonly Drift[] {
    const reaches = groups.flatMap(({ arn }) => this.#needs.get(arn)?.reaches ?? []);
    const lost = new Set(reaches.map(({ groupId }) => groupId)).intersection(taken);
    return [...lost].map((group) => ({ resource: resourceId('admission', group), aspect: 'ingress' }));
  }

  /** Also while the rules are being brought: who needs them waits for his turn. */
  #isDue(needed: ReadonlySet<string>): boolean {
    return this.#standing < this.#changes || [...needed].some((groupId) => this.#mayRetry(groupId));
  }

  #mayRetry(groupId: string): boolean {
    const refused = this.#refused.get(groupId);
    return refused !== undefined && this.#options.term.clock.monotonic() >= refused.retryAt;
  }

  #need(arn: string, need: Need): void {
    const before = this.#needs.get(arn);
    this.#needs.set(arn, need);
    if (before === undefined || keysOf(before).symmetricDifference(keysOf(need)).size > 0) this.#changes += 1;
  }

  async #needsOf<G extends WithMembers>(groups: readonly G[]): Promise<readonly (readonly [G, Need])[]> {
    const { term, place, where } = this.#options;
    const instances = new Map(term.sources.nodes().map((node) => [node.metadata.name, instanceOf(node)]));
    const isIp = groups.some(({ group }) => group.spec.targetType === 'ip');
    const whereabouts = isIp ? await where() : () => 'inside' as const;
    const carried = groups.map(({ group, members }) =>
      carriedOf(group, members, (node) => instances.get(node), whereabouts),
    );
    const { vpcId } = place;
    if (vpcId !== undefined) await this.#carriers.learn(carried.flat(), { vpcId, instances: this.#instances() });
    const find = (each: Parameters<Carriers['find']>[0]) => this.#carriers.find(each);
    return groups.map((each, index) => [each, needOf(each.group, carried[index] ?? [], find, term.config.clusterName)]);
  }

  #instances(): readonly string[] {
    return this.#options.term.sources.nodes().flatMap((node) => instanceOf(node) ?? []);
  }

  /**
   * What is needed is asked only when it is our turn: it and whether that is all must be of one moment.
   * @param when with `retries`, also if nothing has changed but what these groups need was refused
   * @returns the security groups that AWS has refused to change now
   */
  async #bring(groups: readonly Membered[], when: 'always' | 'retries' | 'changes'): Promise<ReadonlySet<string>> {
    const needed = when === 'changes' ? new Set<string>() : this.#groupsOf(groups.map(({ arn }) => arn));
    if (when !== 'always' && !this.#isDue(needed)) return new Set();
    const { locks, place, admissions } = this.#options;
    const refused = await locks.run('admissions', async () => {
      const network = await place.network();
      if (network.kind === 'unknown') throw new NetworkUnknown(network.problems);
      const needs = [...this.#needs.values(), ...[...this.#comingNeeds.values()].flat()];
      const desired = desiredAdmissions(needs.flatMap(({ reaches }) => reaches));
      const changes = this.#changes;
      // What was refused is tried again by those who need it: nobody else waits for it.
      const held = new Set([...this.#refused.keys()].filter((id) => !needed.has(id) || !this.#mayRetry(id)));
      const source = network.network.backendSecurityGroupId;
      const now = await admissions.bring(desired, source, this.#sawAll(), held);
      this.#remember(held, now);
      this.#standing = changes;
      return now;
    });
    this.#tellOthers(groups);
    return new Set(refused.keys());
  }

  /** @param held the groups that were not tried */
  #remember(held: ReadonlySet<string>, refused: ReadonlyMap<string, Problem>): void {
    const now = this.#options.term.clock.monotonic();
    for (const groupId of this.#refused.keys()) {
      if (!held.has(groupId) && !refused.has(groupId)) this.#refused.delete(groupId);
    }
    for (const [groupId, problem] of refused) {
      const failures = (this.#refused.get(groupId)?.failures ?? 0) + 1;
      this.#refused.set(groupId, { problem, failures, retryAt: now + holdMs(failures) });
    }
  }

  /** The security groups that these target groups need. */
  #groupsOf(arns: Iterable<string>): ReadonlySet<string> {
    return new Set([...arns].flatMap((arn) => this.#needs.get(arn)?.reaches ?? []).map(({ groupId }) => groupId));
  }

  /** Does the work, and says what keeps the load balancers from these groups' targets. @returns what AWS refused of that */
  async #told(groups: readonly Membered[], work: () => Promise<ReadonlySet<string>>): Promise<readonly Problem[]> {
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
    const needed = this.#groupsOf(groups.map(({ arn }) => arn));
    const neededByAny = this.#groupsOf(this.#needs.keys());
    // A rule that is to go concerns nobody any more: whoever met the refusal tells it, once.
    return [...this.#refused].flatMap(([groupId, { problem }]) =>
      needed.has(groupId) || (refused.has(groupId) && !neededByAny.has(groupId)) ? [problem] : [],
    );
  }

  /** What was refused, or is not any more, may concern the routes of other Gateways. */
  #tellOthers(groups: readonly Membered[]): void {
    const { troubles, troubled } = this.#options;
    const own = new Set(groups.map(({ arn }) => arn));
    for (const arn of this.#needs.keys()) {
      if (own.has(arn) || !troubles.set(arn, 'admission', this.#troublesOf(arn))) continue;
      troubled(arn);
    }
  }

  #troublesOf(arn: string): readonly TargetTrouble[] {
    const { admissions } = this.#options;
    const { troubles, service, reaches } = this.#needs.get(arn) ?? needsNothing;
    // A group that AWS refuses a rule of may admit these targets all the same, by the others.
    const shut = new Set(reaches.filter((reach) => !admissions.admits(reach)).map(({ groupId }) => groupId));
    const refused = [...shut].flatMap((groupId) => this.#refused.get(groupId)?.problem ?? []);
    return [...troubles, ...notAdmitted(service, refused)];
  }

  /** The ports that are open beside those of targets, in the security groups that these target groups need. */
  widened(groups: readonly Pick<Binding, 'arn'>[]): readonly Problem[] {
    return [...this.#groupsOf(groups.map(({ arn }) => arn))].flatMap((group): Problem[] => {
      const ranges = this.#options.admissions.widened(group);
      return ranges.length === 0 ? [] : [{ kind: 'admission-widened', group, ranges }];
    });
  }

  /**
   * Whether every Gateway of the cluster has had its pass, and no target group stands of which nothing is known, as one that
   * an earlier process replaced: only then is what we know to be needed all that is needed.
   */
  #sawAll(): boolean {
    const { term, inventory, isSettled } = this.#options;
    if (term.config.watchNamespace !== undefined) return false;
    return (
      term.ownGateways().every(({ metadata }) => isSettled(objectKey(metadata))) &&
      inventory.targetGroups().every((arn) => this.#needs.has(arn))
    );
  }
}

/** Where the network is can't be told now, and why. */
class NetworkUnknown extends Error {
  override readonly name = 'NetworkUnknown';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super('The network is not known');
    this.problems = problems;
  }
}

/** What AWS does not answer now it may answer soon: that is not told of targets that are maybe all well. */
const notAdmitted = (service: ObjectKey | undefined, problems: readonly Problem[]): readonly TargetTrouble[] =>
  service === undefined
    ? []
    : problems.filter(isRefusal).map((cause) => ({ kind: 'targets-not-admitted', service, cause }));
