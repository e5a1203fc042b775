// From a listener's certificateRefs, and its certificate ARNs, to the certificates that it can serve.
import type { Secret } from '../api/core.ts';
import { GATEWAY_GROUP, type SecretReference } from '../api/gateway-api.ts';
import { type ObjectKey, parseObjectKey } from '../kube/object.ts';
import { isPermitted } from './grants.ts';
import type { GatewayInput } from './input.ts';
import type { OwnedListener } from './owned-listeners.ts';
import { type ReadCertificate, readCertificate } from './pem.ts';
import type { Problem, Report } from './problem.ts';
import type { ListenerPlace, SecretPlace } from './problem-place.ts';
import {
  CERTIFICATE_ARN_OPTION,
  certificateSecret,
  describeReference,
  isCertificateArn,
  namedCertificates,
  namespaceOf,
} from './references.ts';
import type { CertificateSource } from './topology.ts';

/** Those that can be served, the first one for clients without SNI. Each bad one is reported. */
export function resolveCertificates(
  owned: OwnedListener,
  input: GatewayInput,
  report: Report,
): readonly CertificateSource[] {
  const refs = owned.listener.tls?.certificateRefs ?? [];
  const sources = new Map<string, CertificateSource>();
  for (const [index, ref] of refs.entries()) {
    const place = { listener: owned.id, field: `tls.certificateRefs[${index}]` };
    const source = resolveSecret(ref, owned, place, input, report);
    const key = source?.kind === 'secret' ? source.secret : source?.arn;
    if (source !== undefined && key !== undefined && !sources.has(key)) sources.set(key, source);
  }
  return [...sources.values(), ...resolveArns(owned, input, report)];
}

function resolveSecret(
  ref: SecretReference,
  { owner, listener }: OwnedListener,
  place: ListenerPlace,
  input: GatewayInput,
  report: Report,
): CertificateSource | undefined {
  const namespace = namespaceOf(owner);
  const secret = certificateSecret(namespace, ref);
  if (secret === undefined) {
    report({ ...place, kind: 'certificate-kind-unsupported', reference: describeReference({ namespace, ...ref }) });
    return undefined;
  }
  // The grant first: without one, nobody may learn whether the Secret exists.
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
  const problem = certificateProblem(read, { ...place, secret, ...(last && { stillServed: true }) }, input.now);
  if (problem !== undefined) {
    report(problem);
    return last;
  }
  return read.kind === 'certificate' ? { kind: 'secret', secret, certificate: read.summary } : undefined;
}

/** The fingerprint of a certificate whose Secret is only taken to be there. */
export const ASSUMED_FINGERPRINT = 'assumed';

/** In place of a certificate that is not to be seen: one for the listener's own host. */
const assumed = (secret: ObjectKey, hostname = '*'): CertificateSource => ({
  kind: 'secret',
  secret,
  certificate: {
    fingerprint: ASSUMED_FINGERPRINT,
    keyAlgorithm: 'RSA_2048',
    domainNames: [hostname],
    notAfter: '9999-12-31T23:59:59Z',
  },
});

/** A Secret that went bad, or is gone, takes no listener down: what was imported from it last is served on. */
function lastGood(secret: ObjectKey, { imported }: GatewayInput): CertificateSource | undefined {
  const arn = imported.get(secret);
  return arn === undefined ? undefined : { kind: 'arn', arn };
}

/** Objects out of a cache are frozen, and a changed Secret is another object: so parsing it once is enough. */
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

function resolveArns(owned: OwnedListener, input: GatewayInput, report: Report): readonly CertificateSource[] {
  const place = { listener: owned.id, field: `tls.options[${CERTIFICATE_ARN_OPTION}]` };
  return namedCertificates(owned.listener)
    .filter((arn) => isUsable(arn, owned, place, input, report))
    .map((arn) => ({ kind: 'arn', arn }));
}

/** A key is its owner's: what was imported from a Secret is for those who may refer to that Secret. */
function isUsable(
  arn: string,
  { owner }: OwnedListener,
  place: ListenerPlace,
  { certificateOwners, grants }: GatewayInput,
  report: Report,
): boolean {
  if (!isCertificateArn(arn)) {
    report({ kind: 'certificate-arn-malformed', ...place, arn });
    return false;
  }
  const whose = certificateOwners.get(arn) ?? { kind: 'absent' };
  switch (whose.kind) {
    case 'anyone':
      return true;
    case 'secret': {
      const from = { group: GATEWAY_GROUP, kind: owner.kind, namespace: namespaceOf(owner) };
      const { namespace = '', name } = parseObjectKey(whose.secret);
      if (isPermitted(grants, from, { group: '', kind: 'Secret', namespace, name })) return true;
      report({ kind: 'certificate-arn-not-permitted', ...place, arn });
      return false;
    }
    case 'another-cluster':
      report({ kind: 'certificate-arn-not-permitted', ...place, arn });
      return false;
    case 'absent':
      report({ kind: 'certificate-arn-not-found', ...place, arn });
      return false;
    case 'unknown':
      if (!whose.isServed) report({ kind: 'certificate-arn-unknown', ...place, arn, detail: whose.detail });
      return whose.isServed;
    default:
      return whose satisfies never;
  }
}
