// Who owns the certificates that listeners name by ARN. The inventory knows our own certificates. For others AWS is asked once.

import { ListTagsForCertificateCommand } from '@aws-sdk/client-acm';
import type { CertificateOwner } from '../../gateway/input.ts';
import type { Clock } from '../../kube/clock.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import { isCertificateArn } from '../certificate-arns.ts';
import type { AwsClients } from '../clients.ts';
import { AwsError, isNotFound, problemsOf } from '../errors.ts';
import { type ClusterIdentity, resourceId } from '../model/naming.ts';
import type { ResourceId, Tags } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import type { Problem } from '../problem.ts';
import { fromTagList, ownerOf } from '../tags.ts';
import { absentCertificateMs } from '../timings.ts';
import type { Inventory } from './inventory.ts';

export interface CertificateOwnersOptions {
  readonly clients: AwsClients;
  readonly cluster: ClusterIdentity;
  readonly inventory: Inventory;
  readonly clock: Clock;
}

/** How many certificates one pass may look up, because a tenant who names many must not delay the pass. */
const perPass = 50;

/** How many answers are remembered. If tenants name more, some are asked again. */
const maxRemembered = 10_000;

type Answer = Exclude<CertificateOwner, { kind: 'unknown' }>;

export class CertificateOwners {
  readonly #options: CertificateOwnersOptions;
  readonly #answers = new Map<string, { readonly owner: Answer; readonly until: number }>();
  /** Why AWS did not answer the last time. */
  readonly #refusals = new Map<string, string>();

  constructor(options: CertificateOwnersOptions) {
    this.#options = options;
  }

  /**
   * Asks AWS for the owners that are not known yet. If AWS does not answer, they stay unknown.
   * @param gateway the Gateway whose listeners name the certificates
   * @param arns without duplicates, the most important ones first
   * @returns the problems of reading which certificates the Gateway serves already
   */
  async learn(gateway: ObjectKey, arns: readonly string[]): Promise<readonly Problem[]> {
    const unknown = arns.filter((arn) => this.#known(arn) === undefined);
    await Promise.all(unknown.slice(0, perPass).map((arn) => this.#ask(arn)));
    if (unknown.every((arn) => this.#known(arn) !== undefined)) return [];
    return problemsOf(resourceId('listener'), async () => {
      await this.#options.inventory.learnServed(gateway);
      return [];
    });
  }

  of(arn: string, gateway: ObjectKey): CertificateOwner {
    const known = this.#known(arn);
    if (known !== undefined) return known;
    const isServed = this.#options.inventory.servedBy(gateway).has(arn);
    return { kind: 'unknown', detail: this.#refusals.get(arn) ?? 'it was not asked yet', isServed };
  }

  #known(arn: string): Answer | undefined {
    if (!isCertificateArn(arn)) return { kind: 'absent' };
    const { inventory, clock } = this.#options;
    const record = inventory.get(arn);
    const secret = record?.kind === 'certificate' ? secretOf(record.id) : undefined;
    if (secret !== undefined) return { kind: 'secret', secret };
    const answer = this.#answers.get(arn);
    return answer === undefined || clock.now() >= answer.until ? undefined : answer.owner;
  }

  async #ask(arn: string): Promise<void> {
    const { clients, cluster, clock } = this.#options;
    try {
      const { Tags: tags } = await clients.acm.send(new ListTagsForCertificateCommand({ CertificateArn: arn }));
      this.#remember(arn, ownerByTags(fromTagList(tags), cluster), Number.POSITIVE_INFINITY);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { code, detail } = error;
      if (isNotFound(error)) this.#remember(arn, { kind: 'absent' }, clock.now() + absentCertificateMs);
      else this.#refusals.set(arn, `${code}: ${detail}`);
    }
  }

  #remember(arn: string, owner: Answer, until: number): void {
    if (this.#answers.size >= maxRemembered) this.#answers.clear();
    if (this.#refusals.size >= maxRemembered) this.#refusals.clear();
    this.#refusals.delete(arn);
    this.#answers.set(arn, { owner, until });
  }
}

function ownerByTags(tags: Tags, cluster: ClusterIdentity): Answer {
  const owner = ownerOf(tags, cluster);
  const secret = owner.kind === 'ours' ? secretOf(owner.id) : undefined;
  if (secret !== undefined) return { kind: 'secret', secret };
  return { kind: TAG.cluster in tags || TAG.clusterUid in tags ? 'another-cluster' : 'anyone' };
}

/** The Secret of an imported certificate. From a shortened id we get a wrong name, but no grant allows that name. */
function secretOf(id: ResourceId): ObjectKey | undefined {
  const [kind, namespace, name, ...others] = id.split('/');
  if (kind !== 'certificate' || name === undefined || others.length > 0) return undefined;
  return objectKey({ namespace, name });
}
