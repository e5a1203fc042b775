// What a term knows of AWS and how it acts there: the inventory and all that stands around it, for the passes to share.

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
import { Bindings } from './targets/bindings.ts';
import type { Health, OnHealth } from './targets/health.ts';
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
  readonly runs: Runs;
  readonly shared: Shared;
  readonly releasePass: ReleasePass;
  readonly held: HeldDeletions;
  readonly certificateOwners: CertificateOwners;
  readonly #term: CloudContext;
  readonly #opening: Opening;
  /** How the passes left the Gateways. */
  readonly #models = new Map<ObjectKey, Model>();
  /** By target group, as the last look at it saw them. */
  readonly #targetStates = new Map<string, Health['states']>();
  /** Outlives the term's signal for as long as it takes to keep what is known. */
  readonly #closing = new AbortController();

  private constructor(term: CloudContext, region: string, signal: AbortSignal) {
    this.region = region;
    const { config, clock, logger, metrics, sources, client, namespace, isLeader } = term;
    this.#term = term;
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

  /** @throws ConfigError when nothing tells the region */
  static async open(term: CloudContext, signal: AbortSignal): Promise<Cloud> {
    return new Cloud(term, await findRegion(term.config, term.sources.nodes(), term.env, signal), signal);
  }

  /** Where addresses are, as far as the network is known; else AWS itself will say. */
  readonly where: TargetsContext['where'] = async (maxAgeMs) => {
    const network = await this.place.network(maxAgeMs);
    return network.kind === 'known' ? network.where : () => 'inside';
  };

  /** Learns, once, what exists. @returns what stands in the way of doing anything */
  ready(): Promise<readonly Problem[]> {
    return this.#opening.ready();
  }

  /**
   * Passes, audits and sweeps of one Gateway take turns: what one reads would be untrue by the time that another has
   * changed it.
   */
  exclusive<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
    return this.locks.run(`gateway ${ownerTag(owner)}`, work);
  }

  /** What exists of a Gateway; what AWS does by itself is looked up where the last pass waited for it. */
  async observe(gateway: ObjectKey): Promise<{ readonly observed: Observed; readonly problems: readonly Problem[] }> {
    this.shared.uses(gateway);
    // Without an answer, what is remembered is what the pass goes by.
    const problems = await problemsOf(inventoryId, async () => {
      await this.progress.refresh(gateway);
      return [];
    });
    return { observed: this.inventory.observed(gatewayOwner(gateway), this.#term.clock.now()), problems };
  }

  /** Remembers how a pass left a Gateway. @returns what AWS refused of `bind` */
  async finish(gateway: ObjectKey, model: Model): Promise<readonly Problem[]> {
    // Of what stands without being known, the targets are left as they are.
    const kept = (model.standing ?? []).filter(({ backend }) => backend !== undefined);
    const groups = [...model.resources.filter((resource) => resource.kind === 'target-group'), ...kept];
    return this.bind(gateway, groups, () => this.#models.set(gateway, model));
  }

  /**
   * Has the targets of these groups kept up to date, as far as they exist, and admits the load balancers to them.
   * @param learned called as soon as it is known what they need to reach
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
    const made = new Set(bindings.map(({ group }) => group.id));
    const coming = groups.flatMap((group) => (made.has(group.id) ? [] : { group }));
    const { sources } = this.#term;
    return this.reachability.admit(
      withMembers(sources, bindings),
      { gateway, groups: withMembers(sources, coming) },
      learned,
    );
  }

  /** Forgets how the passes left a Gateway; what exists of it is still in the inventory. */
  release(gateway: ObjectKey): void {
    for (const { arn } of this.bindings.ofGateway(gateway)) this.#forget(arn);
    this.reachability.expectNothing(gateway);
    this.bindings.release(gateway);
    this.#models.delete(gateway);
    this.progress.forget(gateway);
    this.runs.forget(gateway);
  }

  /** How many targets each Gateway has in which of AWS's states, as far as they were looked at. */
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

  /** Whether AWS itself has nothing of the Gateway any more: what a finalizer may go by. */
  async confirmGone(gateway: ObjectKey): Promise<{ readonly gone: boolean; readonly problems: readonly Problem[] }> {
    let gone = false;
    const problems = await problemsOf(inventoryId, async () => {
      gone = await this.inventory.confirmGone(gatewayOwner(gateway));
      return [];
    });
    return { gone, problems };
  }

  /** The Gateways that an audit can compare with what they should be. */
  audited(): readonly ObjectKey[] {
    return [...this.#models.keys()];
  }

  /**
   * Compares a Gateway with what is there, piece by piece: passes have their turns in between. Targets that are not as they
   * should be are put right; the rest is the next pass's.
   * @throws AwsError
   */
  async audit(gateway: ObjectKey): Promise<readonly Drift[]> {
    const turns = {
      model: () => this.#models.get(gateway),
      exclusive: (piece: () => Promise<void>) => this.exclusive(gatewayOwner(gateway), piece),
    };
    const drift = await this.#audit(gateway, turns);
    const moved = new Set(drift.flatMap(({ aspect, resource }) => (aspect === 'targets' ? [resource] : [])));
    const groups = this.bindings.ofGateway(gateway).filter(({ group }) => moved.has(group.id));
    this.#term.endpointsDue(groups.flatMap(({ group }) => group.backend?.service ?? []));
    return drift;
  }

  /**
   * Looks again at where all targets are, and at the rules that let load balancers through to them.
   * @returns the security groups that someone else has taken a rule from
   * @throws AwsError
   */
  async auditReach(): Promise<ReadonlySet<string>> {
    if (await this.reachability.refresh()) this.#term.endpointsDue(this.bindings.services());
    return this.reachability.audit();
  }

  /** These targets of a group don't answer: they may be behind other security groups now. */
  #lookAgain(arn: string, targets: readonly Target[]): void {
    const service = this.bindings.ofGroup(arn)?.group.backend?.service;
    if (service === undefined || !this.reachability.suspect(targets)) return;
    this.#term.endpointsDue([service]);
  }

  /** AWS lacked something that was remembered: within a pass, all of the Gateway is read again. */
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

  /** Keeps what is known of the targets, if the lease still allows it, and for a moment only. */
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
