// What a term knows of AWS and how it acts there: the inventory and all that stands around it, for the passes to share.

import type { Gateway } from '../api/gateway-api.ts';
import { Admissions, desiredAdmissions, type Reach, removeBackendSecurityGroup } from '../aws/admissions.ts';
import { type AwsClients, createAwsClients } from '../aws/clients.ts';
import type { DiffOptions } from '../aws/diff/diff.ts';
import { stepId } from '../aws/diff/draft.ts';
import type { Plan } from '../aws/diff/step.ts';
import { AwsError, LeaseLostError, toProblem } from '../aws/errors.ts';
import { executePlan, type Outcome } from '../aws/execute/execute.ts';
import type { Drift } from '../aws/inventory/audit.ts';
import { Inventory } from '../aws/inventory.ts';
import { KeyedLock } from '../aws/keyed-lock.ts';
import { Limits } from '../aws/limits.ts';
import { Membership } from '../aws/membership.ts';
import { type ClusterIdentity, gatewayTagValue, resourceId } from '../aws/model/naming.ts';
import { DEFAULT_QUOTAS } from '../aws/model/options.ts';
import type { Model, ResourceId } from '../aws/model/resources.ts';
import type { Observed, OwnedResource } from '../aws/observed.ts';
import type { Problem } from '../gateway/problem.ts';
import { certificateSecrets } from '../gateway/references.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { type Binding, Bindings } from './bindings.ts';
import { Holds } from './holds.ts';
import { membershipStore } from './membership-store.ts';
import { findRegion, type NetworkResult, Place } from './place.ts';
import { Reaches } from './reach.ts';
import { targetsOf } from './targets.ts';
import type { CloudContext } from './term.ts';

const backendGroup = resourceId('security-group', 'backend');

/** The certificates that these Gateways' Secrets stand for. */
const certificatesOf = (gateways: readonly Gateway[]): ReadonlySet<ResourceId> =>
  new Set(gateways.flatMap(certificateSecrets).map((secret) => resourceId('certificate', secret)));

export interface Release {
  /** When to try again what is still in use, in milliseconds since the epoch; absent where nothing is awaited. */
  readonly retryAt?: number;
  readonly problems: readonly Problem[];
}

/** A target group that stands, and what it was made for. */
type Membered = Pick<Binding, 'arn' | 'group'>;

const eachOnce = (reaches: readonly Reach[]): readonly Reach[] => [
  ...new Map(reaches.map((reach) => [`${reach.groupId} ${reach.targetType} ${reach.port}`, reach])).values(),
];

/** Stands for no Gateway, where what is shared is removed. */
const sharedOwner = objectKey({ name: 'shared' });

const removal = (resources: readonly OwnedResource[]): Plan => ({
  steps: resources.map((existing) => ({
    kind: 'delete',
    id: stepId('delete', existing.arn),
    after: [],
    resource: existing.id,
    existing,
  })),
  existing: new Map(),
  pending: [],
});

const isProvisioning = (resource: OwnedResource): boolean =>
  resource.kind === 'load-balancer' && resource.state === 'provisioning';

/** How often the state of load balancers is read at most, in milliseconds. */
const pollMs = 2500;

/** How long the end of a term may take. In milliseconds. */
const closeMs = 2000;

/** How long to wait before AWS is asked again for what it would not tell. In milliseconds. */
const reopenMs = 5000;

export class Cloud {
  readonly inventory: Inventory;
  readonly bindings = new Bindings();
  readonly clients: AwsClients;
  readonly membership: Membership;
  readonly locks = new KeyedLock();
  readonly cluster: ClusterIdentity;
  readonly region: string;
  readonly diffOptions: DiffOptions = { rulesPerLoadBalancer: DEFAULT_QUOTAS.rulesPerLoadBalancer };
  readonly #term: CloudContext;
  readonly #signal: AbortSignal;
  readonly #place: Place;
  readonly #admissions: Admissions;
  readonly #reaches: Reaches;
  /** What each target group needs to reach, by ARN. */
  readonly #needs = new Map<string, readonly Reach[]>();
  readonly #models = new Map<ObjectKey, Model>();
  /** The target groups whose health the last plan waited for. */
  readonly #awaited = new Map<ObjectKey, readonly ResourceId[]>();
  /** Gateways of which AWS has nothing any more, though the cluster may still show them: of several, the last one cleans up. */
  readonly #gone = new Set<ObjectKey>();
  readonly #holds: Holds;
  /** Outlives the term's signal for as long as it takes to keep what is known. */
  readonly #closing = new AbortController();
  #polledAt = Number.NEGATIVE_INFINITY;
  #opening: Promise<readonly Problem[]> | undefined;

  private constructor(term: CloudContext, region: string, signal: AbortSignal) {
    this.region = region;
    const { config, clock, logger, metrics, caches, client, namespace, isLeader } = term;
    this.#term = term;
    this.#signal = signal;
    this.#holds = new Holds(clock);
    this.cluster = { clusterName: config.clusterName, clusterUid: term.clusterUid };
    this.clients = createAwsClients({
      region,
      userAgent: 'gatehouse',
      mayCall: () => {
        if (!isLeader()) throw new LeaseLostError('The lease is lost');
      },
      limits: new Limits(clock),
      metrics: metrics.aws,
      signal,
    });
    const persistence = membershipStore(client, namespace, this.#closing.signal);
    this.membership = new Membership({ persistence, clock, logger, signal });
    const { clients, cluster, membership } = this;
    this.inventory = new Inventory({ clients, cluster, membership, clock });
    this.#admissions = new Admissions(clients, cluster);
    this.#reaches = new Reaches(clients, config.clusterName, clock);
    const nodes = () => caches.nodes.list();
    this.#place = new Place({ config, clients, cluster, region, nodes, clock, env: term.env, signal });
  }

  /** @throws ConfigError when nothing tells the region */
  static async open(term: CloudContext, signal: AbortSignal): Promise<Cloud> {
    return new Cloud(term, await findRegion(term.config, term.caches.nodes.list(), term.env, signal), signal);
  }

  /** Learns, once, what exists. @returns what stands in the way of doing anything */
  ready(): Promise<readonly Problem[]> {
    this.#opening ??= this.#load().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #load(): Promise<readonly Problem[]> {
    const problems = await this.#problemsOf(resourceId('inventory'), async () => {
      await this.membership.load();
      return this.inventory.load();
    });
    if (problems.length > 0) {
      const reopen = () => {
        this.#opening = undefined;
      };
      this.#term.clock.sleep(reopenMs, this.#signal).then(reopen, reopen);
    }
    return problems;
  }

  /** The ARN of the certificate that was imported from a Secret last, if it is there. */
  imported(secret: ObjectKey): string | undefined {
    const outdated = new Set(this.inventory.outdatedCertificates().map(({ arn }) => arn));
    return this.inventory.find(resourceId('certificate', secret)).find(({ arn }) => !outdated.has(arn))?.arn;
  }

  /** The subnets that a Gateway's load balancer of this scheme stands in; none where there is none. */
  subnetsOf(gateway: ObjectKey, scheme: string): readonly string[] {
    const id = resourceId('load-balancer', scheme);
    const [found] = this.inventory.find(id, gatewayTagValue(gateway));
    return found?.kind === 'load-balancer' ? found.subnets : [];
  }

  network(): Promise<NetworkResult> {
    return this.#place.network();
  }

  /** What is around may have been what AWS, or the model, took offence at: the next pass reads it again. */
  forgetNetwork(): void {
    this.#place.forget();
  }

  /**
   * Passes, audits and sweeps of one Gateway take turns: what one reads would be untrue by the time that another has
   * changed it.
   */
  exclusive<T>(gateway: ObjectKey, work: () => Promise<T>): Promise<T> {
    return this.locks.run(`gateway ${gatewayTagValue(gateway)}`, work);
  }

  /** What exists of a Gateway; what AWS does by itself is looked up where the last pass waited for it. */
  async observe(gateway: ObjectKey): Promise<{ readonly observed: Observed; readonly problems: readonly Problem[] }> {
    this.#gone.delete(gateway);
    const { resources } = this.inventory.observed(gateway, this.#term.clock.now());
    const awaited = this.#awaited.get(gateway) ?? [];
    const groups = resources.flatMap(({ kind, id, arn }) =>
      kind === 'target-group' && awaited.includes(id) ? [arn] : [],
    );
    // Without an answer, what is remembered is what the pass goes by.
    const problems = await this.#problemsOf(resourceId('inventory'), async () => {
      if (resources.some(isProvisioning)) await this.#pollLoadBalancers();
      if (groups.length > 0) await this.inventory.refreshTargetHealth(groups);
      return [];
    });
    return { observed: this.inventory.observed(gateway, this.#term.clock.now()), problems };
  }

  /** Whether AWS itself has nothing of the Gateway any more: what a finalizer may go by. */
  async confirmGone(gateway: ObjectKey): Promise<{ readonly gone: boolean; readonly problems: readonly Problem[] }> {
    let gone = false;
    const problems = await this.#problemsOf(resourceId('inventory'), async () => {
      gone = await this.inventory.confirmGone(gateway);
      return [];
    });
    return { gone, problems };
  }

  /** Whether AWS is still at work on a load balancer of the Gateway. */
  isProvisioning(gateway: ObjectKey): boolean {
    return this.inventory.owned(gatewayTagValue(gateway)).some(isProvisioning);
  }

  /** One call for all that are being provisioned: the passes that wait for them come at different times. */
  async #pollLoadBalancers(): Promise<void> {
    const now = this.#term.clock.monotonic();
    if (now - this.#polledAt < pollMs) return;
    this.#polledAt = now;
    const owned = this.inventory.gateways().flatMap((gateway) => this.inventory.owned(gateway));
    await this.inventory.refreshLoadBalancers(owned.filter(isProvisioning).map(({ arn }) => arn));
  }

  execute(gateway: ObjectKey, plan: Plan): Promise<Outcome> {
    const { clients, inventory, membership, locks, cluster } = this;
    const { clock, logger, caches } = this.#term;
    this.#awaited.set(
      gateway,
      plan.pending.flatMap(({ kind, resource }) => (kind === 'target-group-health' ? [resource] : [])),
    );
    return executePlan(plan, {
      gateway,
      clients,
      inventory,
      membership,
      locks,
      cluster,
      clock,
      logger: logger.child({ gateway }),
      signal: this.#signal,
      secretOf: (key) => caches.secrets.get(key),
      targetsOf: (group) => targetsOf(caches, group),
    });
  }

  /**
   * Remembers how a pass left a Gateway, and admits its load balancer to its targets.
   * @returns what AWS refused
   */
  async settle(gateway: ObjectKey, model: Model): Promise<readonly Problem[]> {
    const { resources } = this.inventory.observed(gateway, this.#term.clock.now());
    const before = this.bindings.ofGateway(gateway);
    const fresh = this.bindings.bind(gateway, model, resources);
    const bindings = this.bindings.ofGateway(gateway);
    const kept = new Set(bindings.map(({ arn }) => arn));
    for (const { arn } of before) if (!kept.has(arn)) this.#needs.delete(arn);
    // A group without a backend never has a target.
    const empty = new Set(model.resources.flatMap((it) => (it.kind === 'target-group' && !it.backend ? [it.id] : [])));
    for (const { id, arn } of resources) if (empty.has(id)) this.#needs.set(arn, []);
    this.#term.targetsDue(fresh);
    return this.admit(bindings, () => this.#models.set(gateway, model));
  }

  /** Forgets how the passes left a Gateway; what exists of it is still in the inventory. */
  release(gateway: ObjectKey): void {
    for (const { arn } of this.bindings.ofGateway(gateway)) this.#needs.delete(arn);
    this.bindings.release(gateway);
    this.#models.delete(gateway);
    this.#awaited.delete(gateway);
  }

  /**
   * Lets the load balancers through to these groups' targets, beside those that the groups have had: AWS may still send
   * them requests.
   * @param learned called as soon as it is known what they need
   * @returns what AWS refused
   */
  async admit(groups: readonly Membered[], learned: () => void = () => undefined): Promise<readonly Problem[]> {
    return this.#problemsOf(resourceId('admissions'), async () => {
      for (const [arn, reaches] of await this.#reachesOf(groups)) {
        this.#needs.set(arn, eachOnce([...(this.#needs.get(arn) ?? []), ...reaches]));
      }
      learned();
      return this.#bringAdmissions();
    });
  }

  /** Shuts out what only targets have needed that these groups do not have any more. @returns what AWS refused */
  async confine(groups: readonly Membered[]): Promise<readonly Problem[]> {
    return this.#problemsOf(resourceId('admissions'), async () => {
      const now = await this.#reachesOf(groups);
      const isLess = now.some(([arn, reaches]) => reaches.length < (this.#needs.get(arn)?.length ?? 0));
      for (const [arn, reaches] of now) this.#needs.set(arn, reaches);
      return isLess ? this.#bringAdmissions() : [];
    });
  }

  async #reachesOf(groups: readonly Membered[]): Promise<readonly (readonly [string, readonly Reach[]])[]> {
    const { caches } = this.#term;
    const nodes = new Map(caches.nodes.list().map((node) => [node.metadata.name, node]));
    return Promise.all(
      groups.map(async ({ arn, group }) => {
        const slices = group.backend ? caches.endpointSlices.byIndex('service', group.backend.service) : [];
        return [arn, await this.#reaches.of(group, targetsOf(caches, group), slices, nodes)] as const;
      }),
    );
  }

  /**
   * Removes what Gateways share and none uses any more: certificates, and with the last Gateway the backend group and what
   * admits it.
   * @param leaving a Gateway that is as good as gone: of what others hold, it waits for its own
   */
  async releaseShared(leaving?: ObjectKey): Promise<Release> {
    if (leaving !== undefined) this.#gone.add(leaving);
    const gateways = this.#usersOfShared();
    const unused = this.#unusedCertificates(gateways);
    const tried = unused.filter(({ arn }) => this.#holds.isDue(arn));
    const outcome = tried.length === 0 ? undefined : await this.execute(leaving ?? sharedOwner, removal(tried));
    for (const { id, arn } of tried) {
      if (outcome?.pending.includes(id) === true) this.#holds.hold(arn);
      else this.#holds.free(arn);
    }
    const problems = [...(outcome?.problems ?? [])];
    const isLast = gateways.length === 0;
    if (isLast) problems.push(...(await this.#releaseBackendGroup()));
    const own = certificatesOf(this.#term.ownGateways().filter(({ metadata }) => objectKey(metadata) === leaving));
    const awaited = unused.filter(({ id }) => leaving === undefined || isLast || own.has(id)).map(({ arn }) => arn);
    const retryAt = this.#holds.nextDue(isLast ? [...awaited, backendGroup] : awaited);
    return { problems, ...(retryAt !== undefined && { retryAt }) };
  }

  /** Another Gatehouse may serve other namespaces, and orphans wait for the sweep: they still need what is shared. */
  #releaseBackendGroup(): Promise<readonly Problem[]> {
    return this.#problemsOf(backendGroup, async () => {
      if (!this.#holds.isDue(backendGroup) || (await this.inventory.hasLoadBalancers())) return [];
      return await this.locks.run('admissions', async () => {
        // Looking took its time: a Gateway that came meanwhile needs what is shared.
        if (this.#usersOfShared().length > 0) return [];
        const refused = await this.#admissions.bring([], '', true);
        if ((await removeBackendSecurityGroup(this.clients, this.cluster)) === 'in-use') this.#holds.hold(backendGroup);
        else this.#holds.free(backendGroup);
        this.#place.forget();
        return refused;
      });
    });
  }

  #usersOfShared(): readonly Gateway[] {
    return this.#term.ownGateways().filter((gateway) => !this.#gone.has(objectKey(gateway.metadata)));
  }

  /**
   * Those of Secrets that no Gateway refers to, and those that a newer import stands in for; but for what a listener still
   * serves, of a Gateway that can't be brought up to date, say.
   */
  #unusedCertificates(gateways: readonly Gateway[]): readonly OwnedResource[] {
    const { watchNamespace } = this.#term.config;
    const used = certificatesOf(gateways);
    const outdated = new Set(this.inventory.outdatedCertificates().map(({ arn }) => arn));
    const served = this.inventory.servedCertificates();
    // Who else uses the Secrets of other namespaces can't be seen from one.
    const isSeen = (id: ResourceId) =>
      watchNamespace === undefined || id.startsWith(`${resourceId('certificate', watchNamespace)}/`);
    return this.inventory
      .owned()
      .filter(({ kind, id, arn }) => kind === 'certificate' && isSeen(id) && (!used.has(id) || outdated.has(arn)))
      .filter(({ arn }) => !served.has(arn));
  }

  /** What is needed is asked only when it is our turn: it and whether that is all must be of one moment. */
  #bringAdmissions(): Promise<readonly Problem[]> {
    return this.locks.run('admissions', async () => {
      const network = await this.network();
      if (network.kind === 'unknown') return network.problems;
      const desired = desiredAdmissions([...this.#needs.values()].flat());
      return this.#admissions.bring(desired, network.network.backendSecurityGroupId, this.#sawAll());
    });
  }

  /**
   * Whether every Gateway of the cluster has had its pass, and no target group stands of which nothing is known, as one that
   * an earlier process replaced: only then is what we know to be needed all that is needed.
   */
  #sawAll(): boolean {
    if (this.#term.config.watchNamespace !== undefined) return false;
    return (
      this.#term.ownGateways().every(({ metadata }) => this.#models.has(objectKey(metadata))) &&
      this.inventory
        .gateways()
        .flatMap((gateway) => this.inventory.owned(gateway))
        .every(({ kind, arn }) => kind !== 'target-group' || this.#needs.has(arn))
    );
  }

  /** The Gateways that an audit can compare with what they should be. */
  audited(): readonly ObjectKey[] {
    return [...this.#models.keys()];
  }

  /**
   * Compares a Gateway with what is there. Targets that are not as they should be are put right; the rest is the next
   * pass's.
   * @throws AwsError
   */
  audit(gateway: ObjectKey): Promise<readonly Drift[]> {
    return this.exclusive(gateway, async () => {
      const model = this.#models.get(gateway);
      if (model === undefined) return [];
      const drift = await this.inventory.audit(gateway, model, this.locks);
      const moved = new Set(drift.flatMap(({ aspect, resource }) => (aspect === 'targets' ? [resource] : [])));
      const groups = this.bindings.ofGateway(gateway).filter(({ group }) => moved.has(group.id));
      this.#term.targetsDue(groups.flatMap(({ group }) => group.backend?.service ?? []));
      return drift;
    });
  }

  /** AWS lacked something that was remembered: within a pass, all of the Gateway is read again. */
  recheck(gateway: ObjectKey, model: Model): Promise<readonly Problem[]> {
    return this.#problemsOf(resourceId('inventory'), async () => {
      await this.inventory.audit(gateway, model, this.locks);
      return [];
    });
  }

  /**
   * Reads again what admits the load balancers to their targets; the next pass puts it right.
   * @returns by Gateway, what was taken from it
   * @throws AwsError
   */
  async auditAdmissions(): Promise<ReadonlyMap<ObjectKey, readonly Drift[]>> {
    const taken = new Set(await this.locks.run('admissions', () => this.#admissions.audit()));
    const drift = [...this.#models.keys()].map((gateway) => {
      const reaches = this.bindings.ofGateway(gateway).flatMap(({ arn }) => this.#needs.get(arn) ?? []);
      const groups = new Set(reaches.map(({ groupId }) => groupId)).intersection(taken);
      const own = [...groups].map((group): Drift => ({ resource: resourceId('admission', group), aspect: 'ingress' }));
      return [gateway, own] as const;
    });
    return new Map(drift);
  }

  /** Keeps what is known of the targets, if the lease still allows it, and for a moment only. */
  async close(): Promise<void> {
    const { clock, isLeader, logger } = this.#term;
    const cut = (): void => this.#closing.abort(new Error('The term has ended'));
    clock.sleep(closeMs, this.#closing.signal).then(cut, cut);
    if (isLeader()) {
      await this.membership.flush().catch((error: unknown) => {
        logger.warn({ err: error }, 'the targets that were confirmed could not be saved');
      });
    }
    cut();
    this.clients.destroy();
  }

  async #problemsOf(resource: ResourceId, work: () => Promise<readonly Problem[]>): Promise<readonly Problem[]> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return [toProblem(error, resource)];
    }
  }
}
