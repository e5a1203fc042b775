// The ACM state of an account in one region.

import type { KeyObject } from 'node:crypto';

/** ACM's names, the most preferred last: RSA, then ECDSA, each by rising strength. */
export const keyAlgorithms = [
  'RSA_1024',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'EC_prime256v1',
  'EC_secp384r1',
  'EC_secp521r1',
] as const;

export type KeyAlgorithm = (typeof keyAlgorithms)[number];

type CertificateStatus = 'PENDING_VALIDATION' | 'ISSUED' | 'EXPIRED';

/** The leaf, its chain and its key, for load balancers. The key never leaves the process. */
export interface Material {
  readonly certificatePem: string;
  readonly chainPem: string | undefined;
  readonly privateKey: KeyObject;
}

export interface X509Details {
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  readonly signatureAlgorithm: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extendedKeyUsages: readonly { readonly name: string; readonly oid: string }[];
}

export interface DomainValidation {
  readonly domainName: string;
  readonly recordName: string;
  readonly recordValue: string;
}

export interface Certificate {
  readonly arn: string;
  readonly type: 'IMPORTED' | 'AMAZON_ISSUED';
  domainName: string;
  subjectAlternativeNames: readonly string[];
  keyAlgorithm: KeyAlgorithm;
  status: CertificateStatus;
  readonly createdAt: Date;
  importedAt: Date | undefined;
  issuedAt: Date | undefined;
  /** The content of the certificate; absent until a requested certificate is issued. */
  x509: X509Details | undefined;
  notAfter: Date | undefined;
  material: Material | undefined;
  readonly request: CertificateRequest | undefined;
  readonly tags: Map<string, string>;
}

export interface CertificateRequest {
  /** A second request within the hour with equal values means this certificate. */
  readonly idempotencyKey: string | undefined;
  readonly validationMethod: 'DNS' | 'EMAIL';
  readonly domainValidations: readonly DomainValidation[];
  /** Milliseconds since the epoch. */
  readonly issuesAt: number;
  /** The content after issuing; absent while it is being created. */
  material: Material | undefined;
}

export interface AcmState {
  readonly certificates: Map<string, Certificate>;
  /** The times of the last year's imports, in milliseconds. ACM's quota counts them, deleted certificates included. */
  importTimes: readonly number[];
}

export function newAcmState(): AcmState {
  return { certificates: new Map(), importTimes: [] };
}
