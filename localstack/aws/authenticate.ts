import type { Clock } from './clock.ts';
import type { AwsOptions } from './options.ts';
import { AwsError, type Service } from './service.ts';
import type { Sessions } from './sessions.ts';

/** The signer in a request's Authorization header. */
export interface Credential {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/** Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`. */
export function readCredential(authorization: string | undefined): Credential | undefined {
  const match = /Credential=([^/,\s]+)\/[0-9]{8}\/([^/,\s]*)\/([^/,\s]+)\/aws4_request/.exec(authorization ?? '');
  const [, accessKeyId, region, service] = match ?? [];
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined;
  return { accessKeyId, region, service };
}

function unknownKey(protocol: Service['protocol']): AwsError {
  const message = 'The security token included in the request is invalid.';
  switch (protocol) {
    case 'query':
      return new AwsError('InvalidClientTokenId', message, 403);
    case 'ec2':
      return new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
    case 'json':
      return new AwsError('UnrecognizedClientException', message);
  }
  return protocol satisfies never;
}

function expired(protocol: Service['protocol']): AwsError {
  const message = 'The security token included in the request is expired';
  switch (protocol) {
    case 'query':
      return new AwsError('ExpiredToken', message, 403);
    case 'ec2':
      return new AwsError('RequestExpired', 'Request has expired.');
    case 'json':
      return new AwsError('ExpiredTokenException', message);
  }
  return protocol satisfies never;
}

/**
 * The caller's ARN. Signatures are not verified: a key id is enough.
 * Without the `credentials` option every key id exists. For an unknown, missing or expired key id it throws AWS's error.
 */
export function authenticate(
  credential: Credential | undefined,
  service: Service,
  options: AwsOptions,
  sessions: Sessions,
  clock: Clock,
): string {
  const session = credential && sessions.get(credential.accessKeyId);
  if (session) {
    if (session.expiresAt <= clock.now()) throw expired(service.protocol);
    return session.principal;
  }
  const user = `arn:aws:iam::${options.accountId}:user/${credential?.accessKeyId ?? 'anonymous'}`;
  if (!options.credentials) return user;
  // AssumeRoleWithWebIdentity is the only unsigned call.
  if (!credential) {
    if (service.name === 'sts') return user;
    throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
  }
  if (!options.credentials.includes(credential.accessKeyId)) throw unknownKey(service.protocol);
  return user;
}
