// The shapes of ACM's requests. docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html

import { z } from 'zod';
import { AwsError, type Input } from '../service.ts';
import type { World } from '../world.ts';
import { validation } from './errors.ts';
import { type Certificate, keyAlgorithms } from './state.ts';

const blob = z.base64().transform((value) => Buffer.from(value, 'base64').toString('utf8'));

/** The rules for tags are checked when a tag is added, with their own errors. */
const tags = z.array(z.object({ Key: z.string(), Value: z.string().optional() }));

export const importRequest = z.object({
  CertificateArn: z.string().optional(),
  Certificate: blob,
  PrivateKey: blob,
  CertificateChain: blob.optional(),
  Tags: tags.optional(),
});

/** docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html */
const domain = z
  .string()
  .max(253)
  .regex(/^(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$/);

export const requestRequest = z.object({
  DomainName: domain,
  SubjectAlternativeNames: z.array(domain).min(1).max(100).optional(),
  ValidationMethod: z.enum(['DNS', 'EMAIL']).default('EMAIL'),
  IdempotencyToken: z.string().regex(/^\w+$/).max(32).optional(),
  KeyAlgorithm: z
    .enum(
      ['RSA_2048', 'EC_prime256v1', 'EC_secp384r1'],
      'only RSA_2048, EC_prime256v1 and EC_secp384r1 may be requested',
    )
    .default('RSA_2048'),
  Tags: tags.optional(),
});

export const arnRequest = z.object({ CertificateArn: z.string() });

export const tagsRequest = z.object({ CertificateArn: z.string(), Tags: tags.min(1).max(50) });

export const listRequest = z.object({
  CertificateStatuses: z.array(z.string()).optional(),
  Includes: z.object({ keyTypes: z.array(z.enum(keyAlgorithms)).optional() }).optional(),
  MaxItems: z.int().min(1).max(1000).default(1000),
  NextToken: z.string().optional(),
  SortBy: z.enum(['CREATED_AT']).optional(),
  SortOrder: z.enum(['ASCENDING', 'DESCENDING']).optional(),
});

export type ListRequest = z.infer<typeof listRequest>;

/** @throws ValidationException with the fields' names, never their values: one is a private key. */
export function parse<T>(schema: z.ZodType<T>, input: Input): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const { issues } = result.error;
  const details = issues.map(
    ({ path, message }) => `Value at '${path.map(String).join('.')}' failed to satisfy constraint: ${message}`,
  );
  throw validation(
    `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected: ${details.join('; ')}`,
  );
}

/** @throws InvalidArnException, ResourceNotFoundException. */
export function findCertificate(world: World, arn: string): Certificate {
  if (!/^arn:aws[\w-]*:acm:[\w-]*:[0-9]{12}:certificate\/[\w+=,.@-]+$/.test(arn)) {
    throw new AwsError('InvalidArnException', 'The certificate ARN is not valid.');
  }
  const certificate = world.acm.certificates.get(arn);
  if (certificate === undefined) {
    throw new AwsError('ResourceNotFoundException', `Could not find certificate ${arn}.`);
  }
  return certificate;
}
