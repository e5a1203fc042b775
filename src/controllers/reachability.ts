// That load balancers reach their targets: what each target group needs to be let through to, and the rules of the
// security groups that admit it, brought to what all groups of the cluster need together.
import { type Admissions, desiredAdmissions, type Reach } from '../aws/admissions.ts';
import type { AwsClients } from '../aws/clients.ts';
import { problemsOf } from '../aws/errors.ts';
import type { Drift } from '../aws/inventory/audit.ts';
import type { Inventory } from '../aws/inventory.ts';
import type { KeyedLock } from '../aws/keyed-lock.ts';
import { resourceId } from '../aws/model/naming.ts';
import type { Problem } from '../gateway/problem.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Binding } from './bindings.ts';
import type { Place } from './place.ts';
import { Reaches } from './reach.ts';
import { targetsOf } from './targets.ts';
import type { CloudContext } from './term.ts';

/** A target group that stands, and what it was made for. */
type Membered = Pick<Binding, 'arn' | 'group'>;

type Needs = readonly (readonly [arn: string, reaches: readonly Reach[]])[];

const admissionsId = resourceId('admissions');

const keyOf = ({ groupId, targetType, port }: Reach): string => `${groupId} ${targetType} ${port}`;

const eachOnce = (reaches: readonly Reach[]): readonly Reach[] => [
  ...new Map(reaches.map((reach) => [keyOf(reach), reach])).values(),
];

const keysOf = (reaches: readonly Reach[]): ReadonlySet<string> => new Set(reaches.map(keyOf));

export interface ReachabilityOptions {
  readonly term: CloudContext;
  readonly clients: AwsClients;
  readonly inventory: Inventory;
  readonly locks: KeyedLock;
  readonly place: Place;
  readonly admissions: Admissions;
  /** Whether a Gateway's pass has told all that its groups need. */
  readonly isSettled: (gateway: ObjectKey) => boolean;
}

export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #reaches: Reaches;
  /** What each target group needs to reach, by ARN. */
  readonly #needs = new Map<string, readonly Reach[]>();
  /** How often what is needed, or what is known of the rules, has changed. */
  #changes = 1;
  /** Up to which of these changes the rules stand. Most changes of targets need nothing new: they cost no look at all. */
  #standing = 0;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    const { clients, term } = options;
    this.#reaches = new Reaches(clients, term.config.clusterName, term.clock);
  }

  /**
   * Lets the load balancers through to these groups' targets, beside those that the groups have had: AWS may still send
   * them requests.
   * @param learned called as soon as it is known what they need: it may have been the last that was not known
   * @returns what AWS refused
   */
  async admit(groups: readonly Membered[], learned?: () => void): Promise<readonly Problem[]> {
    return problemsOf(admissionsId, async () => {
      for (const [arn, reaches] of await this.#needsOf(groups)) {
        this.#need(arn, eachOnce([...(this.#needs.get(arn) ?? []), ...reaches]));
      }
      learned?.();
      return learned !== undefined || this.#isDue() ? this.#bring() : [];
    });
  }

  /** Shuts out what only targets have needed that these groups do not have any more. @returns what AWS refused */
  async confine(groups: readonly Membered[]): Promise<readonly Problem[]> {
    return problemsOf(admissionsId, async () => {
      for (const [arn, reaches] of await this.#needsOf(groups)) this.#need(arn, reaches);
      return this.#isDue() ? this.#bring() : [];
    });
  }

  /** Takes note of a group that never has a target. */
  needsNothing(arn: string): void {
    this.#need(arn, []);
  }

  forget(arn: string): void {
    if (this.#needs.delete(arn)) this.#changes += 1;
  }

  /**
   * Reads the rules again; the next pass puts them right.
   * @returns the security groups that someone else has taken a rule from
   * @throws AwsError
   */
  async audit(): Promise<ReadonlySet<string>> {
    const { locks, admissions } = this.#options;
    this.#changes += 1;
    return new Set(await locks.run('admissions', () => admissions.audit()));
  }

  /** What these target groups need of the rules that were taken. @param taken as audit found it */
  lost(groups: readonly Membered[], taken: ReadonlySet<string>): readonly Drift[] {
    const reaches = groups.flatMap(({ arn }) => this.#needs.get(arn) ?? []);
    const lost = new Set(reaches.map(({ groupId }) => groupId)).intersection(taken);
    return [...lost].map((group) => ({ resource: resourceId('admission', group), aspect: 'ingress' }));
  }

  /** Also while the rules are being brought: who needs them waits for his turn. */
  #isDue(): boolean {
    return this.#standing < this.#changes;
  }

  #need(arn: string, reaches: readonly Reach[]): void {
    const before = this.#needs.get(arn);
    this.#needs.set(arn, reaches);
    if (before === undefined || keysOf(before).symmetricDifference(keysOf(reaches)).size > 0) this.#changes += 1;
  }

  async #needsOf(groups: readonly Membered[]): Promise<Needs> {
    const { caches } = this.#options.term;
    const nodes = new Map(caches.nodes.list().map((node) => [node.metadata.name, node]));
    return Promise.all(
      groups.map(async ({ arn, group }) => {
        const slices = group.backend ? caches.endpointSlices.byIndex('service', group.backend.service) : [];
        return [arn, await this.#reaches.of(group, targetsOf(caches, group), slices, nodes)] as const;
      }),
    );
  }

  /** What is needed is asked only when it is our turn: it and whether that is all must be of one moment. */
  #bring(): Promise<readonly Problem[]> {
    const { locks, place, admissions } = this.#options;
    return locks.run('admissions', async () => {
      const network = await place.network();
      if (network.kind === 'unknown') return network.problems;
      const desired = desiredAdmissions([...this.#needs.values()].flat());
      const changes = this.#changes;
      const refused = await admissions.bring(desired, network.network.backendSecurityGroupId, this.#sawAll());
      if (refused.length === 0) this.#standing = changes;
      return refused;
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
