import { loadBalancersUsingCertificate } from '../elbv2/in-use.ts';
import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { validation } from './errors.ts';
import { arnRequest, findCertificate, type ListRequest, listRequest, parse } from './requests.ts';
import type { Certificate } from './state.ts';

function inUseBy(world: World, certificate: Certificate): readonly string[] {
  return loadBalancersUsingCertificate(world.elbv2, certificate.arn, world.clock.now());
}

/** docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html */
export function describeCertificate(world: World, input: Input): Output {
  const certificate = findCertificate(world, parse(arnRequest, input).CertificateArn);
  const { x509, request } = certificate;
  return {
    Certificate: {
      CertificateArn: certificate.arn,
      DomainName: certificate.domainName,
      SubjectAlternativeNames: certificate.subjectAlternativeNames,
      DomainValidationOptions: request === undefined ? undefined : validations(certificate),
      Serial: x509?.serial,
      Subject: x509?.subject ?? `CN=${certificate.domainName}`,
      Issuer: certificate.type === 'AMAZON_ISSUED' ? 'Amazon' : x509?.issuer,
      CreatedAt: certificate.createdAt,
      ImportedAt: certificate.importedAt,
      IssuedAt: certificate.issuedAt,
      Status: certificate.status,
      NotBefore: x509?.notBefore,
      NotAfter: certificate.notAfter,
      KeyAlgorithm: certificate.keyAlgorithm,
      SignatureAlgorithm: x509?.signatureAlgorithm ?? 'SHA256WITHRSA',
      InUseBy: inUseBy(world, certificate),
      Type: certificate.type,
      KeyUsages: [],
      ExtendedKeyUsages: (x509?.extendedKeyUsages ?? []).map(({ name, oid }) => ({ Name: name, OID: oid })),
      RenewalEligibility: 'INELIGIBLE',
      Options: { CertificateTransparencyLoggingPreference: request === undefined ? 'DISABLED' : 'ENABLED' },
    },
  };
}

function validations(certificate: Certificate): readonly Output[] {
  const { request } = certificate;
  return (request?.domainValidations ?? []).map(({ domainName, recordName, recordValue }) => ({
    DomainName: domainName,
    ValidationDomain: domainName,
    ValidationStatus: certificate.status === 'PENDING_VALIDATION' ? 'PENDING_VALIDATION' : 'SUCCESS',
    ValidationMethod: request?.validationMethod,
    ResourceRecord:
      request?.validationMethod === 'DNS' ? { Name: recordName, Type: 'CNAME', Value: recordValue } : undefined,
  }));
}

/** The certificate and its chain; never the key. */
export function getCertificate(world: World, input: Input): Output {
  const { material, arn } = findCertificate(world, parse(arnRequest, input).CertificateArn);
  if (material === undefined) {
    throw new AwsError('RequestInProgressException', `The certificate request for ${arn} is in progress.`);
  }
  return { Certificate: material.certificatePem, CertificateChain: material.chainPem };
}

export function deleteCertificate(world: World, input: Input): Output {
  const certificate = findCertificate(world, parse(arnRequest, input).CertificateArn);
  if (inUseBy(world, certificate).length > 0) {
    throw new AwsError(
      'ResourceInUseException',
      `Certificate ${certificate.arn} in account ${world.accountId} is in use.`,
    );
  }
  world.acm.certificates.delete(certificate.arn);
  return {};
}

/** The default of Includes.keyTypes. docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html */
const listedKeyTypes: readonly string[] = ['RSA_1024', 'RSA_2048'];

export function listCertificates(world: World, input: Input): Output {
  const request = parse(listRequest, input);
  const keyTypes: readonly string[] = request.Includes?.keyTypes ?? listedKeyTypes;
  const statuses = request.CertificateStatuses;
  const chosen = [...world.acm.certificates.values()].filter(
    ({ keyAlgorithm, status }) =>
      keyTypes.includes(keyAlgorithm) && (statuses === undefined || statuses.includes(status)),
  );
  const { found, nextToken } = page(chosen, request);
  return { CertificateSummaryList: found.map((certificate) => summary(world, certificate)), NextToken: nextToken };
}

/** In order of creation. The token names the last listed certificate, which may be deleted meanwhile. */
function page(chosen: readonly Certificate[], { MaxItems: size, NextToken: token, SortOrder: order }: ListRequest) {
  const isBefore = (a: string, b: string): boolean => (order === 'DESCENDING' ? a > b : a < b);
  const after = token === undefined ? undefined : Buffer.from(token, 'base64').toString();
  if (after !== undefined && !after.includes(' arn:')) throw validation('The NextToken is not valid.');
  const rest = chosen
    .map((certificate) => ({ certificate, key: `${certificate.createdAt.toISOString()} ${certificate.arn}` }))
    .filter(({ key }) => after === undefined || isBefore(after, key))
    .toSorted((a, b) => (isBefore(a.key, b.key) ? -1 : 1));
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  return {
    found: shown.map(({ certificate }) => certificate),
    nextToken: last !== undefined && shown.length < rest.length ? Buffer.from(last.key).toString('base64') : undefined,
  };
}

const summarizedNames = 100;

function summary(world: World, certificate: Certificate): Output {
  const names = certificate.subjectAlternativeNames;
  return {
    CertificateArn: certificate.arn,
    DomainName: certificate.domainName,
    SubjectAlternativeNameSummaries: names.slice(0, summarizedNames),
    HasAdditionalSubjectAlternativeNames: names.length > summarizedNames,
    Status: certificate.status,
    Type: certificate.type,
    KeyAlgorithm: certificate.keyAlgorithm,
    KeyUsages: [],
    ExtendedKeyUsages: (certificate.x509?.extendedKeyUsages ?? []).map(({ name }) => name),
    Exported: false,
    InUse: inUseBy(world, certificate).length > 0,
    RenewalEligibility: 'INELIGIBLE',
    NotBefore: certificate.x509?.notBefore,
    NotAfter: certificate.notAfter,
    CreatedAt: certificate.createdAt,
    IssuedAt: certificate.issuedAt,
    ImportedAt: certificate.importedAt,
  };
}
