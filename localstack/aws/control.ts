// The emulator's own endpoints, under /_aws/.
import type { Endpoint } from './endpoint.ts';
import { readFaultPlan } from './faults/plan.ts';
import { switchesOf } from './faults/switches.ts';
import type { WireResponse } from './wire/protocols.ts';

function json(status: number, value: unknown): WireResponse {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, undefined, 2)}\n` };
}

function shownFaults({ options, faults: { plan, met } }: Endpoint): WireResponse {
  const rules = plan.rules.map((rule, index) => ({ ...rule, met: met[index] }));
  return json(200, { ...plan, ...switchesOf(options), rules });
}

function setFaults(endpoint: Endpoint, body: string): WireResponse {
  try {
    endpoint.faults.set(readFaultPlan(JSON.parse(body)));
    return shownFaults(endpoint);
  } catch (error) {
    return json(400, { message: error instanceof Error ? error.message : String(error) });
  }
}

function shownCalls({ calls, throttle }: Endpoint): WireResponse {
  return json(200, { ...calls.counts(), buckets: throttle.uses() });
}

/** The only S3 here: it stores the files of trust stores. */
function answerObject(method: string, name: string, body: string, objects: Map<string, string>): WireResponse {
  if (!/^[^/]+\/./.test(name)) return json(400, { message: 'Expected /_aws/s3/BUCKET/KEY' });
  if (method === 'PUT') objects.set(name, body);
  const found = objects.get(name);
  if (found === undefined) return json(404, { message: `${name} is not there` });
  if (method === 'DELETE') objects.delete(name);
  return method === 'GET' ? { status: 200, contentType: 'text/plain', body: found } : json(200, { name });
}

/**
 * - `GET /_aws/health`
 * - `GET /_aws/calls`: counts by action, and the state of AWS's token buckets; `DELETE` sets the counts to zero
 * - `POST /_aws/reset`: back to the start
 * - `GET /_aws/seed`: the ids of the demo VPC; 404 without a seed
 * - `POST /_aws/faults`: sets a plan of faults and switches; a 400 explains the error
 * - `GET /_aws/faults`: the plan, how often each rule applied, and every switch; `DELETE`: back to the start
 * - `GET /_aws/iam`: the used parts of the policies, and the denied calls
 * - `PUT`, `GET` and `DELETE /_aws/s3/BUCKET/KEY`: an S3 object for trust stores
 * - `GET /_aws/load-balancers`: their addresses; 404 without a data plane
 */
export function control(method: string, path: string, body: string, endpoint: Endpoint): WireResponse {
  const objectPath = '/_aws/s3/';
  if (path.startsWith(objectPath)) {
    return answerObject(method, decodeURIComponent(path.slice(objectPath.length)), body, endpoint.objects);
  }
  switch (`${method} ${path}`) {
    case 'GET /_aws/health':
      return json(200, { status: 'ok' });
    case 'GET /_aws/calls':
      return shownCalls(endpoint);
    case 'DELETE /_aws/calls':
      endpoint.calls.zero();
      endpoint.throttle.reset();
      return shownCalls(endpoint);
    case 'POST /_aws/reset':
      endpoint.reset();
      return json(200, { status: 'ok' });
    case 'GET /_aws/faults':
      return shownFaults(endpoint);
    case 'POST /_aws/faults':
      return setFaults(endpoint, body);
    case 'DELETE /_aws/faults':
      endpoint.clearFaults();
      return shownFaults(endpoint);
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
