// The emulator's own endpoints, under /_aws/.
import type { Calls } from './calls.ts';
import type { Seed } from './seed.ts';
import type { WireResponse } from './wire/protocols.ts';

interface Controlled {
  readonly calls: Calls;
  readonly reset: () => void;
  readonly seeded: () => Seed | undefined;
}

function json(status: number, value: unknown): WireResponse {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, undefined, 2)}\n` };
}

/**
 * `GET /_aws/health`, `GET /_aws/calls` (counts by action), `DELETE /_aws/calls` (zeroes them), `POST /_aws/reset`
 * (back to how it started), `GET /_aws/seed` (what the demo VPC is made of; 404 without a seed).
 */
export function control(method: string, path: string, aws: Controlled): WireResponse {
  switch (`${method} ${path}`) {
    case 'GET /_aws/health':
      return json(200, { status: 'ok' });
    case 'GET /_aws/calls':
      return json(200, aws.calls.counts());
    case 'DELETE /_aws/calls':
      aws.calls.zero();
      return json(200, aws.calls.counts());
    case 'POST /_aws/reset':
      aws.reset();
      return json(200, { status: 'ok' });
    case 'GET /_aws/seed':
      return aws.seeded() ? json(200, aws.seeded()) : json(404, { message: 'Started without a seed' });
    default:
      return json(404, { message: `${method} ${path} is not known` });
  }
}
