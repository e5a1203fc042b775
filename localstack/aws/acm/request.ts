// RequestCertificate: the certificate is pending for a while, then issued. It is self-signed.

import { createHash, X509Certificate } from 'node:crypto';
import type { Input, Output } from '../service.ts';
import type { World } from '../world.ts';
import { limitExceeded } from './errors.ts';
import { newArn } from './import.ts';
import { parse, requestRequest } from './requests.ts';
import { selfSigned } from './self-signed.ts';
import type { AcmState, Certificate, CertificateRequest, DomainValidation } from './state.ts';
import { newTags } from './tags.ts';
import { detailsOf } from './x509.ts';

const tokenMs = 3_600_000;

/** docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html */
export async function requestCertificate(world: World, input: Input): Promise<Output> {
  const request = parse(requestRequest, input);
  const names = [...new Set([request.DomainName, ...(request.SubjectAlternativeNames ?? [])])];
  const idempotencyKey =
    request.IdempotencyToken === undefined ? undefined : JSON.stringify([request.IdempotencyToken, names.toSorted()]);
  const earlier = idempotencyKey === undefined ? undefined : sameRequest(world, idempotencyKey);
  if (earlier !== undefined) return { CertificateArn: earlier.arn };
  checkQuotas(world, names);
  const tags = newTags(request.Tags ?? []);
  const now = world.clock.now();
  const pending: CertificateRequest = {
    idempotencyKey,
    validationMethod: request.ValidationMethod,
    domainValidations: names.map((name) => validationOf(world.accountId, name)),
    issuesAt: now + world.options.issuingSeconds * 1000,
    material: undefined,
  };
  const certificate: Certificate = {
    arn: newArn(world),
    type: 'AMAZON_ISSUED',
    domainName: request.DomainName,
    subjectAlternativeNames: names,
    keyAlgorithm: request.KeyAlgorithm,
    status: 'PENDING_VALIDATION',
    createdAt: new Date(now),
    importedAt: undefined,
    issuedAt: undefined,
    x509: undefined,
    notAfter: undefined,
    material: undefined,
    request: pending,
    tags,
  };
  // Stored before its key exists, so that a repeated request finds it.
  world.acm.certificates.set(certificate.arn, certificate);
  pending.material = await selfSigned(names, request.KeyAlgorithm, now, `7${world.random.hex(31)}`);
  return { CertificateArn: certificate.arn };
}

function sameRequest(world: World, idempotencyKey: string): Certificate | undefined {
  const since = world.clock.now() - tokenMs;
  return [...world.acm.certificates.values()].find(
    ({ request, createdAt }) => request?.idempotencyKey === idempotencyKey && createdAt.getTime() > since,
  );
}

function checkQuotas(world: World, names: readonly string[]): void {
  const { quotas } = world.options;
  const namesQuota = quotas['domain-names-per-certificate'];
  if (names.length > namesQuota) throw limitExceeded(`A certificate may have at most ${namesQuota} domain names.`);
  const held = [...world.acm.certificates.values()].filter(({ type }) => type === 'AMAZON_ISSUED').length;
  if (held >= quotas['requested-certificates']) {
    throw limitExceeded(`Cannot request more certificates: the limit is ${quotas['requested-certificates']}.`);
  }
}

/**
 * The record depends on account and name. A wildcard has the same record as its parent domain.
 * docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
 */
function validationOf(accountId: string, domainName: string): DomainValidation {
  const base = domainName.replace(/^\*\./, '').toLowerCase();
  const digest = createHash('sha256').update(`${accountId}/${base}`).digest('hex');
  return {
    domainName,
    recordName: `_${digest.slice(0, 32)}.${base}.`,
    recordValue: `_${digest.slice(32, 64)}.${letters(digest.slice(0, 20))}.acm-validations.aws.`,
  };
}

function letters(hex: string): string {
  return (hex.match(/../g) ?? []).map((byte) => String.fromCharCode(97 + (Number.parseInt(byte, 16) % 26))).join('');
}

/** Applies the passing of time: requested certificates are issued, others expire. */
export function refreshCertificates(acm: AcmState, now: number): void {
  for (const certificate of acm.certificates.values()) {
    const { request } = certificate;
    if (certificate.status === 'PENDING_VALIDATION' && request?.material !== undefined && request.issuesAt <= now) {
      certificate.status = 'ISSUED';
      certificate.issuedAt = new Date(request.issuesAt);
      certificate.material = request.material;
      certificate.x509 = detailsOf(new X509Certificate(request.material.certificatePem));
      certificate.notAfter = certificate.x509.notAfter;
    }
    if (certificate.notAfter !== undefined && certificate.notAfter.getTime() <= now) certificate.status = 'EXPIRED';
  }
}
