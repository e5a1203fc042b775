// Reads all resources of one Gateway again, piece by piece, and compares them with the model (drift.ts). Resources that we
// have just written are left out, because AWS may still show them as they were before the write.
import { GetCertificateCommand, ListTagsForCertificateCommand } from '@aws-sdk/client-acm';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { fingerprintOf } from '../../gateway/pem.ts';
import type { AwsClients } from '../clients.ts';
import { isNotFound } from '../errors.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import type { Model, Resource } from '../model/resources.ts';
import { isNetworkLoadBalancer } from '../network-arn.ts';
import { fromTagList } from '../tags.ts';
import { type OnHealth, readHealth } from '../targets/health.ts';
import { type Membership, targetsLock } from '../targets/membership.ts';
import { sameListener, sameLoadBalancer, sameRule, sameTargetGroup } from './compare.ts';
import {
  describeTags,
  describeTagsLimit,
  listedCertificates,
  listenersOf,
  readAttributes,
  rulesOf,
  securityGroups,
  unlessGone,
} from './describe.ts';
import { type Drift, DriftDetector, sameMembers } from './drift.ts';
import { haveForeign } from './foreign-rules.ts';
import { presentRules } from './ingress-rules.ts';
import type { Inventory } from './inventory.ts';
import { listenerCandidate, ruleCandidate } from './read.ts';
import type { OwnedRecord } from './records.ts';

export interface AuditContext {
  readonly clients: AwsClients;
  readonly membership: Membership;
  readonly inventory: Inventory;
  readonly locks: KeyedLock;
  /** Absent if nobody keeps targets up to date. */
  readonly onHealth?: OnHealth;
}

/** How an audit shares its time with the Gateway's passes. */
export interface AuditTurns {
  /** The Gateway's current model; undefined if the Gateway is gone. */
  readonly model: () => Model | undefined;
  /** Keeps passes out while one piece is read and compared. Passes run between two pieces. */
  readonly exclusive: (piece: () => Promise<void>) => Promise<void>;
}

/** For a caller that keeps passes out during the whole audit. */
export const atOnce = (model: Model): AuditTurns => ({ model: () => model, exclusive: (piece) => piece() });

/** @param gateway the value of its tag. @returns the drifted resources, for the log and the Event */
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
  readonly #context: AuditContext;
  readonly #gateway: string;
  readonly #turns: AuditTurns;
  readonly #found: DriftDetector;

  constructor(context: AuditContext, gateway: string, turns: AuditTurns) {
    this.#context = context;
    this.#gateway = gateway;
    this.#turns = turns;
    this.#found = new DriftDetector(context.inventory, gateway);
    this.#found.expect(turns.model());
  }

  get drift(): readonly Drift[] {
    return this.#found.drift;
  }

  /** Compares each piece with the current model, because a pass may have changed the model between two pieces. */
  #piece(work: () => Promise<unknown>): Promise<void> {
    return this.#turns.exclusive(async () => {
      const model = this.#turns.model();
      this.#found.expect(model);
      if (model !== undefined) await work();
    });
  }

  /** Looks up the record only when its piece is read. */
  #pieceOf(arn: string, work: (record: OwnedRecord) => Promise<unknown>): Promise<void> {
    return this.#piece(async () => {
      const [record] = this.#withoutRecentWrites([this.#context.inventory.get(arn) ?? []].flat());
      if (record !== undefined) await work(record);
    });
  }

  /** Whether each resource exists and has its spec. Load balancers come first, because listeners and rules go with them. */
  async readExistence(): Promise<void> {
    const { clients } = this.#context;
    for (const { arn } of this.#owned('load-balancer')) {
      await this.#pieceOf(arn, async (record) => {
        const found = await this.#find(record, async () => {
          const page = await clients.elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }));
          return page.LoadBalancers?.[0];
        });
        if (found === undefined) return;
        this.#found.compareSpec(record, 'load-balancer', (desired) =>
          sameLoadBalancer(this.#found.arnsOf, desired, found),
        );
      });
    }
    for (const { arn } of this.#owned('load-balancer')) await this.#piece(() => this.#readListeners(arn));
    for (const { arn, loadBalancerArn } of this.#owned('listener')) {
      if (!isNetworkLoadBalancer(loadBalancerArn)) await this.#piece(() => this.#readRules(arn));
      else if (this.#isDualStack(loadBalancerArn)) await this.#pieceOf(arn, (record) => this.#findForeignRules(record));
    }
    for (const { arn } of this.#owned('target-group')) {
      await this.#pieceOf(arn, async (record) => {
        const found = await this.#find(record, async () => {
          const page = await clients.elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }));
          return page.TargetGroups?.[0];
        });
        if (found === undefined) return;
        this.#found.compareSpec(record, 'target-group', (desired) => sameTargetGroup(desired, found));
      });
    }
  }

  async #readListeners(loadBalancerArn: string): Promise<void> {
    const { clients, inventory } = this.#context;
    const listeners = await unlessGone(() => listenersOf(clients, loadBalancerArn));
    for (const record of this.#owned('listener')) {
      if (record.loadBalancerArn !== loadBalancerArn) continue;
      const found = listeners.find(({ ListenerArn }) => ListenerArn === record.arn);
      const [candidate] = found === undefined ? [] : listenerCandidate(found);
      if (found === undefined || candidate === undefined) {
        this.#found.missing(record);
        continue;
      }
      const { extraCertificates } = record;
      inventory.put({ ...candidate.record(record.id, record.tags), ...(extraCertificates && { extraCertificates }) });
      this.#found.compareSpec(record, 'listener', (desired) => sameListener(this.#found.arnsOf, desired, found));
    }
  }

  async #readRules(listenerArn: string): Promise<void> {
    const { clients, inventory } = this.#context;
    const rules = await unlessGone(() => rulesOf(clients, listenerArn));
    await this.#noteForeign(listenerArn, rules);
    for (const record of this.#owned('rule')) {
      if (record.listenerArn !== listenerArn) continue;
      const found = rules.find(({ RuleArn }) => RuleArn === record.arn);
      const [candidate] = found === undefined ? [] : ruleCandidate(found, listenerArn);
      if (found === undefined || candidate === undefined) {
        this.#found.missing(record);
        continue;
      }
      if (Number(found.Priority) !== record.priority) this.#found.note(record.id, 'priority');
      const { content } = record;
      // Keep the remembered content, because we wrote it. Others may have changed the content that AWS shows.
      inventory.put({ ...candidate.record(record.id, record.tags), ...(content !== undefined && { content }) });
      this.#found.compareSpec(record, 'rule', (desired) => sameRule(this.#found.arnsOf, desired, found));
    }
  }

  #isDualStack(loadBalancerArn: string): boolean {
    const record = this.#context.inventory.get(loadBalancerArn);
    const desired = record && this.#found.desired(record.id);
    return desired?.kind === 'load-balancer' && desired.spec.ipAddressType !== 'ipv4';
  }

  /** We make no rules for an NLB. Others can make rules for the IP versions of a dual-stack NLB's clients. */
  async #findForeignRules({ arn }: OwnedRecord): Promise<void> {
    await this.#noteForeign(arn, await unlessGone(() => rulesOf(this.#context.clients, arn)));
  }

  async #noteForeign(listenerArn: string, rules: readonly Rule[]): Promise<void> {
    const listener = this.#context.inventory.get(listenerArn);
    if (listener && (await haveForeign(this.#context, rules))) this.#found.note(listener.id, 'foreign-rules');
  }

  /** Reads the tags as AWS has them now, because diff trusts the hash tags. */
  async readTags(): Promise<void> {
    const { clients, inventory } = this.#context;
    const balancing = inventory.recordsOf(this.#gateway).filter(({ kind }) => kind !== 'security-group');
    for (let start = 0; start < balancing.length; start += describeTagsLimit) {
      await this.#piece(async () => {
        const some = balancing.slice(start, start + describeTagsLimit).flatMap(({ arn }) => inventory.get(arn) ?? []);
        const records = this.#withoutRecentWrites(some);
        const tags = await describeTags(
          clients,
          records.map(({ arn }) => arn),
        );
        for (const record of records) this.#found.compareTags(record, tags.get(record.arn));
      });
    }
    for (const { arn } of this.#owned('security-group')) {
      await this.#pieceOf(arn, async (record) => {
        const [group] = await securityGroups(clients, [{ Name: 'group-id', Values: [arn] }]);
        if (group === undefined) this.#found.missing(record);
        else this.#found.compareTags(record, fromTagList(group.Tags));
      });
    }
  }

  /** Reads everything that is set by calls after the create: attributes, ingress rules, extra certificates, targets. */
  async readSecondary(): Promise<void> {
    for (const { arn } of this.#context.inventory.recordsOf(this.#gateway)) {
      await this.#pieceOf(arn, async (record) => {
        const desired = this.#found.desired(record.id);
        if (desired !== undefined) await this.#find(record, () => this.#readSecondaryOf(record, desired));
      });
    }
  }

  /** @returns true: the resource exists */
  async #readSecondaryOf(record: OwnedRecord, desired: Resource): Promise<true> {
    const { clients } = this.#context;
    const { arn } = record;
    switch (desired.kind) {
      case 'load-balancer':
      case 'target-group':
        this.#found.compareAttributes(record, desired, await readAttributes(clients, desired.kind, arn));
        if (desired.kind === 'target-group') await this.#readTargets(record);
        break;
      case 'security-group': {
        if (this.#found.isOverflow(desired.id)) break;
        const groups = [arn, ...(desired.overflow ?? []).flatMap(this.#found.arnsOf)];
        this.#found.compareIngress(record, desired, await presentRules(clients, groups));
        break;
      }
      case 'listener':
        if (desired.spec.defaultCertificate === undefined) break;
        this.#found.compareCertificates(record, desired, await listedCertificates(clients, arn));
        break;
      case 'rule':
      case 'certificate':
        break;
      default:
        desired satisfies never;
    }
    return true;
  }

  /** Under the lock, because the targets pass may change the members between the read and the moment they are remembered. */
  async #readTargets({ arn, id }: OwnedRecord): Promise<void> {
    const { clients, membership, locks } = this.#context;
    await locks.run(targetsLock(arn), async () => {
      const health = await readHealth(clients, arn);
      const present = health.members;
      this.#context.onHealth?.(arn, health);
      const known = membership.members(arn);
      if (known !== undefined && !sameMembers(known, present)) this.#found.note(id, 'targets');
      membership.confirm(arn, present);
    });
  }

  /** Last, because an installation with an old IAM policy may lack GetCertificate: then only certificates go unchecked. */
  async readCertificates(): Promise<void> {
    const { inventory, locks } = this.#context;
    for (const id of this.#found.desiredCertificates()) {
      // Other Gateways' passes may import it again meanwhile.
      await locks.run(id, async () => {
        for (const record of this.#withoutRecentWrites(inventory.find(id))) await this.#readCertificate(record);
      });
    }
  }

  /** Someone may have imported another certificate under our ARN. Only the certificate itself shows that. */
  async #readCertificate(record: OwnedRecord): Promise<void> {
    const { acm } = this.#context.clients;
    const CertificateArn = record.arn;
    const found = await this.#find(record, () => acm.send(new GetCertificateCommand({ CertificateArn })));
    if (found === undefined) return;
    const actual = fingerprintOf([found.Certificate, found.CertificateChain].join('\n'));
    this.#found.compareSpec(record, 'certificate', ({ spec }) => spec.fingerprint === actual);
    const { Tags: tags } = await acm.send(new ListTagsForCertificateCommand({ CertificateArn }));
    this.#found.compareTags(record, fromTagList(tags));
  }

  async #find<T>(record: OwnedRecord, read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      const found = await read();
      if (found === undefined) this.#found.missing(record);
      return found;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#found.missing(record);
      return undefined;
    }
  }

  #owned<K extends OwnedRecord['kind']>(kind: K): readonly Extract<OwnedRecord, { kind: K }>[] {
    const isKind = (record: OwnedRecord): record is Extract<OwnedRecord, { kind: K }> => record.kind === kind;
    return this.#withoutRecentWrites(this.#context.inventory.recordsOf(this.#gateway)).filter(isKind);
  }

  #withoutRecentWrites(records: readonly OwnedRecord[]): readonly OwnedRecord[] {
    return records.filter(({ arn }) => !this.#context.clients.writes.isRecent(arn));
  }
}
