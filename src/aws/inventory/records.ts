// The resources that are known to exist, in memory: by ARN, and by their Gateway.

import type { ResourceId, Tags } from '../model/resources.ts';
import type {
  Forward,
  OwnedCertificate,
  OwnedListener,
  OwnedLoadBalancer,
  OwnedResource,
  OwnedRule,
  OwnedSecurityGroup,
  OwnedTargetGroup,
} from '../observed.ts';
import { TAG } from '../observed.ts';

/** A listener, with the field that diff does not need. */
export interface ListenerRecord extends OwnedListener {
  /** The certificates beside the default one. Absent if not known. */
  readonly extraCertificates?: readonly string[];
}

export interface CertificateRecord extends OwnedCertificate {
  /** Milliseconds since the epoch. If several certificates have the same id, the last import is in use. */
  readonly importedAt: number;
}

export type TargetGroupRecord = Omit<OwnedTargetGroup, 'serves' | 'proven' | 'registered' | 'unusedSince'>;

export type OwnedRecord =
  | OwnedLoadBalancer
  | ListenerRecord
  | OwnedRule
  | TargetGroupRecord
  | OwnedSecurityGroup
  | CertificateRecord;

/** Represents the absent gateway tag of resources that Gateways share. */
export const SHARED = '';

export const gatewayOf = (tags: Tags): string => tags[TAG.gateway] ?? SHARED;

export class Records {
  readonly #byArn = new Map<string, OwnedRecord>();
  readonly #byGateway = new Map<string, Set<string>>();

  get(arn: string): OwnedRecord | undefined {
    return this.#byArn.get(arn);
  }

  /** Values of gateway tags; SHARED is not among them. */
  gateways(): readonly string[] {
    return [...this.#byGateway.keys()].filter((gateway) => gateway !== SHARED);
  }

  ofGateway(gateway: string): readonly OwnedRecord[] {
    return [...(this.#byGateway.get(gateway) ?? [])].flatMap((arn) => this.#byArn.get(arn) ?? []);
  }

  find(gateway: string, id: ResourceId): readonly OwnedRecord[] {
    return this.ofGateway(gateway).filter((record) => record.id === id);
  }

  all(): readonly OwnedRecord[] {
    return [...this.#byArn.values()];
  }

  put(record: OwnedRecord): void {
    this.#unlink(record.arn);
    this.#byArn.set(record.arn, record);
    const gateway = gatewayOf(record.tags);
    const arns = this.#byGateway.get(gateway);
    if (arns === undefined) this.#byGateway.set(gateway, new Set([record.arn]));
    else arns.add(record.arn);
  }

  /** Removes a load balancer's listeners, and a listener's rules, too. */
  remove(arn: string): void {
    const gone = this.#byArn.get(arn);
    if (gone === undefined) return;
    const gateway = gatewayOf(gone.tags);
    this.#unlink(arn);
    for (const record of this.ofGateway(gateway)) {
      const parent =
        record.kind === 'listener' ? record.loadBalancerArn : record.kind === 'rule' ? record.listenerArn : undefined;
      if (parent === arn) this.remove(record.arn);
    }
  }

  #unlink(arn: string): void {
    const record = this.#byArn.get(arn);
    if (record === undefined) return;
    this.#byArn.delete(arn);
    const gateway = gatewayOf(record.tags);
    const arns = this.#byGateway.get(gateway);
    arns?.delete(arn);
    if (arns?.size === 0) this.#byGateway.delete(gateway);
  }
}

export const asOwned = (record: OwnedRecord): OwnedResource =>
  record.kind === 'target-group' ? { ...record, serves: true, proven: true } : record;

/** Target groups are created with the tag of their attributes. Until something forwards to a group, the tag proves nothing. */
export function withDoubts(records: readonly OwnedRecord[]): readonly OwnedRecord[] {
  const used = new Set(records.flatMap(forwardsOf).map(({ arn }) => arn));
  return records.map((record) =>
    record.kind === 'target-group' && !used.has(record.arn) && TAG.attributes in record.tags
      ? { ...record, attributes: 'unknown' }
      : record,
  );
}

const forwardsOf = (record: OwnedRecord): readonly Forward[] => {
  if (record.kind === 'rule') return record.targetGroups;
  return record.kind === 'listener' ? record.forwards : [];
};
