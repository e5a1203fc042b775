// Finds the drift of one Gateway: each resource that AWS describes is compared with the Gateway's model. A difference is
// remembered in the inventory, as a missing or wrong hash tag. The next diff repairs it like any other difference.
import { attributesDelta, defaultsOf, hashedAttributes } from '../attribute-defaults.ts';
import { hash, stableJson } from '../model/hash.ts';
import type {
  CertificateUse,
  ListenerResource,
  LoadBalancerResource,
  Model,
  Resource,
  ResourceId,
  SecurityGroupResource,
  Tags,
  TargetGroupResource,
} from '../model/resources.ts';
import { TAG } from '../observed.ts';
import type { Actual } from './compare.ts';
import { ingressKey, type PresentRule, resolved } from './ingress-rules.ts';
import type { Inventory } from './inventory.ts';
import type { OwnedRecord } from './records.ts';

export interface Drift {
  readonly resource: ResourceId;
  readonly aspect:
    | 'missing'
    | 'tags'
    | 'spec'
    | 'attributes'
    | 'ingress'
    | 'certificates'
    | 'priority'
    | 'targets'
    | 'foreign-rules';
}

type Kind = Resource['kind'];
type ResourceOf<K extends Kind> = Extract<Resource, { kind: K }>;

export class DriftDetector {
  readonly drift: Drift[] = [];
  readonly #inventory: Inventory;
  readonly #gateway: string;
  #model: Model | undefined;
  #desired: ReadonlyMap<ResourceId, Resource> = new Map();

  /** @param gateway the value of its tag */
  constructor(inventory: Inventory, gateway: string) {
    this.#inventory = inventory;
    this.#gateway = gateway;
  }

  /** Sets the model that resources are compared with from now on. */
  expect(model: Model | undefined): void {
    if (model === this.#model) return;
    this.#model = model;
    this.#desired = new Map((model?.resources ?? []).map((resource) => [resource.id, resource]));
  }

  desired(id: ResourceId): Resource | undefined {
    return this.#desired.get(id);
  }

  desiredCertificates(): readonly ResourceId[] {
    return [...this.#desired.values()].flatMap(({ id, kind }) => (kind === 'certificate' ? id : []));
  }

  /** Whether another group has this one as its overflow: the rules of both are compared together. */
  isOverflow(id: ResourceId): boolean {
    return [...this.#desired.values()].some((each) => each.kind === 'security-group' && each.overflow?.includes(id));
  }

  /** The ARNs that may have this logical id. */
  readonly arnsOf: Actual = (id) => {
    const records = [...this.#inventory.find(id, this.#gateway), ...this.#inventory.find(id)];
    return records.map(({ arn }) => arn);
  };

  note(resource: ResourceId, aspect: Drift['aspect']): void {
    this.drift.push({ resource, aspect });
  }

  missing({ arn, id }: OwnedRecord): void {
    this.note(id, 'missing');
    this.#inventory.remove(arn);
  }

  /** @param isSame asked only when the record's tag claims the desired spec: without the claim, diff repairs it anyway */
  compareSpec<K extends Kind>(record: OwnedRecord, kind: K, isSame: (desired: ResourceOf<K>) => boolean): void {
    const desired = this.#desired.get(record.id);
    const isKind = (resource: Resource | undefined): resource is ResourceOf<K> => resource?.kind === kind;
    if (!isKind(desired) || record.tags[TAG.spec] !== hash(desired.spec) || isSame(desired)) return;
    this.note(record.id, 'spec');
    this.#inventory.retag(record.arn, {}, [TAG.spec]);
  }

  compareAttributes(
    record: OwnedRecord,
    desired: LoadBalancerResource | TargetGroupResource,
    current: Readonly<Record<string, string>>,
  ): void {
    const { attributes } = desired;
    // Attributes that no pass has set yet are no drift.
    const isClaimed = (record.tags[TAG.attributes] ?? hash({})) === hash(hashedAttributes(desired));
    const delta = attributesDelta(attributes, current, defaultsOf(desired));
    if (isClaimed && Object.keys(delta).length > 0) this.#drifted(record, 'attributes');
  }

  compareIngress(record: OwnedRecord, { ingress }: SecurityGroupResource, present: readonly PresentRule[]): void {
    const keys = present.map(({ key }) => key);
    const wanted = resolved(ingress, (id) => this.arnsOf(id)[0] ?? id);
    if (!sameMembers(keys, wanted.map(ingressKey))) this.#drifted(record, 'ingress');
  }

  /** @param present the ARNs of the listener's certificates beside the default one */
  compareCertificates(record: OwnedRecord, { extraCertificates }: ListenerResource, present: readonly string[]): void {
    const arnsOf = (use: CertificateUse) => ('arn' in use ? [use.arn] : this.arnsOf(use.certificate));
    if (!sameMembers(present, extraCertificates.flatMap(arnsOf))) this.#drifted(record, 'certificates');
  }

  compareTags(record: OwnedRecord, actual: Tags | undefined): void {
    if (actual === undefined) return;
    const remembered = this.#inventory.get(record.arn)?.tags ?? record.tags;
    // A spec that this audit has found wrong stays wrong, whatever its tag claims.
    const isSpecWrong = this.drift.some(({ resource, aspect }) => resource === record.id && aspect === 'spec');
    const { [TAG.spec]: spec, ...others } = actual;
    const present = isSpecWrong || spec === undefined ? others : { ...others, [TAG.spec]: spec };
    // Without ownership tags a resource would not be found again. With the tags of another resource, it would be confused with
    // that. So the ownership tags stay as remembered, except the resource tag: if it is absent, diff writes all of them again.
    const owned = { ...ownership(remembered), [TAG.resource]: record.id };
    const isIntact = Object.entries(owned).every(([key, value]) => actual[key] === value);
    const { [TAG.resource]: _, ...marked } = { ...present, ...owned };
    const tags = isIntact ? present : marked;
    if (stableJson(tags) === stableJson(remembered)) return;
    this.#inventory.put({ ...record, tags });
    this.note(record.id, 'tags');
  }

  /** An absent tag would mean that nothing was ever set, so the tag gets a value that no hash has. */
  #drifted({ arn, id }: OwnedRecord, aspect: 'attributes' | 'ingress' | 'certificates'): void {
    this.note(id, aspect);
    this.#inventory.retag(arn, { [TAG[aspect]]: 'drifted' });
  }
}

export const sameMembers = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  new Set(a.map(stableJson)).symmetricDifference(new Set(b.map(stableJson))).size === 0;

const ownership = (tags: Tags): Tags =>
  Object.fromEntries(
    Object.entries(tags).filter(
      ([key]) => key === TAG.cluster || key === TAG.clusterUid || key === TAG.gateway || key === TAG.resource,
    ),
  );
