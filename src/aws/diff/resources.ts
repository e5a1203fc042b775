// All resources except rules: created if missing, changed if a hash tag differs.
import { hashedAttributes } from '../attribute-defaults.ts';
import { coming } from '../handover.ts';
import type { ListenerResource, Resource, ResourceId, RuleResource, Tags } from '../model/resources.ts';
import { type OwnedListener, TAG } from '../observed.ts';
import { hashed, isSet } from './certificates.ts';
import type { Draft } from './draft.ts';
import { stepId } from './draft.ts';
import type { KeptResource } from './existing.ts';
import { certificateReferences, ingressReferences, specReferences } from './references.ts';
import type { Step, StepId } from './step.ts';
import { hasHash, hashTag, userTags } from './tags.ts';
import { pointsWhereDesired, warmUp } from './traffic.ts';

type Plain = Exclude<Resource, RuleResource>;

export function planResource(draft: Draft, desired: Plain): void {
  const existing = draft.existing.kept.get(desired.id);
  if (existing !== undefined) update(draft, desired, existing);
  else if (mayGetRoute(draft, desired)) draft.await({ kind: 'route', resource: desired.id });
  else create(draft, desired);
}

/** Whether to wait for the listener's route: nobody can connect yet, and routes often come a moment after the Gateway. */
function mayGetRoute(draft: Draft, desired: Plain): boolean {
  if (desired.kind !== 'listener') return false;
  const loadBalancer = draft.existing.kept.get(desired.loadBalancer);
  const isOpen = loadBalancer?.kind === 'load-balancer' && loadBalancer.state !== 'provisioning';
  return !isOpen && desired.sources?.length === 0;
}

function create(draft: Draft, desired: Plain): void {
  const created = draft.add({
    kind: 'create',
    id: stepId('create', desired.id),
    ...afterReferences(draft, desired),
    resource: desired.id,
    desired,
    tags: {
      ...userTags(desired),
      ...(desired.kind === 'load-balancer' && desired.replaces !== undefined && coming),
      ...hashTag('spec', hashed(draft.existing, desired.spec, defaultCertificates(desired))),
      ...earlyTags(desired),
    },
  });
  draft.usableAfter(desired.id, created);
  const second = secondCall(draft, desired, { created });
  if (second !== undefined) draft.add(second);
  if (desired.kind === 'security-group' && second !== undefined) draft.usableAfter(desired.id, second.id);
  if (desired.kind === 'target-group') {
    draft.usableAfter(desired.id, draft.syncTargets(desired, [second?.id ?? created]));
  }
}

/**
 * A target group is created with the tag of its attributes, because another call a group would write only this tag. If
 * something forwards to the group, its attributes are set. Before that nobody trusts the tag (OwnedTargetGroup).
 */
const earlyTags = (desired: Plain): Tags =>
  desired.kind === 'target-group' && Object.keys(desired.attributes).length > 0
    ? hashTag('attributes', hashedAttributes(desired))
    : {};

/** If the default certificate cannot be imported, the listener is created with another certificate, if it has any. */
function afterReferences(draft: Draft, desired: Plain): Pick<Step, 'after' | 'follows'> {
  const certificates = new Set(defaultCertificates(desired));
  const needed = specReferences(desired).filter((reference) => !certificates.has(reference));
  const after = [...draft.waitFor(needed), ...failedPredecessors(draft, desired)];
  return certificates.size === 0 ? { after } : { after, follows: draft.waitFor([...certificates]) };
}

function defaultCertificates(desired: Plain): readonly ResourceId[] {
  if (desired.kind !== 'listener' || desired.spec.defaultCertificate === undefined) return [];
  return certificateReferences([desired.spec.defaultCertificate]);
}

/** Names of load balancers are deterministic, so a failed one must be deleted before its successor takes the name. */
function failedPredecessors(draft: Draft, desired: Plain): StepId[] {
  return draft.existing.left
    .filter((left) => left.id === desired.id && left.kind === 'load-balancer' && left.state === 'failed')
    .map((failed) => draft.remove(failed, []));
}

function update(draft: Draft, desired: Plain, existing: KeptResource): void {
  const references = specReferences(desired);
  const certificates = defaultCertificates(desired);
  const spec = hashed(draft.existing, desired.spec, certificates);
  const right =
    isSet(draft.existing, { tags: existing.tags, tag: 'spec', value: desired.spec }, certificates) &&
    !references.some((reference) => draft.isCreated(reference)) &&
    !(TAG.entered in existing.tags);
  const changed = mustChange(draft, desired, existing, right)
    ? draft.change(desired, existing, draft.waitFor(references), { spec })
    : undefined;
  // AWS accepts no UDP listener on IPv6 before the subnets have prefixes for source NAT.
  if (changed !== undefined && desired.kind === 'load-balancer' && desired.spec.prefixForIpv6SourceNat === 'on') {
    draft.usableAfter(desired.id, changed);
  }
  forgetCertificates(draft, desired, existing, changed);
  const second = secondCall(draft, desired, { existing });
  if (second !== undefined) draft.add(second);
  if (desired.kind === 'target-group') {
    const after = second === undefined ? [] : [second.id];
    const isTargetNew = draft.targetReferences(desired).some((each) => draft.isCreated(each));
    const isFirstSet = second !== undefined && !draft.existing.inUse.has(existing.arn);
    if (isTargetNew || isFirstSet) draft.usableAfter(desired.id, draft.syncTargets(desired, after));
  }
  // A load balancer loses a security group only after the rules of that group are in the groups that stay.
  const givesUp = draft.existing.left.some(({ kind }) => kind === 'security-group');
  if (second?.kind === 'set-ingress' && givesUp) draft.usableAfter(desired.id, second.id);
  draft.retag(desired, existing);
  if (desired.kind === 'listener' && desired.apart?.until !== undefined) {
    draft.await({ kind: 'pair', resource: desired.id, at: desired.apart.until });
  }
}

const hasCertificates = (protocol: string): boolean => protocol === 'HTTPS' || protocol === 'TLS';

/** If a listener loses HTTPS or TLS, it also loses its list of certificates. So the tag with the list's hash is removed. */
function forgetCertificates(draft: Draft, desired: Plain, existing: KeptResource, changed: StepId | undefined): void {
  if (desired.kind !== 'listener' || existing.kind !== 'listener' || !(TAG.certificates in existing.tags)) return;
  if (hasCertificates(desired.spec.protocol) || (changed === undefined && hasCertificates(existing.protocol))) return;
  const after = changed === undefined ? [] : [changed];
  const { id: resource } = desired;
  const remove = [TAG.certificates];
  draft.add({
    kind: 'tag',
    id: stepId('tag-certificates', resource),
    after,
    resource,
    arn: existing.arn,
    add: {},
    remove,
  });
}

/** A listener that forwards keeps its old groups until the new groups are ready. */
function mustChange(draft: Draft, desired: Plain, existing: KeptResource, right: boolean): boolean {
  if (desired.kind !== 'listener' || existing.kind !== 'listener') return !right;
  const forwarding = { desired, owned: existing };
  if (desired.spec.defaultAction.kind !== 'forward') return !right;
  // The warm-up may have given it another protocol, and groups that are no longer desired.
  const stands = existing.protocol === desired.spec.protocol && pointsWhereDesired(draft.existing, forwarding);
  if (right && stands) return false;
  if (!warmUp(draft, forwarding)) return true;
  setTls(draft, desired, existing);
  return false;
}

/** While a TLS listener waits for its new groups, its certificate and policies do not wait. */
function setTls(draft: Draft, desired: ListenerResource, owned: OwnedListener): void {
  const { protocol, sslPolicy, alpnPolicy = 'None', defaultCertificate: use } = desired.spec;
  if (use === undefined || protocol !== 'TLS' || owned.protocol !== 'TLS') return;
  const arn = 'arn' in use ? use.arn : draft.existing.kept.get(use.certificate)?.arn;
  if (owned.certificate === arn && owned.sslPolicy === sslPolicy && (owned.alpnPolicy ?? 'None') === alpnPolicy) return;
  // If the certificate cannot be imported, the policies change without it.
  const follows = draft.waitFor(certificateReferences([use]));
  const id = stepId('set-tls', desired.id);
  draft.add({ kind: 'set-tls', id, after: [], follows, resource: desired.id, desired, arn: owned.arn });
}

/** The step after the create. Undefined if all is set already, or if nothing is desired and nothing was ever set. */
function secondCall(
  draft: Draft,
  desired: Plain,
  state: { readonly created: StepId } | { readonly existing: KeptResource },
): Step | undefined {
  const fresh = 'created' in state;
  const base = (references: readonly ResourceId[] = []) => ({
    after: [...(fresh ? [state.created] : []), ...draft.waitFor(references)],
    resource: desired.id,
    fresh,
  });
  const isRight = (tag: 'attributes' | 'ingress', value: object) => {
    const present = fresh ? {} : state.existing.tags;
    return TAG[tag] in present ? hasHash(present, tag, value) : Object.keys(value).length === 0;
  };
  switch (desired.kind) {
    case 'security-group': {
      const { ingress, overflow = [] } = desired;
      const created = overflow.filter((each) => draft.isCreated(each));
      const sources = ingressReferences(ingress);
      const stands = created.length === 0 && !sources.some((each) => draft.isCreated(each));
      if (isRight('ingress', ingress) && stands) return undefined;
      const tags = hashTag('ingress', ingress);
      const all = { ...base([...overflow, ...sources]), fresh: fresh && created.length === overflow.length };
      return { kind: 'set-ingress', id: stepId('set-ingress', desired.id), ...all, desired, tags };
    }
    case 'load-balancer':
    case 'target-group': {
      const attributes = hashedAttributes(desired);
      const doubt = !fresh && state.existing.kind === 'target-group' ? state.existing.attributes : undefined;
      if (doubt === undefined && isRight('attributes', attributes)) return undefined;
      const tags = hashTag('attributes', attributes);
      const all = { ...base(), fresh: fresh || doubt === 'default' };
      return { kind: 'set-attributes', id: stepId('set-attributes', desired.id), ...all, desired, tags };
    }
    case 'listener': {
      if (!hasCertificates(desired.spec.protocol)) return undefined;
      const references = certificateReferences(desired.extraCertificates);
      const created = references.some((reference) => draft.isCreated(reference));
      const value = desired.extraCertificates;
      const present = fresh ? {} : state.existing.tags;
      const right =
        isSet(draft.existing, { tags: present, tag: 'certificates', value }, references) ||
        (value.length === 0 && !(TAG.certificates in present));
      if (!created && right) return undefined;
      const tags = hashTag('certificates', hashed(draft.existing, value, references));
      const id = stepId('set-certificates', desired.id);
      // If a certificate cannot be imported, only that certificate is left out.
      return { kind: 'set-certificates', id, ...base(), follows: draft.waitFor(references), desired, tags };
    }
    case 'certificate':
      return undefined;
    default:
      return desired satisfies never;
  }
}
