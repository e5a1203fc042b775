// What a term knows of AWS, and how it acts there. The passes share it.

import type { Gateway } from '../api/gateway-api.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { ProviderContext } from '../provider/context.ts';
import { type AwsClients, createAwsClients } from './clients.ts';
import { LeaseLostError, problemsOf } from './errors.ts';
import { HeldDeletions } from './execute/held-deletions.ts';
import { Runs } from './execute/runs.ts';
import { type AuditContext, type AuditTurns, atOnce, auditGateway } from './inventory/audit.ts';
import { CertificateOwners } from './inventory/certificate-owners.ts';
import type { Drift } from './inventory/drift.ts';
import { ForeignRules } from './inventory/foreign-rules.ts';
import { Inventory } from './inventory/inventory.ts';
import { Opening } from './inventory/opening.ts';
import { Progress } from './inventory/progress.ts';
import { KeyedLock } from './keyed-lock.ts';
import { Limits } from './limits.ts';
import { type ClusterIdentity, gatewayTagValue, resourceId } from './model/naming.ts';
import { gatewayOwner, type Owner, ownerTag } from './model/owner.ts';
import type { Model, TargetSelection } from './model/resources.ts';
import type { Target } from './model/targets.ts';
import { findRegion, Place } from './network/place.ts';
import type { Observed } from './observed.ts';
import { OwnWrites } from './own-writes.ts';
import type { Problem } from './problem.ts';
import { Admissions } from './reach/admissions.ts';
import { Reachability } from './reach/reachability.ts';
import { ReleasePass } from './shared/release-pass.ts';
import { Shared } from './shared/shared.ts';
import { type Binding, Bindings } from './targets/bindings.ts';
import type { Health, OnHealth } from './targets/health.ts';
import { registerLoadBalancers } from './targets/load-balancer-target.ts';
import { membersOf, withMembers } from './targets/members.ts';
import { Membership } from './targets/membership.ts';
import { membershipStore } from './targets/membership-store.ts';
import type { TargetsContext } from './targets/sync-targets.ts';
import { TargetRefusals } from './targets/target-refusals.ts';
import { TargetTroubles } from './targets/target-troubles.ts';
import { termEndMs, writeVisibleMs } from './timings.ts';

const inventoryId = resourceId('inventory');

export interface CloudContext extends ProviderContext {
  /** The Gateways that are ours, or were and are still held by our finalizer. */
  readonly ownGateways: () => readonly Gateway[];
}

export class Cloud {
  readonly inventory: Inventory;
  readonly bindings = new Bindings();
  readonly clients: AwsClients;
  readonly membership: Membership;
  readonly troubles = new TargetTroubles();
  readonly refusals: TargetRefusals;
  readonly locks = new KeyedLock();
  readonly cluster: ClusterIdentity;
  readonly region: string;
  readonly place: Place;
  readonly progress: Progress;
  readonly reachability: Reachability;
  /** How long an old address still serves, in milliseconds. */
  readonly handover: number;
  readonly runs: Runs;
  readonly shared: Shared;
  readonly releasePass: ReleasePass;
  readonly held: HeldDeletions;
  readonly certificateOwners: CertificateOwners;
  readonly foreignRules = new ForeignRules();
  readonly #term: CloudContext;
  readonly #opening: Opening;
  /** The models that the last passes applied. */
  readonly #models = new Map<ObjectKey, Model>();
  /** By target group, as last read. */
  readonly #targetStates = new Map<string, Health['states']>();
  /** Aborts a little later than the term's signal, so that members can be saved. */
  readonly #closing = new AbortController();

  private constructor(term: CloudContext, region: string, signal: AbortSignal) {
    this.region = region;
    const { config, clock, logger, metrics, sources, client, namespace, isLeader } = term;
    this.#term = term;
    this.handover = config.handoverPeriod;
    this.cluster = { clusterName: config.clusterName, clusterUid: term.clusterUid };
    this.clients = createAwsClients({
      region,
      userAgent: 'gatehouse',
      mayCall: () => {
        if (!isLeader()) throw new LeaseLostError('The lease is lost');
      },
      limits: new Limits(clock, config.awsRateFactor),
      writes: new OwnWrites(clock, Math.min(writeVisibleMs, config.auditPeriod / 10)),
      metrics: metrics.aws,
      signal,
    });
    const persistence = membershipStore(client, namespace, this.#closing.signal);
    this.membership = new Membership({ persistence, clock, logger, signal });
    this.refusals = new TargetRefusals(clock);
    const { clients, cluster, membership, locks, troubles } = this;
    this.inventory = new Inventory({ clients, cluster, membership, clock, onHealth: this.#onHealth });
    const nodes = () => sources.nodes();
    this.place = new Place({ config, clients, cluster, region, nodes, clock, logger, env: term.env, signal });
    this.held = new HeldDeletions(clients, clock);
    const { inventory, place } = this;
    this.certificateOwners = new CertificateOwners({ clients, cluster, inventory, clock });
    this.#opening = new Opening({ inventory, membership, clock, signal });
    this.progress = new Progress(inventory, clock);
    const { refusals, where, progress } = this;
    const knowledge = { clients, inventory, membership, troubles, refusals, where, locks, cluster, progress };
    this.runs = new Runs({
      ...knowledge,
      handover: this.handover,
      clock,
      logger,
      signal,
      secretOf: (key) => sources.secret(key),
      targetsOf: (group) => membersOf(sources, group),
    });
    const { ownGateways } = term;
    const admissions = new Admissions(clients, cluster);
    const around = { clients, inventory, locks, place, admissions, clock, ownGateways };
    this.reachability = new Reachability({
      ...around,
      clusterName: config.clusterName,
      nodes,
      seesAllNamespaces: config.watchNamespace === undefined,
      troubles,
      where: this.where,
      onTroublesChanged: (arn) => {
        const binding = this.bindings.ofGroup(arn);
        if (binding !== undefined) term.gatewayDue(binding.gateway);
      },
      isServing: (gateway) => this.progress.isServing(gateway),
      isKnown: (gateway) => this.#models.has(gateway),
    });
    this.shared = new Shared({
      ...around,
      cluster,
      listenerSetsOf: (gateway) => sources.listenerSetsByParent(gateway),
      watchNamespace: config.watchNamespace,
      execute: (owner, plan) => this.runs.execute(owner, plan),
    });
    const onProblemsChanged = () => {
      for (const { metadata } of ownGateways()) term.gatewayDue(objectKey(metadata));
    };
    this.releasePass = new ReleasePass({ shared: this.shared, clock, logger, onProblemsChanged });
  }

  readonly #onHealth: OnHealth = (arn, { states, silent }) => {
    this.#targetStates.set(arn, states);
    if (silent.length > 0) this.#lookAgain(arn, silent);
  };

  /** @throws ConfigError if the region is not known */
  static async open(term: CloudContext, signal: AbortSignal): Promise<Cloud> {
    return new Cloud(term, await findRegion(term.config, term.sources.nodes(), term.env, signal), signal);
  }

  /** Where addresses are. If the network is not known, all count as inside the VPC, and AWS refuses the others. */
  readonly where: TargetsContext['where'] = async (maxAgeMs) => {
    const network = await this.place.network(maxAgeMs);
    return network.kind === 'known' ? network.where : () => 'inside';
  };

  /** Learns once what exists. @returns what keeps every pass from working */
  ready(): Promise<readonly Problem[]> {
    return this.#opening.ready();
  }

  /** Passes, audits and sweeps of one Gateway take turns, because each would change what another has just read. */
  exclusive<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
    return this.locks.run(`gateway ${ownerTag(owner)}`, work);
  }

  /** The existing resources of a Gateway. Reads what AWS does by itself, if the last pass waited for it. */
  async observe(gateway: ObjectKey): Promise<{ readonly observed: Observed; readonly problems: readonly Problem[] }> {
    this.shared.uses(gateway);
    // Without an answer, the pass uses what is remembered.
    const problems = await problemsOf(inventoryId, async () => {
      await this.progress.refresh(gateway);
      return [];
    });
    return { observed: this.inventory.observed(gatewayOwner(gateway), this.#term.clock.now()), problems };
  }

  /** Ends a Gateway's pass: remembers its model, and binds its target groups. @returns what AWS refused */
  async finish(gateway: ObjectKey, model: Model): Promise<readonly Problem[]> {
    // If the backend of an existing group is not known, its targets stay as they are.
    const kept = (model.standing ?? []).filter(({ backend }) => backend !== undefined);
    const groups = [...model.resources.filter((resource) => resource.kind === 'target-group'), ...kept];
    return this.bind(gateway, groups, () => this.#models.set(gateway, model));
  }

  /**
   * From now on the targets of these groups are kept up to date, if the groups exist. Admits the load balancers to the targets.
   * @param learned called as soon as it is known what the groups need to reach
   * @returns what AWS refused
   */
  async bind(
    gateway: ObjectKey,
    groups: readonly TargetSelection[],
    learned?: () => void,
  ): Promise<readonly Problem[]> {
    const { resources } = this.inventory.observed(gatewayOwner(gateway), this.#term.clock.now());
    const before = this.bindings.ofGateway(gateway);
    const fresh = this.bindings.bind(gateway, groups, resources);
    const bindings = this.bindings.ofGateway(gateway);
    const kept = new Set(bindings.map(({ arn }) => arn));
    for (const { arn } of before) if (!kept.has(arn)) this.#forget(arn);
    const empty = new Set(groups.flatMap(({ id, backend }) => (backend ? [] : [id])));
    for (const { id, arn } of resources) if (empty.has(id)) this.reachability.needsNothing(arn);
    this.#term.endpointsDue(fresh);
    const refused = await registerLoadBalancers(this, bindings, resources);
    const made = new Set(bindings.map(({ group }) => group.id));
    const coming = groups.flatMap((group) => (made.has(group.id) ? [] : { group }));
    const { sources } = this.#term;
    const needed = { gateway, groups: withMembers(sources, coming) };
    return [...refused, ...(await this.reachability.admit(withMembers(sources, bindings), needed, learned))];
  }

  /** Admits the load balancers to the targets of these groups, before AWS is told to reach them there. @returns what AWS refused */
  admit(groups: readonly Binding[]): Promise<readonly Problem[]> {
    return this.reachability.admit(withMembers(this.#term.sources, groups));
  }

  /** Forgets the passes of a Gateway. Its resources stay in the inventory. */
  release(gateway: ObjectKey): void {
    for (const { arn } of this.bindings.ofGateway(gateway)) this.#forget(arn);
    this.reachability.expectNothing(gateway);
    this.bindings.release(gateway);
    this.#models.delete(gateway);
    this.progress.forget(gateway);
    this.runs.forget(gateway);
    this.foreignRules.forget(gateway);
  }

  /** How many targets each Gateway has in each of AWS's states, as last read. */
  *targetStates(): Generator<{ readonly gateway: ObjectKey; readonly state: string; readonly count: number }> {
    for (const gateway of this.#models.keys()) {
      const counts = new Map<string, number>();
      for (const { arn } of this.bindings.ofGateway(gateway)) {
        for (const [state, count] of Object.entries(this.#targetStates.get(arn) ?? {})) {
          counts.set(state, (counts.get(state) ?? 0) + count);
        }
      }
      for (const [state, count] of counts) yield { gateway, state, count };
    }
  }

  #forget(targetGroup: string): void {
    this.#targetStates.delete(targetGroup);
    this.reachability.forget(targetGroup);
    this.troubles.forget(targetGroup);
    this.refusals.forget(targetGroup);
  }

  /** Whether AWS's own lists show nothing of the Gateway any more. Only then may the finalizer be removed. */
  async confirmGone(gateway: ObjectKey): Promise<{ readonly gone: boolean; readonly problems: readonly Problem[] }> {
    let gone = false;
    const problems = await problemsOf(inventoryId, async () => {
      gone = await this.inventory.confirmGone(gatewayOwner(gateway));
      return [];
    });
    return { gone, problems };
  }

  /** The Gateways with a model, which audits compare with AWS. */
  audited(): readonly ObjectKey[] {
    return [...this.#models.keys()];
  }

  /**
   * Compares a Gateway with AWS, piece by piece: passes run in between. Wrong targets are corrected by the endpoints pass, and
   * everything else by the Gateway's next pass.
   * @throws AwsError
   */
  async audit(gateway: ObjectKey): Promise<readonly Drift[]> {
    const turns = {
      model: () => this.#models.get(gateway),
      exclusive: (piece: () => Promise<void>) => this.exclusive(gatewayOwner(gateway), piece),
    };
    const drift = await this.#audit(gateway, turns);
    this.foreignRules.note(gateway, drift);
    const moved = new Set(drift.flatMap(({ aspect, resource }) => (aspect === 'targets' ? [resource] : [])));
    const groups = this.bindings.ofGateway(gateway).filter(({ group }) => moved.has(group.id));
    this.#term.endpointsDue(groups.flatMap(({ group }) => group.backend?.service ?? []));
    return drift;
  }

  /**
   * Looks up all targets again, and reads the rules that admit load balancers to them.
   * @returns the security groups from which someone else has removed a rule
   * @throws AwsError
   */
  async auditReach(): Promise<ReadonlySet<string>> {
    if (await this.reachability.refresh()) this.#term.endpointsDue(this.bindings.services());
    return this.reachability.audit();
  }

  /** Called for targets that do not answer: other security groups may be in front of them now. */
  #lookAgain(arn: string, targets: readonly Target[]): void {
    const service = this.bindings.ofGroup(arn)?.group.backend?.service;
    if (service === undefined || !this.reachability.suspect(targets)) return;
    this.#term.endpointsDue([service]);
  }

  /** Reads everything of a Gateway again, within its pass, because AWS lacked something that was remembered. */
  recheck(gateway: ObjectKey, model: Model): Promise<readonly Problem[]> {
    return problemsOf(inventoryId, async () => {
      await this.#audit(gateway, atOnce(model));
      return [];
    });
  }

  #audit(gateway: ObjectKey, turns: AuditTurns): Promise<readonly Drift[]> {
    const { clients, inventory, membership, locks } = this;
    const context: AuditContext = { clients, inventory, membership, locks, onHealth: this.#onHealth };
    return auditGateway(context, gatewayTagValue(gateway), turns);
  }

  /** Saves the members, if the lease is still ours. It takes a moment at most. */
  async close(): Promise<void> {
    const { clock, isLeader, logger } = this.#term;
    const cut = (): void => this.#closing.abort(new Error('The term has ended'));
    clock.sleep(termEndMs, this.#closing.signal).then(cut, cut);
    if (isLeader()) {
      await this.membership.flush().catch((error: unknown) => {
        logger.warn({ err: error }, 'the targets that were confirmed could not be saved');
      });
    }
    cut();
    this.clients.destroy();
  }
}
