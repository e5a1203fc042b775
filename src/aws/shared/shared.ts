// What Gateways share in AWS, and when it goes: imported certificates, and the backend group that all targets admit.
import type { Gateway } from '../../api/gateway-api.ts';
import { certificateSecrets } from '../../gateway/references.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import type { AwsClients } from '../clients.ts';
import type { CloudContext } from '../cloud.ts';
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
  /** When to try again what is still in use, in milliseconds since the epoch; absent where nothing is awaited. */
  readonly retryAt?: number;
  /** What is awaited, where AWS would not delete it. */
  readonly held: readonly Held[];
  readonly problems: readonly Problem[];
}

export interface SharedOptions {
  readonly term: Pick<CloudContext, 'config' | 'clock' | 'sources' | 'ownGateways'>;
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
  /** Gateways of which AWS has nothing any more, though the cluster may still show them: of several, the last one cleans up. */
  readonly #gone = new Set<ObjectKey>();
  /** What AWS last said of what it holds, as it is named in #holds. */
  readonly #held = new Map<string, Held>();

  constructor(options: SharedOptions) {
    this.#options = options;
    this.#holds = new Holds(options.term.clock);
  }

  /** The Gateway is there, again maybe: what it shares is in use. */
  uses(gateway: ObjectKey): void {
    this.#gone.delete(gateway);
  }

  /** The ARN of the certificate that was imported from a Secret last, if it is there. */
  imported(secret: ObjectKey): string | undefined {
    const { inventory } = this.#options;
    const outdated = new Set(inventory.outdatedCertificates().map(({ arn }) => arn));
    return inventory.find(resourceId('certificate', secret)).find(({ arn }) => !outdated.has(arn))?.arn;
  }

  /**
   * Removes what Gateways share and none uses any more: certificates, and with the last Gateway the backend group and what
   * admits it.
   * @param leaving a Gateway that is as good as gone: of what others hold, it waits for its own
   */
  async release(leaving?: ObjectKey): Promise<Release> {
    const { term, execute } = this.#options;
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
    const own = this.#certificatesOf(term.ownGateways().filter(({ metadata }) => objectKey(metadata) === leaving));
    const awaited = unused.filter(({ id }) => leaving === undefined || isLast || own.has(id)).map(({ arn }) => arn);
    const all = isLast ? [...awaited, backendGroup] : awaited;
    const retryAt = this.#holds.nextDue(all);
    const held = all.flatMap((each) => this.#held.get(each) ?? []);
    return { problems, held, ...(retryAt !== undefined && { retryAt }) };
  }

  /** Another Gatehouse may serve other namespaces, and orphans wait for the sweep: they still need what is shared. */
  #releaseBackendGroup(): Promise<readonly Problem[]> {
    const { clients, cluster, inventory, locks, place, admissions } = this.#options;
    return problemsOf(backendGroup, async () => {
      if (!this.#holds.isDue(backendGroup) || (await inventory.hasLoadBalancers())) return [];
      return await locks.run('admissions', async () => {
        // Looking took its time: a Gateway that came meanwhile needs what is shared.
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

  /** The certificates that the Secrets of these Gateways and of their ListenerSets stand for. */
  #certificatesOf(gateways: readonly Gateway[]): ReadonlySet<ResourceId> {
    const { sources } = this.#options.term;
    const owners = gateways.flatMap((gateway) => [
      gateway,
      ...sources.listenerSetsByParent(objectKey(gateway.metadata)),
    ]);
    return new Set(owners.flatMap(certificateSecrets).map((secret) => resourceId('certificate', secret)));
  }

  #users(): readonly Gateway[] {
    return this.#options.term.ownGateways().filter((gateway) => !this.#gone.has(objectKey(gateway.metadata)));
  }

  /**
   * Those of Secrets that no Gateway refers to, and those that a newer import stands in for; but for what a listener still
   * serves, of a Gateway that can't be brought up to date, say.
   */
  #unusedCertificates(gateways: readonly Gateway[]): readonly OwnedResource[] {
    const { term, inventory } = this.#options;
    const { watchNamespace } = term.config;
    const used = this.#certificatesOf(gateways);
    const outdated = new Set(inventory.outdatedCertificates().map(({ arn }) => arn));
    const served = inventory.servedCertificates();
    // Who else uses the Secrets of other namespaces can't be seen from one.
    const isSeen = (id: ResourceId) =>
      watchNamespace === undefined || id.startsWith(`${resourceId('certificate', watchNamespace)}/`);
    return inventory
      .owned()
      .filter(({ kind, id, arn }) => kind === 'certificate' && isSeen(id) && (!used.has(id) || outdated.has(arn)))
      .filter(({ arn }) => !served.has(arn));
  }
}
