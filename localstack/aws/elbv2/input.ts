// Reading the query protocol's parameters: everything on the wire is text.
import type { Input } from '../service.ts';
import { isRecord } from '../wire/record.ts';
import { validationError } from './errors.ts';

export function text(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw validationError(`Parameter ${name} must be a string`);
  return value;
}

export function requiredText(input: Input, name: string): string {
  const value = text(input, name);
  if (value === undefined || value === '') throw validationError(`Parameter ${name} must be specified`);
  return value;
}

export function oneOf<Value extends string>(input: Input, name: string, allowed: readonly Value[]): Value | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  const known = allowed.find((each) => each === value);
  if (known !== undefined) return known;
  throw validationError(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ` +
      `Member must satisfy enum value set: [${allowed.join(', ')}]`,
  );
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export const portRange: Range = { min: 1, max: 65535 };

export function integer(input: Input, name: string, range: Range): number | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  if (!/^-?[0-9]{1,12}$/.test(value)) throw validationError(`Parameter ${name} must be an integer, not '${value}'`);
  const number = Number(value);
  if (number >= range.min && number <= range.max) return number;
  const bound = number > range.max ? `less than or equal to ${range.max}` : `greater than or equal to ${range.min}`;
  throw validationError(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ` +
      `Member must have value ${bound}`,
  );
}

export function flag(input: Input, name: string): boolean | undefined {
  const value = oneOf(input, name, ['true', 'false']);
  return value === undefined ? undefined : value === 'true';
}

/** A list parameter; undefined if it is missing. An empty list arrives as an empty string. */
function list(input: Input, name: string): readonly unknown[] | undefined {
  const value = input[name];
  if (value === undefined) return undefined;
  if (value === '') return [];
  if (!Array.isArray(value)) throw validationError(`Parameter ${name} must be a list`);
  return value;
}

export function texts(input: Input, name: string): readonly string[] | undefined {
  return list(input, name)?.map((value) => {
    if (typeof value !== 'string') throw validationError(`Parameter ${name} must be a list of strings`);
    return value;
  });
}

function asRecord(value: unknown, name: string): Input {
  if (isRecord(value)) return value;
  throw validationError(`Parameter ${name} must be a structure`);
}

export function records(input: Input, name: string): readonly Input[] | undefined {
  return list(input, name)?.map((value) => asRecord(value, name));
}

export function record(input: Input, name: string): Input | undefined {
  const value = input[name];
  return value === undefined ? undefined : asRecord(value, name);
}

/** A required list, which must not be empty. */
export function nonEmpty<Value>(values: readonly Value[] | undefined, name: string): readonly Value[] {
  if (!values || values.length === 0) throw validationError(`Parameter ${name} must be specified`);
  return values;
}
