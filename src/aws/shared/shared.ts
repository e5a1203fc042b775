// The resources that Gateways share in AWS, and their deletion: imported certificates, and the backend security group.
import type { Gateway, ListenerSet } from '../../api/gateway-api.ts';
import { certificateSecrets } from '../../gateway/references.ts';
import type { Clock } from '../../kube/clock.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import type { AwsClients } from '../clients.ts';
import { removal } from '../diff/removal.ts';
import type { Plan } from '../diff/step.ts';
import { problemsOf } from '../errors.ts';
import type { Held, Outcome } from '../execute/run.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import { type ClusterIdentity, resourceId } from '../model/naming.ts';
import { gatewayOwner, type Owner, sharedOwner } from '../model/owner.ts';
import type { ResourceId } from '../model/resources.ts';
import { removeBackendSecurityGroup } from '../network/backend-group.ts';
import type { Place } from '../network/place.ts';
import type { OwnedResource } from '../observed.ts';
import type { Problem } from '../problem.ts';
import type { Admissions } from '../reach/admissions.ts';
import { Holds } from './holds.ts';

const backendGroup = resourceId('security-group', 'backend');

export interface Release {
  /** When to try again, in milliseconds since the epoch. Absent if nothing is awaited. */
  readonly retryAt?: number;
  /** The awaited resources that AWS refused to delete. */
  readonly held: readonly Held[];
  readonly problems: readonly Problem[];
}

export interface SharedOptions {
  readonly clock: Clock;
  readonly ownGateways: () => readonly Gateway[];
  readonly listenerSetsOf: (gateway: ObjectKey) => readonly ListenerSet[];
  /** The only namespace that this process serves; undefined for all. */
  readonly watchNamespace: string | undefined;
  readonly clients: AwsClients;
  readonly cluster: ClusterIdentity;
  readonly inventory: Inventory;
  readonly locks: KeyedLock;
  readonly place: Place;
  readonly admissions: Admissions;
  readonly execute: (owner: Owner, plan: Plan) => Promise<Outcome>;
}

export class Shared {
  readonly #options: SharedOptions;
  readonly #holds: Holds;
  /** Gateways without resources in AWS that the cluster may still have. The last of them deletes the shared resources. */
  readonly #gone = new Set<ObjectKey>();
  /** AWS's last refusal of each deletion, by the same name as in #holds. */
  readonly #held = new Map<string, Held>();

  constructor(options: SharedOptions) {
    this.#options = options;
    this.#holds = new Holds(options.clock);
  }

  /** Call it if the Gateway exists, maybe again. Then its shared resources are in use. */
  uses(gateway: ObjectKey): void {
    this.#gone.delete(gateway);
  }

  /** The ARN of the certificate that was last imported from a Secret, if there is one. */
  imported(secret: ObjectKey): string | undefined {
    const { inventory } = this.#options;
    const outdated = new Set(inventory.outdatedCertificates().map(({ arn }) => arn));
    return inventory.find(resourceId('certificate', secret)).find(({ arn }) => !outdated.has(arn))?.arn;
  }

  /**
   * Deletes resources that no Gateway uses any more: certificates, and with the last Gateway the backend group and the rules
   * that admit it.
   * @param leaving the Gateway that is being deleted. It waits only for its own certificates, not for those of other Gateways
   */
  async release(leaving?: ObjectKey): Promise<Release> {
    const { ownGateways, execute } = this.#options;
    if (leaving !== undefined) this.#gone.add(leaving);
    const gateways = this.#users();
    const unused = this.#unusedCertificates(gateways);
    const tried = unused.filter(({ arn }) => this.#holds.isDue(arn));
    const owner = leaving === undefined ? sharedOwner : gatewayOwner(leaving);
    const outcome = tried.length === 0 ? undefined : await execute(owner, removal(tried));
    for (const { id, arn } of tried) {
      const held = outcome?.held.find((each) => each.arn === arn);
      if (held !== undefined) this.#held.set(arn, held);
      else this.#held.delete(arn);
      if (outcome?.pending.includes(id) === true) this.#holds.hold(arn);
      else this.#holds.free(arn);
    }
    const problems = [...(outcome?.problems ?? [])];
    const isLast = gateways.length === 0;
    if (isLast) problems.push(...(await this.#releaseBackendGroup()));
    const own = this.#certificatesOf(ownGateways().filter(({ metadata }) => objectKey(metadata) === leaving));
    const awaited = unused.filter(({ id }) => leaving === undefined || isLast || own.has(id)).map(({ arn }) => arn);
    const all = isLast ? [...awaited, backendGroup] : awaited;
    const retryAt = this.#holds.nextDue(all);
    const held = all.flatMap((each) => this.#held.get(each) ?? []);
    return { problems, held, ...(retryAt !== undefined && { retryAt }) };
  }

  /**
   * Does nothing while the cluster has any load balancer: it may belong to a Gatehouse of other namespaces, or be an orphan that
   * waits for the sweep.
   */
  #releaseBackendGroup(): Promise<readonly Problem[]> {
    const { clients, cluster, inventory, locks, place, admissions } = this.#options;
    return problemsOf(backendGroup, async () => {
      if (!this.#holds.isDue(backendGroup) || (await inventory.hasLoadBalancers())) return [];
      return await locks.run('admissions', async () => {
        // Check again, because the read took some time. A Gateway that was created meanwhile needs the shared resources.
        if (this.#users().length > 0) return [];
        const refused = [...(await admissions.apply([], '', true)).values()];
        const held = await removeBackendSecurityGroup(clients, cluster);
        if (held === undefined) {
          this.#held.delete(backendGroup);
          this.#holds.free(backendGroup);
        } else {
          this.#held.set(backendGroup, held);
          this.#holds.hold(backendGroup);
        }
        place.forget();
        return [...refused.values()];
      });
    });
  }

  /** The certificates of the Secrets that these Gateways and their ListenerSets refer to. */
  #certificatesOf(gateways: readonly Gateway[]): ReadonlySet<ResourceId> {
    const { listenerSetsOf } = this.#options;
    const owners = gateways.flatMap((gateway) => [gateway, ...listenerSetsOf(objectKey(gateway.metadata))]);
    return new Set(owners.flatMap(certificateSecrets).map((secret) => resourceId('certificate', secret)));
  }

  #users(): readonly Gateway[] {
    return this.#options.ownGateways().filter((gateway) => !this.#gone.has(objectKey(gateway.metadata)));
  }

  /**
   * Certificates of Secrets that no Gateway refers to, and certificates that a newer import has replaced. If a listener still
   * serves a certificate, it is left out. This happens, for example, if the Gateway cannot be updated.
   */
  #unusedCertificates(gateways: readonly Gateway[]): readonly OwnedResource[] {
    const { watchNamespace, inventory } = this.#options;
    const used = this.#certificatesOf(gateways);
    const outdated = new Set(inventory.outdatedCertificates().map(({ arn }) => arn));
    const served = inventory.servedCertificates();
    // A process that watches one namespace cannot see who uses the Secrets of others.
    const isSeen = (id: ResourceId) =>
      watchNamespace === undefined || id.startsWith(`${resourceId('certificate', watchNamespace)}/`);
    return inventory
      .owned()
      .filter(({ kind, id, arn }) => kind === 'certificate' && isSeen(id) && (!used.has(id) || outdated.has(arn)))
      .filter(({ arn }) => !served.has(arn));
  }
}
