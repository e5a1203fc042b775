// The CORS filter: which pages of other origins may use a route.
import type { HttpCorsFilter } from '../api/gateway-api.ts';
import { isToken } from './http-token.ts';
import type { Cors, CorsOrigin } from './route-action.ts';

/** CRD: "The default value of Access-Control-Max-Age response header is 5 (seconds)." */
const DEFAULT_MAX_AGE = 5;

const originPattern = /^(https?):\/\/(\*|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([0-9]{1,5}))?$/i;

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** @param filter without a `corsProblem` */
export const corsOf = ({
  allowOrigins = [],
  allowCredentials = false,
  allowMethods = [],
  allowHeaders = [],
  exposeHeaders = [],
  maxAge = DEFAULT_MAX_AGE,
}: HttpCorsFilter): Cors => ({
  origins: allowOrigins.flatMap((origin) => originOf(origin) ?? []),
  credentials: allowCredentials,
  methods: allowMethods,
  headers: allowHeaders,
  exposed: exposeHeaders,
  maxAge,
});

const isOrigin = (value: string): boolean => originOf(value) !== undefined;

/** The first value that is not an origin, a method or the name of a header. */
export function corsProblem(filter: HttpCorsFilter): { readonly field: string; readonly value: string } | undefined {
  const checks = { allowOrigins: isOrigin, allowMethods: isToken, allowHeaders: isToken, exposeHeaders: isToken };
  for (const field of ['allowOrigins', 'allowMethods', 'allowHeaders', 'exposeHeaders'] as const) {
    const values = filter[field] ?? [];
    const index = values.findIndex((value) => !checks[field](value));
    if (index >= 0) return { field: `${field}[${index}]`, value: values[index] ?? '' };
  }
  return undefined;
}

/** Browsers write an origin in lower case, and without its default port. */
function originOf(written: string): CorsOrigin | undefined {
  if (written === '*') return { kind: 'any' };
  const [, scheme, host = '', digits] = originPattern.exec(written.toLowerCase()) ?? [];
  if (scheme !== 'http' && scheme !== 'https') return undefined;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return { kind: 'host', scheme, host, ...(port !== undefined && port !== defaultPorts[scheme] && { port }) };
}
