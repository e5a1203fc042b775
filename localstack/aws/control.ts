// The emulator's own endpoints, under /_aws/.
import type { Endpoint } from './endpoint.ts';
import type { WireResponse } from './wire/protocols.ts';

function json(status: number, value: unknown): WireResponse {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, undefined, 2)}\n` };
}

/**
 * `GET /_aws/health`, `GET /_aws/calls` (counts by action), `DELETE /_aws/calls` (zeroes them), `POST /_aws/reset`
 * (back to how it started), `GET /_aws/seed` (what the demo VPC is made of; 404 without a seed).
 */
export function control(method: string, path: string, endpoint: Endpoint): WireResponse {
  switch (`${method} ${path}`) {
    case 'GET /_aws/health':
      return json(200, { status: 'ok' });
    case 'GET /_aws/calls':
      return json(200, endpoint.calls.counts());
    case 'DELETE /_aws/calls':
      endpoint.calls.zero();
      return json(200, endpoint.calls.counts());
    case 'POST /_aws/reset':
      endpoint.reset();
      return json(200, { status: 'ok' });
    case 'GET /_aws/seed':
      return endpoint.seeded ? json(200, endpoint.seeded) : json(404, { message: 'Started without a seed' });
    default:
      return json(404, { message: `${method} ${path} is not known` });
  }
}
