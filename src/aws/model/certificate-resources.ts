// The certificates that listeners have, as resources: those from Secrets are imported into ACM.

import type { CertificateKey, CertificateSource } from '../../gateway/topology.ts';
import { type ChosenCertificates, certificateId } from './certificates.ts';
import type { CertificateResource, CertificateUse } from './resources.ts';

/** Each once. @param chosen of each port that has certificates */
export function certificateResources(chosen: readonly ChosenCertificates[]): readonly CertificateResource[] {
  const certificates = new Map<string, CertificateResource>();
  for (const source of chosen.flatMap(({ defaultCertificate, listed }) => [defaultCertificate, ...listed])) {
    if (source.kind !== 'secret') continue;
    const certificate = certificateResource(source);
    certificates.set(certificate.id, certificate);
  }
  return [...certificates.values()];
}

export interface ListenerCertificates {
  readonly defaultCertificate?: CertificateUse;
  readonly extraCertificates: readonly CertificateUse[];
}

/** @param chosen undefined for a listener without certificates */
export const certificatesOfListener = (chosen: ChosenCertificates | undefined): ListenerCertificates =>
  chosen === undefined
    ? { extraCertificates: [] }
    : {
        defaultCertificate: certificateUse(chosen.defaultCertificate),
        extraCertificates: chosen.listed.map(certificateUse),
      };

const certificateUse = (source: CertificateSource): CertificateUse =>
  source.kind === 'secret' ? { certificate: certificateId(source) } : { arn: source.reference };

/** ACM's name of it. */
const keyAlgorithm = (key: CertificateKey): string => (key.type === 'RSA' ? `RSA_${key.bits}` : `EC_${key.curve}`);

/** Without the Gateway's own tags: Gateways that share the Secret share the certificate, and would undo each other's. */
function certificateResource(source: Extract<CertificateSource, { kind: 'secret' }>): CertificateResource {
  const id = certificateId(source);
  const { fingerprint, key } = source.certificate;
  return {
    kind: 'certificate',
    id,
    spec: { secret: source.secret, fingerprint, keyAlgorithm: keyAlgorithm(key) },
    tags: {},
  };
}
