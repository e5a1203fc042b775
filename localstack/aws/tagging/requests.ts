import type { z } from 'zod';
import { AwsError, type Input } from '../service.ts';

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

/** @throws InvalidParameterException with the fields' names. */
export function parse<T>(schema: z.ZodType<T>, input: Input): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw invalidParameter(
    result.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; '),
  );
}
