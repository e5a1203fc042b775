// The emulator's own endpoints, under /_aws/.
import type { Endpoint } from './endpoint.ts';
import type { Faults } from './faults/faults.ts';
import { noFaults, readFaultPlan } from './faults/plan.ts';
import type { WireResponse } from './wire/protocols.ts';

function json(status: number, value: unknown): WireResponse {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, undefined, 2)}\n` };
}

function shown({ plan, met }: Faults): WireResponse {
  const rules = plan.rules.map((rule, index) => ({ ...rule, met: met[index] }));
  return json(200, { ...plan, rules });
}

function setFaults(faults: Faults, body: string): WireResponse {
  try {
    faults.set(readFaultPlan(JSON.parse(body)));
    return shown(faults);
  } catch (error) {
    return json(400, { message: error instanceof Error ? error.message : String(error) });
  }
}

/**
 * `GET /_aws/health`, `GET /_aws/calls` (counts by action), `DELETE /_aws/calls` (zeroes them), `POST /_aws/reset`
 * (back to how it started), `GET /_aws/seed` (what the demo VPC is made of; 404 without a seed),
 * `POST /_aws/faults` (a plan of faults from now on; 400 says what is off), `GET /_aws/faults` (the plan, and how often each
 * rule was met), `DELETE /_aws/faults` (none), `GET /_aws/iam` (what of the policies was used, and what was denied),
 * `GET /_aws/load-balancers` (where they are reached; 404 without a data plane).
 */
export function control(method: string, path: string, body: string, endpoint: Endpoint): WireResponse {
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
    case 'GET /_aws/faults':
      return shown(endpoint.faults);
    case 'POST /_aws/faults':
      return setFaults(endpoint.faults, body);
    case 'DELETE /_aws/faults':
      endpoint.faults.set(noFaults);
      return shown(endpoint.faults);
    case 'GET /_aws/iam':
      return json(200, endpoint.iam.report());
    case 'GET /_aws/seed':
      return endpoint.seeded ? json(200, endpoint.seeded) : json(404, { message: 'Started without a seed' });
    case 'GET /_aws/load-balancers':
      return endpoint.dataPlane
        ? json(200, endpoint.dataPlane.reachable())
        : json(404, { message: 'Started without a data plane' });
    default:
      return json(404, { message: `${method} ${path} is not known` });
  }
}
