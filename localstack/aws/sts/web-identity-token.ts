// docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html

import { z } from 'zod';
import { AwsError } from '../service.ts';

export interface WebIdentityToken {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

const claims = z.object({
  iss: z.string().min(1),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string()).min(1)]),
  exp: z.number(),
});

/** @throws InvalidIdentityToken if it is not a JWT with these claims, ExpiredTokenException if it has expired. */
export function readWebIdentityToken(token: unknown, now: number): WebIdentityToken {
  const parsed = claims.safeParse(payload(token));
  if (!parsed.success) throw invalid(`Missing a required claim: ${parsed.error.issues[0]?.path.join('.')}`);
  const { iss, sub, aud, exp } = parsed.data;
  if (exp * 1000 <= now) {
    throw new AwsError(
      'ExpiredTokenException',
      `Token expired: current date/time ${Math.floor(now / 1000)} must be before the expiration date/time ${exp}`,
    );
  }
  return { issuer: iss, subject: sub, audience: typeof aud === 'string' ? aud : (aud[0] ?? '') };
}

function payload(token: unknown): unknown {
  const parts = typeof token === 'string' ? token.split('.') : [];
  if (parts.length !== 3) throw invalid('The ID Token provided is not a valid JWT.');
  try {
    JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString());
    return JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString());
  } catch {
    throw invalid('The ID Token provided is not a valid JWT.');
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidIdentityToken', message);
}
