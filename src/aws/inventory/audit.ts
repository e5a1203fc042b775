// Everything of one Gateway read again, and held against what its tags claim. Whatever is not so loses the hash tag that
// says it is, in memory only: the next diff repairs it as it would any difference. What we have written just now is left
// alone: what AWS shows of it may be how it was before.
import { GetCertificateCommand, ListTagsForCertificateCommand } from '@aws-sdk/client-acm';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  type Listener,
  type LoadBalancer,
  type Rule,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { fingerprintOf } from '../../gateway/pem.ts';
import { attributesDelta } from '../attribute-defaults.ts';
import type { AwsClients } from '../clients.ts';
import { isNotFound } from '../errors.ts';
import { defaultsOf, readAttributes } from '../execute/attributes.ts';
import { presentRules } from '../execute/ingress.ts';
import { ingressKey } from '../execute/ingress-changes.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import { hash, stableJson } from '../model/hash.ts';
import type { Model, Resource, ResourceId, Tags } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import { fromTagList } from '../tags.ts';
import type { Membership } from '../targets/membership.ts';
import { type OnHealth, readHealth, targetsLock } from '../targets/sync-targets.ts';
import { type Actual, sameListener, sameLoadBalancer, sameRule, sameTargetGroup } from './compare.ts';
import {
  describeTags,
  describeTagsLimit,
  listedCertificates,
  listenersOf,
  rulesOf,
  securityGroups,
  unlessGone,
} from './describe.ts';
import type { Inventory } from './inventory.ts';
import { ruleCandidate } from './read.ts';
import type { OwnedRecord } from './records.ts';

export interface Drift {
  readonly resource: ResourceId;
  readonly aspect: 'missing' | 'tags' | 'spec' | 'attributes' | 'ingress' | 'certificates' | 'priority' | 'targets';
}

export interface AuditContext {
  readonly clients: AwsClients;
  readonly membership: Membership;
  readonly inventory: Inventory;
  readonly locks: KeyedLock;
  readonly onHealth: OnHealth | undefined;
}

/** How an audit goes along with the Gateway's passes. */
export interface AuditTurns {
  /** What the Gateway should be now; undefined where it has gone. */
  readonly model: () => Model | undefined;
  /** Keeps passes out while one piece is read and compared. Between two pieces they have their turn. */
  readonly exclusive: (piece: () => Promise<void>) => Promise<void>;
}

/** `gateway` is the value of its tag. @returns what has drifted, for the log and the Event */
export async function auditGateway(
  context: AuditContext,
  gateway: string,
  turns: AuditTurns,
): Promise<readonly Drift[]> {
  const audit = new GatewayAudit(context, gateway, turns);
  await audit.readExistence();
  await audit.readTags();
  await audit.readSecondary();
  await audit.readCertificates();
  return audit.drift;
}

class GatewayAudit {
  readonly drift: Drift[] = [];
  readonly #context: AuditContext;
  readonly #gateway: string;
  readonly #turns: AuditTurns;
  #model: Model | undefined;
  #desired: ReadonlyMap<ResourceId, Resource> = new Map();

  constructor(context: AuditContext, gateway: string, turns: AuditTurns) {
    this.#context = context;
    this.#gateway = gateway;
    this.#turns = turns;
    this.#learn();
  }

  /** What a pass has changed between two pieces is compared as it should be now. */
  #learn(): void {
    const model = this.#turns.model();
    if (model === this.#model) return;
    this.#model = model;
    this.#desired = new Map((model?.resources ?? []).map((resource) => [resource.id, resource]));
  }

  #piece(work: () => Promise<unknown>): Promise<void> {
    return this.#turns.exclusive(async () => {
      this.#learn();
      if (this.#model !== undefined) await work();
    });
  }

  /** A record by its ARN, as it is when its piece is read. */
  #pieceOf(arn: string, work: (record: OwnedRecord) => Promise<unknown>): Promise<void> {
    return this.#piece(async () => {
      const [record] = this.#settled([this.#context.inventory.get(arn) ?? []].flat());
      if (record !== undefined) await work(record);
    });
  }

  /** Whether each still exists, and is as its spec says; load balancers first, with whose going the rest goes too. */
  async readExistence(): Promise<void> {
    const { clients } = this.#context;
    for (const { arn } of this.#owned('load-balancer')) {
      await this.#pieceOf(arn, async (record) => {
        const found = await this.#find(record, async () => {
          const page = await clients.elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }));
          return page.LoadBalancers?.[0];
        });
        if (found !== undefined) this.#compareLoadBalancer(record, found);
      });
    }
    for (const { arn } of this.#owned('load-balancer')) await this.#piece(() => this.#readListeners(arn));
    for (const { arn } of this.#owned('listener')) await this.#piece(() => this.#readRules(arn));
    for (const { arn } of this.#owned('target-group')) {
      await this.#pieceOf(arn, async (record) => {
        const found = await this.#find(record, async () => {
          const page = await clients.elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }));
          return page.TargetGroups?.[0];
        });
        if (found !== undefined) this.#compareTargetGroup(record, found);
      });
    }
  }

  /** What diff goes by: hash tags that were changed by hand count as they are now. */
  async readTags(): Promise<void> {
    const { clients, inventory } = this.#context;
    const balancing = inventory.recordsOf(this.#gateway).filter(({ kind }) => kind !== 'security-group');
    for (let start = 0; start < balancing.length; start += describeTagsLimit) {
      await this.#piece(async () => {
        const some = balancing.slice(start, start + describeTagsLimit).flatMap(({ arn }) => inventory.get(arn) ?? []);
        const records = this.#settled(some);
        const tags = await describeTags(
          clients,
          records.map(({ arn }) => arn),
        );
        for (const record of records) this.#compareTags(record, tags.get(record.arn));
      });
    }
    for (const { arn } of this.#owned('security-group')) {
      await this.#pieceOf(arn, async (record) => {
        const [group] = await securityGroups(clients, [{ Name: 'group-id', Values: [arn] }]);
        if (group === undefined) this.#missing(record);
        else this.#compareTags(record, fromTagList(group.Tags));
      });
    }
  }

  /** What second calls have set, and the targets. */
  async readSecondary(): Promise<void> {
    for (const { arn } of this.#context.inventory.recordsOf(this.#gateway)) {
      await this.#pieceOf(arn, async (record) => {
        const desired = this.#desired.get(record.id);
        if (desired !== undefined) await this.#find(record, () => this.#readSecondaryOf(record, desired));
      });
    }
  }

  /** After all else: a role from before GetCertificate was in the policy keeps only these from being looked at. */
  async readCertificates(): Promise<void> {
    const { inventory, locks } = this.#context;
    for (const { id, kind } of this.#desired.values()) {
      if (kind !== 'certificate') continue;
      // Other Gateways' passes may import it again meanwhile.
      await locks.run(id, async () => {
        for (const record of this.#settled(inventory.find(id))) await this.#readCertificate(record);
      });
    }
  }

  /** What someone imported over ours, under its ARN, shows in nothing but the certificate itself. */
  async #readCertificate(record: OwnedRecord): Promise<void> {
    const { acm } = this.#context.clients;
    const CertificateArn = record.arn;
    const found = await this.#find(record, () => acm.send(new GetCertificateCommand({ CertificateArn })));
    if (found === undefined) return;
    const desired = this.#believed(record);
    const actual = fingerprintOf([found.Certificate, found.CertificateChain].join('\n'));
    if (desired?.kind === 'certificate' && actual !== desired.spec.fingerprint) this.#untrue(record, 'spec');
    const { Tags: tags } = await acm.send(new ListTagsForCertificateCommand({ CertificateArn }));
    this.#compareTags(record, fromTagList(tags));
  }

  /** @returns that it is there */
  async #readSecondaryOf(record: OwnedRecord, desired: Resource): Promise<true> {
    const { clients } = this.#context;
    const { arn } = record;
    switch (desired.kind) {
      case 'load-balancer':
      case 'target-group': {
        const current = await readAttributes(clients, desired.kind, arn);
        const delta = attributesDelta(desired.attributes, current, defaultsOf(desired.kind));
        // What no pass has set yet is not drift.
        if (isClaimed(record, desired.attributes) && Object.keys(delta).length > 0) this.#untrue(record, 'attributes');
        if (desired.kind === 'target-group') await this.#readTargets(record);
        break;
      }
      case 'security-group': {
        if (this.#isOverflow(desired.id)) break;
        const groups = [arn, ...(desired.overflow ?? []).flatMap(this.#actual)];
        const present = (await presentRules(clients, groups)).map(({ key }) => key);
        if (!sameMembers(present, desired.ingress.map(ingressKey))) this.#untrue(record, 'ingress');
        break;
      }
      case 'listener': {
        if (desired.spec.protocol !== 'HTTPS') break;
        const present = await listedCertificates(clients, arn);
        const wanted = desired.extraCertificates.flatMap((use) => this.#arnOf(use));
        if (!sameMembers(present, wanted)) this.#untrue(record, 'certificates');
        break;
      }
      case 'rule':
      case 'certificate':
        break;
      default:
        desired satisfies never;
    }
    return true;
  }

  /** Not while the targets pass changes them: what is read would be untrue by the time that it is remembered. */
  async #readTargets({ arn, id }: OwnedRecord): Promise<void> {
    const { clients, membership, locks } = this.#context;
    await locks.run(targetsLock(arn), async () => {
      const health = await readHealth(clients, arn);
      const present = health.members;
      this.#context.onHealth?.(arn, health);
      const known = membership.members(arn);
      if (known !== undefined && !sameMembers(known, present)) this.drift.push({ resource: id, aspect: 'targets' });
      membership.confirm(arn, present);
    });
  }

  async #readListeners(loadBalancerArn: string): Promise<void> {
    const { clients } = this.#context;
    const listeners = await unlessGone(() => listenersOf(clients, loadBalancerArn));
    for (const record of this.#owned('listener')) {
      if (record.loadBalancerArn !== loadBalancerArn) continue;
      const found = listeners.find(({ ListenerArn }) => ListenerArn === record.arn);
      if (found === undefined) this.#missing(record);
      else this.#compareListener(record, found);
    }
  }

  async #readRules(listenerArn: string): Promise<void> {
    const { clients, inventory } = this.#context;
    const rules = await unlessGone(() => rulesOf(clients, listenerArn));
    for (const record of this.#owned('rule')) {
      if (record.listenerArn !== listenerArn) continue;
      const found = rules.find(({ RuleArn }) => RuleArn === record.arn);
      const [candidate] = found === undefined ? [] : ruleCandidate(found, listenerArn);
      if (found === undefined || candidate === undefined) {
        this.#missing(record);
        continue;
      }
      if (Number(found.Priority) !== record.priority) this.drift.push({ resource: record.id, aspect: 'priority' });
      const { content } = record;
      // What it is to say is known better than what somebody has made of it.
      inventory.put({ ...candidate.record(record.id, record.tags), ...(content !== undefined && { content }) });
      this.#compareRule(record, found);
    }
  }

  #compareLoadBalancer(record: OwnedRecord, found: LoadBalancer): void {
    const desired = this.#believed(record);
    if (desired?.kind === 'load-balancer' && !sameLoadBalancer(this.#actual, desired, found))
      this.#untrue(record, 'spec');
  }

  #compareTargetGroup(record: OwnedRecord, found: TargetGroup): void {
    const desired = this.#believed(record);
    if (desired?.kind === 'target-group' && !sameTargetGroup(desired, found)) this.#untrue(record, 'spec');
  }

  #compareListener(record: OwnedRecord, found: Listener): void {
    const desired = this.#believed(record);
    if (desired?.kind === 'listener' && !sameListener(this.#actual, desired, found)) this.#untrue(record, 'spec');
  }

  #compareRule(record: OwnedRecord, found: Rule): void {
    const desired = this.#believed(record);
    // A rule that is warming up a group has it beside what its spec says.
    if (desired?.kind === 'rule' && !sameRule(this.#actual, desired, found)) this.#untrue(record, 'spec');
  }

  /** What a record should be, where its tag claims that it is so; else diff has it already. */
  #believed({ id, tags }: OwnedRecord): Resource | undefined {
    const desired = this.#desired.get(id);
    return desired !== undefined && tags[TAG.spec] === hash(desired.spec) ? desired : undefined;
  }

  #compareTags(record: OwnedRecord, actual: Tags | undefined): void {
    if (actual === undefined) return;
    const remembered = this.#context.inventory.get(record.arn)?.tags ?? record.tags;
    // What this audit has found untrue stays so.
    const untrue = this.drift.filter(({ resource }) => resource === record.id).map(({ aspect }) => aspect);
    const { [TAG.spec]: spec, ...others } = actual;
    const present = untrue.includes('spec') || spec === undefined ? others : { ...others, [TAG.spec]: spec };
    // Without its tags of ownership it could not be found again, and with another's it would be taken for that one's: they
    // count as they were, but for one, whose absence has them all written anew.
    const owned = { ...ownership(remembered), [TAG.resource]: record.id };
    const intact = Object.entries(owned).every(([key, value]) => actual[key] === value);
    const { [TAG.resource]: _, ...marked } = { ...present, ...owned };
    const tags = intact ? present : marked;
    if (stableJson(tags) === stableJson(remembered)) return;
    this.#context.inventory.put({ ...record, tags });
    this.drift.push({ resource: record.id, aspect: 'tags' });
  }

  #untrue({ arn, id }: OwnedRecord, aspect: 'spec' | 'attributes' | 'ingress' | 'certificates'): void {
    const { inventory } = this.#context;
    this.drift.push({ resource: id, aspect });
    if (aspect === 'spec') inventory.retag(arn, {}, [TAG.spec]);
    // Its absence would mean that nothing was ever set.
    else inventory.retag(arn, { [TAG[aspect]]: 'drifted' });
  }

  #missing({ arn, id }: OwnedRecord): void {
    this.drift.push({ resource: id, aspect: 'missing' });
    this.#context.inventory.remove(arn);
  }

  async #find<T>(record: OwnedRecord, read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      const found = await read();
      if (found === undefined) this.#missing(record);
      return found;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#missing(record);
      return undefined;
    }
  }

  #owned<K extends OwnedRecord['kind']>(kind: K): readonly Extract<OwnedRecord, { kind: K }>[] {
    const isKind = (record: OwnedRecord): record is Extract<OwnedRecord, { kind: K }> => record.kind === kind;
    return this.#settled(this.#context.inventory.recordsOf(this.#gateway)).filter(isKind);
  }

  #settled(records: readonly OwnedRecord[]): readonly OwnedRecord[] {
    return records.filter(({ arn }) => !this.#context.clients.writes.isRecent(arn));
  }

  /** Its rules are looked at with those of the group that has it. */
  #isOverflow(id: ResourceId): boolean {
    return [...this.#desired.values()].some((each) => each.kind === 'security-group' && each.overflow?.includes(id));
  }

  #arnOf(use: { readonly certificate: ResourceId } | { readonly arn: string }): string[] {
    return 'arn' in use ? [use.arn] : [...this.#actual(use.certificate)];
  }

  /** The ARNs that may stand for a logical id. */
  readonly #actual: Actual = (id) => {
    const { inventory } = this.#context;
    return [...inventory.find(id, this.#gateway), ...inventory.find(id)].map(({ arn }) => arn);
  };
}

/** Whether the record's tag says that these attributes are set. */
const isClaimed = ({ tags }: OwnedRecord, attributes: object): boolean =>
  (tags[TAG.attributes] ?? hash({})) === hash(attributes);

const ownership = (tags: Tags): Tags =>
  Object.fromEntries(
    Object.entries(tags).filter(
      ([key]) => key === TAG.cluster || key === TAG.clusterUid || key === TAG.gateway || key === TAG.resource,
    ),
  );

const sameMembers = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  new Set(a.map(stableJson)).symmetricDifference(new Set(b.map(stableJson))).size === 0;
