import type { X509Certificate } from 'node:crypto';
import { uuid } from '../random.ts';
import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { limitExceeded, validation } from './errors.ts';
import { findCertificate, importRequest, parse } from './requests.ts';
import type { Certificate, KeyAlgorithm, Material, X509Details } from './state.ts';
import { newTags } from './tags.ts';
import { detailsOf, domainsOf, isChainInOrder, keyAlgorithmOf, readChain, readLeaf, readPrivateKey } from './x509.ts';

/**
 * Each import without an ARN creates a new certificate, because ACM has no idempotency token for imports.
 * docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
 */
export function importCertificate(world: World, input: Input): Output {
  const request = parse(importRequest, input);
  const replaced = request.CertificateArn === undefined ? undefined : findCertificate(world, request.CertificateArn);
  if (replaced !== undefined && request.Tags !== undefined && request.Tags.length > 0) {
    throw validation('Tagging is not permitted on re-import.');
  }
  const imported = read(request.Certificate, request.PrivateKey, request.CertificateChain, world.clock.now());
  if (replaced !== undefined) return { CertificateArn: reimport(world, replaced, imported).arn };
  return { CertificateArn: importNew(world, imported, newTags(request.Tags ?? [])).arn };
}

interface Imported {
  readonly domainName: string;
  readonly names: readonly string[];
  readonly keyAlgorithm: KeyAlgorithm;
  readonly x509: X509Details;
  readonly material: Material;
}

/** docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html */
function read(certificatePem: string, keyPem: string, chainPem: string | undefined, now: number): Imported {
  const leaf = readLeaf(certificatePem);
  const privateKey = readPrivateKey(keyPem);
  const keyAlgorithm = keyAlgorithmOf(leaf.publicKey);
  if (keyAlgorithm === undefined) throw validation('The key algorithm or size of the certificate is not supported.');
  if (!leaf.checkPrivateKey(privateKey)) throw validation('The certificate and the private key do not match.');
  const x509 = detailsOf(leaf);
  if (now < x509.notBefore.getTime()) throw validation('The certificate is not valid yet.');
  if (now >= x509.notAfter.getTime()) throw validation('The certificate has expired.');
  const chain = chainPem === undefined ? [] : readChain(chainPem);
  if (!isChainInOrder(leaf, chain)) {
    throw validation('Could not validate the certificate with the certificate chain.');
  }
  return {
    ...domainsOf(leaf),
    keyAlgorithm,
    x509,
    material: { certificatePem: pemOf([leaf]), chainPem: chain.length > 0 ? pemOf(chain) : undefined, privateKey },
  };
}

function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('');
}

const yearMs = 365 * 86_400_000;

/** docs.aws.amazon.com/acm/latest/userguide/acm-limits.html: a number of certificates, and twice as many imports in a year. */
function importNew(world: World, imported: Imported, tags: Map<string, string>): Certificate {
  const { acm } = world;
  const now = world.clock.now();
  const quota = world.options.quotas['imported-certificates'];
  const held = [...acm.certificates.values()].filter(({ type }) => type === 'IMPORTED').length;
  acm.importTimes = acm.importTimes.filter((time) => time > now - yearMs);
  if (held >= quota || acm.importTimes.length >= quota * 2) {
    throw limitExceeded(`Cannot import more certificates: the limit is ${quota} at a time and ${quota * 2} in a year.`);
  }
  acm.importTimes = [...acm.importTimes, now];
  const certificate: Certificate = {
    arn: newArn(world),
    type: 'IMPORTED',
    domainName: imported.domainName,
    subjectAlternativeNames: imported.names,
    keyAlgorithm: imported.keyAlgorithm,
    status: 'ISSUED',
    createdAt: new Date(now),
    importedAt: new Date(now),
    issuedAt: undefined,
    x509: imported.x509,
    notAfter: imported.x509.notAfter,
    material: imported.material,
    request: undefined,
    tags,
  };
  acm.certificates.set(certificate.arn, certificate);
  return certificate;
}

export function newArn(world: World): string {
  return `arn:aws:acm:${world.region}:${world.accountId}:certificate/${uuid(world.random)}`;
}

/** Keeps the ARN, the tags and the load balancers. docs.aws.amazon.com/acm/latest/userguide/import-reimport.html */
function reimport(world: World, certificate: Certificate, imported: Imported): Certificate {
  if (certificate.type !== 'IMPORTED') {
    throw new AwsError('ValidationException', `The certificate ${certificate.arn} was not imported.`);
  }
  if (certificate.keyAlgorithm !== imported.keyAlgorithm) {
    throw validation(
      `The key algorithm ${imported.keyAlgorithm} is not the one of the certificate being replaced, ${certificate.keyAlgorithm}.`,
    );
  }
  certificate.domainName = imported.domainName;
  certificate.subjectAlternativeNames = imported.names;
  certificate.status = 'ISSUED';
  certificate.importedAt = new Date(world.clock.now());
  certificate.x509 = imported.x509;
  certificate.notAfter = imported.x509.notAfter;
  certificate.material = imported.material;
  return certificate;
}
