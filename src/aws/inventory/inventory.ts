// Remembers which of our resources exist in AWS. It is loaded once, updated by our own writes, and audited slowly.
import { DescribeLoadBalancersCommand, type LoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Clock } from '../../kube/clock.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { AwsClients } from '../clients.ts';
import { isNotFound, isNotYetVisible } from '../errors.ts';
import { type ClusterIdentity, gatewayTagValue } from '../model/naming.ts';
import { type Owner, ownerTag } from '../model/owner.ts';
import type { ResourceId, Tags } from '../model/resources.ts';
import type { Observed, OwnedResource } from '../observed.ts';
import { TAG } from '../observed.ts';
import type { Problem } from '../problem.ts';
import { type OnHealth, readHealth } from '../targets/health.ts';
import type { Membership } from '../targets/membership.ts';
import { type Census, censusOf, sum } from './census.ts';
import { eachThatExists, listedCertificates, unlessGone } from './describe.ts';
import { leftOf, loadBalancersLeft } from './left.ts';
import { readOwned, withPlaces } from './read.ts';
import { asOwned, gatewayOf, type OwnedRecord, Records, SHARED, withDoubts } from './records.ts';
import { Usage } from './usage.ts';

export interface InventoryOptions {
  readonly clients: AwsClients;
  readonly cluster: ClusterIdentity;
  readonly membership: Membership;
  readonly clock: Clock;
  /** Called with each health that is read. Absent if nobody keeps targets up to date. */
  readonly onHealth?: OnHealth;
}

/** How many ARNs one DescribeLoadBalancers accepts. */
const describeLimit = 20;

export class Inventory {
  readonly #options: InventoryOptions;
  readonly #records = new Records();
  readonly #usage: Usage;
  /** Certificates whose import may or may not have happened. */
  readonly #doubted = new Set<ResourceId>();
  #refresh: { readonly arns: Set<string>; readonly done: Promise<void> } | undefined;
  #scan: Promise<readonly OwnedRecord[]> | undefined;
  /** As they were when everything was last read. */
  #others = censusOf([]);

  constructor(options: InventoryOptions) {
    this.#options = options;
    this.#usage = new Usage(options.clock, options.membership);
  }

  /** Reads everything. @returns `cluster-name-taken` if another cluster uses our name */
  async load(): Promise<readonly Problem[]> {
    const { records, others, problems } = await readOwned(this.#options.clients, this.#options.cluster);
    this.#others = others;
    for (const record of withDoubts(records)) this.#records.put(record);
    for (const gateway of new Set(records.map(({ tags }) => gatewayOf(tags)))) this.#updateUsage(gateway);
    this.#options.membership.retain(records.filter(({ kind }) => kind === 'target-group').map(({ arn }) => arn));
    return problems;
  }

  /**
   * Lists all owned resources, as AWS has them now. The sweep needs this, because it does not trust our memory. Unknown
   * certificates are remembered from now on.
   */
  async readAll(): Promise<readonly OwnedResource[]> {
    const { records, others } = await readOwned(this.#options.clients, this.#options.cluster);
    this.#others = others;
    // An import may have succeeded without an answer, and without being in the tagging index in time. Now we find both imports.
    for (const record of records) {
      if (record.kind === 'certificate' && this.#records.get(record.arn) === undefined) this.#records.put(record);
    }
    return records.map(asOwned);
  }

  /** @param now in milliseconds since the epoch */
  observed(owner: Owner, now: number): Observed {
    const shared = this.#records.ofGateway(SHARED).filter(({ kind }) => kind === 'certificate');
    const outdated = outdatedCertificates(shared);
    const resources = [...this.#records.ofGateway(ownerTag(owner) ?? SHARED), ...shared].map((record) => {
      if (record.kind === 'target-group') return this.#usage.observe(record, now);
      return record.kind === 'listener' ? { ...record, tags: trueTags(record, outdated) } : record;
    });
    return { owner, resources, now };
  }

  census(): Census {
    return sum(this.#others, censusOf(this.#records.all().map(({ arn }) => arn)));
  }

  /** The values of the gateway tag that owned resources have. */
  gateways(): readonly string[] {
    return this.#records.gateways();
  }

  /** The ARNs of all target groups. */
  targetGroups(): readonly string[] {
    return this.#records.all().flatMap(({ kind, arn }) => (kind === 'target-group' ? arn : []));
  }

  /** The ids of all security groups. */
  securityGroups(): ReadonlySet<string> {
    return new Set(this.#records.all().flatMap(({ kind, arn }) => (kind === 'security-group' ? arn : [])));
  }

  /** The resources with this value of the gateway tag; by default those that Gateways share. */
  owned(gateway: string = SHARED): readonly OwnedResource[] {
    return this.#records.ofGateway(gateway).map(asOwned);
  }

  /** Like `owned`, with the fields that only the inventory needs. `gateway` is the tag's value. */
  recordsOf(gateway: string): readonly OwnedRecord[] {
    return this.#records.ofGateway(gateway);
  }

  get(arn: string): OwnedRecord | undefined {
    return this.#records.get(arn);
  }

  /** The records with this logical id and this gateway tag; by default among the resources that Gateways share. */
  find(id: ResourceId, gateway: string = SHARED): readonly OwnedRecord[] {
    return this.#records.find(gateway, id);
  }

  put(record: OwnedRecord): void {
    this.#records.put(record);
    this.#updateUsage(gatewayOf(record.tags));
  }

  remove(arn: string): void {
    const record = this.#records.get(arn);
    if (record === undefined) return;
    this.#records.remove(arn);
    if (record.kind === 'target-group') {
      this.#usage.forget(arn);
      this.#options.membership.forget(arn);
    }
    this.#updateUsage(gatewayOf(record.tags));
  }

  retag(arn: string, add: Tags, remove: readonly string[] = []): void {
    const record = this.#records.get(arn);
    if (record === undefined) return;
    const kept = Object.entries(record.tags).filter(([key]) => !remove.includes(key));
    this.put({ ...record, tags: { ...Object.fromEntries(kept), ...add } });
  }

  /** Certificates that a newer import has replaced. They are deleted as soon as no listener uses them. */
  outdatedCertificates(): readonly OwnedResource[] {
    const outdated = outdatedCertificates(this.#records.ofGateway(SHARED));
    return this.owned().filter(({ arn }) => outdated.has(arn));
  }

  /** The ARNs of certificates that a listener serves, as far as is known. AWS would refuse to delete them. */
  servedCertificates(): ReadonlySet<string> {
    return new Set(this.gateways().flatMap((gateway) => served(this.#records.ofGateway(gateway))));
  }

  /** The ARNs of certificates that a Gateway's listeners serve, as far as is known. */
  servedBy(gateway: ObjectKey): ReadonlySet<string> {
    return new Set(served(this.#records.ofGateway(gatewayTagValue(gateway))));
  }

  /** Reads which certificates a Gateway's listeners serve by SNI, if neither a write of ours nor an audit has shown it. */
  async learnServed(gateway: ObjectKey): Promise<void> {
    for (const record of this.#records.ofGateway(gatewayTagValue(gateway))) {
      if (record.kind !== 'listener' || record.certificate === undefined || record.extraCertificates) continue;
      const arns = await unlessGone(() => listedCertificates(this.#options.clients, record.arn));
      this.put({ ...record, extraCertificates: arns });
    }
  }

  /** Call it when an answer was lost: the resource may or may not exist now. */
  doubt(id: ResourceId): void {
    this.#doubted.add(id);
  }

  /** Whether the resource was in doubt. Ends the doubt, because the caller looks now. */
  takeDoubt(id: ResourceId): boolean {
    return this.#doubted.delete(id);
  }

  /** Forgets all resources of a Gateway, when they are known to be gone. */
  forget(gateway: ObjectKey): void {
    for (const { arn } of this.#records.ofGateway(gatewayTagValue(gateway))) this.remove(arn);
  }

  /** Reads the state of load balancers. Callers at the same time share one call. */
  async refreshLoadBalancers(arns: readonly string[]): Promise<void> {
    if (this.#refresh === undefined) {
      const asked = new Set<string>();
      // Callers in the same turn of the event loop join this call.
      const done = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        this.#refresh = undefined;
        return this.#readLoadBalancers([...asked]);
      });
      this.#refresh = { arns: asked, done };
    }
    for (const arn of arns) this.#refresh.arns.add(arn);
    await this.#refresh.done;
  }

  /** Reads whether each group has a healthy target. Call it only for groups that a plan waits for: it makes a call per group. */
  async refreshTargetHealth(arns: readonly string[]): Promise<void> {
    await Promise.all(
      arns.map(async (arn) => {
        const { clients, onHealth } = this.#options;
        // While AWS does not show a new group, it does not show the health of its targets either.
        const health = await readHealth(clients, arn).catch((error: unknown) => {
          if (isNotFound(error)) this.remove(arn);
          else if (!isNotYetVisible(error)) throw error;
          return undefined;
        });
        if (health === undefined) return;
        this.#usage.saw(arn, health);
        onHealth?.(arn, health);
      }),
    );
  }

  /**
   * Whether AWS's own lists, not its tagging index, show nothing of the owner any more. Only then may the finalizer be
   * removed. Resources that are still found are remembered.
   */
  async confirmGone(owner: Owner): Promise<boolean> {
    const tag = ownerTag(owner) ?? SHARED;
    const left = (await this.#left()).filter((record) => gatewayOf(record.tags) === tag);
    for (const record of left) this.put(record);
    return left.length === 0;
  }

  /** Whether AWS has a load balancer of any Gateway of this cluster. */
  async hasLoadBalancers(): Promise<boolean> {
    return (await loadBalancersLeft(this.#options)).length > 0;
  }

  /** Starts a new list, because an older one may be outdated. Callers that come meanwhile share the next list. */
  async #left(): Promise<readonly OwnedRecord[]> {
    const running = this.#scan;
    if (running !== undefined) await running.catch(() => undefined);
    this.#scan ??= leftOf(this.#options).finally(() => {
      this.#scan = undefined;
    });
    return await this.#scan;
  }

  async #readLoadBalancers(arns: readonly string[]): Promise<void> {
    const { elbv2 } = this.#options.clients;
    const read = async (some: readonly string[]) => {
      const { LoadBalancers } = await elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [...some] }));
      return LoadBalancers ?? [];
    };
    for (let start = 0; start < arns.length; start += describeLimit) {
      const found = await eachThatExists(arns.slice(start, start + describeLimit), read, (arn, error) => {
        if (isNotFound(error)) this.remove(arn);
      });
      for (const each of found) this.#setState(each);
    }
  }

  #setState({ LoadBalancerArn = '', State, AvailabilityZones }: LoadBalancer): void {
    const record = this.#records.get(LoadBalancerArn);
    if (record?.kind !== 'load-balancer') return;
    this.put(withPlaces({ ...record, state: State?.Code ?? record.state }, AvailabilityZones));
  }

  #updateUsage(gateway: string): void {
    if (gateway !== SHARED) this.#usage.update(this.#records.ofGateway(gateway));
  }
}

const served = (records: readonly OwnedRecord[]): readonly string[] =>
  records.flatMap((record) =>
    record.kind === 'listener' ? [record.certificate ?? [], record.extraCertificates ?? []].flat() : [],
  );

/** All but the last import of each id. They exist only until the listeners use the new one. */
function outdatedCertificates(records: readonly OwnedRecord[]): ReadonlySet<string> {
  const certificates = records.filter((record) => record.kind === 'certificate');
  const outdated = [...Map.groupBy(certificates, ({ id }) => id).values()].flatMap((same) =>
    same.toSorted((a, b) => b.importedAt - a.importedAt).slice(1),
  );
  return new Set(outdated.map(({ arn }) => arn));
}

/** If a listener uses an outdated certificate, its hash tags are wrong: the ids are right, but the ARN is the old one. */
function trueTags(
  { tags, certificate, extraCertificates }: Extract<OwnedRecord, { kind: 'listener' }>,
  outdated: ReadonlySet<string>,
): Tags {
  if (outdated.size === 0) return tags;
  const { [TAG.spec]: spec, [TAG.certificates]: extra, ...rest } = tags;
  const specHolds = certificate === undefined || !outdated.has(certificate);
  const extraHolds = extraCertificates?.every((arn) => !outdated.has(arn)) ?? false;
  return {
    ...rest,
    ...(spec !== undefined && specHolds ? { [TAG.spec]: spec } : {}),
    // An absent tag would mean that there are no certificates. So the tag gets a value that no hash has, and they are read.
    ...(extra === undefined ? {} : { [TAG.certificates]: extraHolds ? extra : 'outdated' }),
  };
}
