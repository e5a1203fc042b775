// Credentials of an assumed role. docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

import { createHash } from 'node:crypto';
import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';

export interface Role {
  readonly accountId: string;
  readonly name: string;
  readonly sessionName: string;
}

function validation(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

export function readRole(input: Input): Role {
  const { RoleArn: arn, RoleSessionName: sessionName } = input;
  const [, accountId, name] = /^arn:aws[\w-]*:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]{1,64})$/.exec(String(arn)) ?? [];
  if (accountId === undefined || name === undefined) throw validation(`${String(arn)} is invalid`);
  if (typeof sessionName !== 'string' || !/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw validation(
      `Value '${String(sessionName)}' at 'roleSessionName' failed to satisfy constraint: [\\w+=,.@-]{2,64}`,
    );
  }
  return { accountId, name, sessionName };
}

/** In seconds; default: one hour. */
export function readDuration(input: Input): number {
  const seconds = Number(input['DurationSeconds'] ?? 3600);
  if (!Number.isInteger(seconds) || seconds < 900 || seconds > 43_200) {
    throw validation("Value at 'durationSeconds' failed to satisfy constraint: between 900 and 43200");
  }
  return seconds;
}

/** A role's id never changes: here it is derived from the role's name. */
export function roleId(name: string): string {
  return `AROA${createHash('sha256').update(name).digest('hex').slice(0, 16).toUpperCase()}`;
}

export function newSession(world: World, role: Role, seconds: number): Output {
  const { random, clock, sessions } = world;
  const accessKeyId = `ASIA${random.hex(16).toUpperCase()}`;
  const expiresAt = clock.now() + seconds * 1000;
  const arn = `arn:aws:sts::${role.accountId}:assumed-role/${role.name}/${role.sessionName}`;
  sessions.set(accessKeyId, { principal: arn, expiresAt });
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: random.hex(40),
      SessionToken: random.hex(64),
      Expiration: new Date(expiresAt),
    },
    AssumedRoleUser: { AssumedRoleId: `${roleId(role.name)}:${role.sessionName}`, Arn: arn },
  };
}
