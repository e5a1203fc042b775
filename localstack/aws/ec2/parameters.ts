// Reads the parameters of a request by their wire names.

import type { Input } from '../service.ts';
import { invalidValue, missingParameter } from './errors.ts';

function isRecord(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidValue(`Invalid value for parameter ${name}`);
  return value;
}

/** @throws MissingParameter, also for an empty value. */
export function requiredText(input: Input, name: string): string {
  const value = text(input, name);
  if (value === undefined || value === '') throw missingParameter(name);
  return value;
}

export function integer(input: Input, name: string): number | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,10}$/.test(value)) throw invalidValue(`Invalid value '${value}' for ${name}: not an integer`);
  return Number(value);
}

export function flag(input: Input, name: string): boolean | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  if (!/^(true|false)$/i.test(value)) throw invalidValue(`Invalid value '${value}' for ${name}: not a boolean`);
  return value.toLowerCase() === 'true';
}

/** A list of texts; absent is empty. */
export function texts(input: Input, name: string): string[] {
  return list(input, name).map((value) => {
    if (typeof value !== 'string') throw invalidValue(`Invalid value for parameter ${name}`);
    return value;
  });
}

/** A list of structures; absent is empty. */
export function records(input: Input, name: string): Input[] {
  return list(input, name).map((value) => {
    if (!isRecord(value)) throw invalidValue(`Invalid value for parameter ${name}`);
    return value;
  });
}

/** A structure; absent is undefined. */
export function record(input: Input, name: string): Input | undefined {
  const value = input[name];
  if (value === undefined) return undefined;
  if (!isRecord(value)) throw invalidValue(`Invalid value for parameter ${name}`);
  return value;
}

function list(input: Input, name: string): readonly unknown[] {
  const value = input[name];
  if (value === undefined || value === '') return [];
  if (!Array.isArray(value)) throw invalidValue(`Invalid value for parameter ${name}`);
  return value;
}
