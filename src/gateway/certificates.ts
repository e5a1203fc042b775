// Which certificates a listener can serve: those of its certificateRefs, and the provider's own that it names.
import type { Secret } from '../api/core.ts';
import { GATEWAY_GROUP, type SecretReference } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { ListenerCapabilities } from './capabilities.ts';
import { isPermitted } from './grants.ts';
import type { GatewayInput } from './input.ts';
import type { OwnedListener } from './owned-listeners.ts';
import { type ReadCertificate, readCertificate } from './pem.ts';
import type { Problem, Report } from './problem.ts';
import type { ListenerPlace, SecretPlace } from './problem-place.ts';
import { certificateSecret, describeReference, externalCertificates, namespaceOf } from './references.ts';
import type { CertificateKey, CertificateSource } from './topology.ts';

/** The usable certificates. Clients without SNI get the first one. Each unusable certificate is reported. */
export function resolveCertificates(
  owned: OwnedListener,
  input: GatewayInput,
  capabilities: Pick<ListenerCapabilities, 'certificateKeys'>,
  report: Report,
): readonly CertificateSource[] {
  const refs = owned.listener.tls?.certificateRefs ?? [];
  const sources = new Map<string, CertificateSource>();
  for (const [index, ref] of refs.entries()) {
    const place = { listener: owned.id, field: `tls.certificateRefs[${index}]` };
    const source = resolveSecret(ref, owned, place, input, capabilities, report);
    if (source === undefined) continue;
    const key = source.kind === 'secret' ? source.secret : source.reference;
    if (!sources.has(key)) sources.set(key, source);
  }
  const references = externalCertificates(owned.listener, input.certificateOption);
  const external = references.map((reference) => ({ kind: 'external' as const, reference }));
  return [...sources.values(), ...external];
}

function resolveSecret(
  ref: SecretReference,
  { owner, listener }: OwnedListener,
  place: ListenerPlace,
  input: GatewayInput,
  { certificateKeys }: Pick<ListenerCapabilities, 'certificateKeys'>,
  report: Report,
): CertificateSource | undefined {
  const namespace = namespaceOf(owner);
  const secret = certificateSecret(namespace, ref);
  if (secret === undefined) {
    report({ ...place, kind: 'certificate-kind-unsupported', reference: describeReference({ namespace, ...ref }) });
    return undefined;
  }
  // The grant is checked first, because without one nobody may learn whether the Secret exists.
  const from = { group: GATEWAY_GROUP, kind: owner.kind, namespace };
  const to = { group: '', kind: 'Secret', namespace: ref.namespace ?? namespace, name: ref.name };
  if (!isPermitted(input.grants, from, to)) {
    report({ ...place, kind: 'certificate-not-permitted', secret });
    return undefined;
  }
  const object = input.secrets.get(secret);
  const last = lastGood(secret, input);
  if (object === undefined && input.assumeSecrets === true) return assumed(secret, listener.hostname);
  if (object === undefined) {
    report({ ...place, kind: 'certificate-not-found', secret, ...(last && { stillServed: true }) });
    return last;
  }
  const read = readOnce(object);
  const told: SecretPlace = { ...place, secret, ...(last && { stillServed: true }) };
  const problem = certificateProblem(read, told, input.now) ?? keyProblem(read, told, certificateKeys);
  if (problem !== undefined) {
    report(problem);
    return last;
  }
  return read.kind === 'certificate' ? { kind: 'secret', secret, certificate: read.summary } : undefined;
}

/** The fingerprint of a certificate whose Secret is only assumed to exist. */
export const ASSUMED_FINGERPRINT = 'assumed';

/** Stands for a certificate that cannot be read: it is valid for the listener's hostname. */
const assumed = (secret: ObjectKey, hostname = '*'): CertificateSource => ({
  kind: 'secret',
  secret,
  certificate: {
    fingerprint: ASSUMED_FINGERPRINT,
    key: { type: 'RSA', bits: 2048 },
    domainNames: [hostname],
    notAfter: '9999-12-31T23:59:59Z',
  },
});

/** If a Secret becomes unusable or is deleted, its listener keeps the certificate that was imported last. */
function lastGood(secret: ObjectKey, { imported }: GatewayInput): CertificateSource | undefined {
  const reference = imported.get(secret);
  return reference === undefined ? undefined : { kind: 'last', secret, reference };
}

/** Cached objects are frozen, and a changed Secret is a new object. So each Secret is parsed once. */
const memory = new WeakMap<Secret, ReadCertificate>();

function readOnce(secret: Secret): ReadCertificate {
  const known = memory.get(secret);
  if (known !== undefined) return known;
  const read = readCertificate(secret);
  if (Object.isFrozen(secret)) memory.set(secret, read);
  return read;
}

function certificateProblem(read: ReadCertificate, place: SecretPlace, now: number): Problem | undefined {
  switch (read.kind) {
    case 'malformed':
      return { ...place, kind: 'certificate-malformed', detail: read.detail };
    case 'key-mismatch':
      return { ...place, kind: 'certificate-key-mismatch' };
    case 'algorithm-unsupported':
      return { ...place, kind: 'certificate-algorithm-unsupported', algorithm: read.algorithm };
    case 'certificate': {
      const { notBefore } = read;
      const { notAfter } = read.summary;
      if (now > Date.parse(notAfter)) return { ...place, kind: 'certificate-expired', notAfter };
      if (now < Date.parse(notBefore)) return { ...place, kind: 'certificate-not-yet-valid', notBefore };
      return undefined;
    }
    default:
      read satisfies never;
      return undefined;
  }
}

function keyProblem(
  read: ReadCertificate,
  place: SecretPlace,
  supported: ListenerCapabilities['certificateKeys'],
): Problem | undefined {
  if (read.kind !== 'certificate') return undefined;
  const algorithm = keyName(read.summary.key);
  if (supported.some((each) => keyName(each) === algorithm)) return undefined;
  return { ...place, kind: 'certificate-algorithm-unsupported', algorithm };
}

/** `rsa-2048`, `ec-prime256v1`. */
const keyName = (key: CertificateKey): string => (key.type === 'RSA' ? `rsa-${key.bits}` : `ec-${key.curve}`);
