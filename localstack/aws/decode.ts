import { type Credential, readCredential } from './authenticate.ts';
import { AwsError, type Input, type Service } from './service.ts';
import { decodeEc2, decodeQuery } from './wire/form.ts';
import { isRecord } from './wire/record.ts';

export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  /** The X-Amz-Target header of the JSON protocol: `PREFIX.Action`. */
  readonly target: string | undefined;
  readonly body: string;
}

/** The service and action of a request, without its parameters. */
export interface Addressed {
  readonly service: Service;
  readonly action: string;
  readonly credential: Credential | undefined;
  readonly form: URLSearchParams;
}

function byTarget(services: readonly Service[], target: string): Service | undefined {
  return services.find((service) => service.protocol === 'json' && target.startsWith(`${service.namespace}.`));
}

/** The signature's scope names the service, else X-Amz-Target, else Version. */
export function address(request: WireRequest, services: readonly Service[]): Addressed {
  const credential = readCredential(request.authorization);
  const form = new URLSearchParams(request.method === 'GET' ? request.url.search : request.body);
  const version = form.get('Version');
  const service =
    services.find((each) => each.name === credential?.service) ??
    (request.target === undefined ? undefined : byTarget(services, request.target)) ??
    services.find((each) => each.version !== undefined && each.version === version);
  if (!service) throw new AwsError('UnknownEndpoint', 'No service is known by this request', 404);
  if (version !== null && service.version !== undefined && service.version !== version) {
    throw new AwsError('InvalidAction', `Could not find operation ${form.get('Action')} for version ${version}`);
  }
  const action = service.protocol === 'json' ? request.target?.split('.').at(-1) : form.get('Action');
  return { service, action: action ?? '', credential, form };
}

function parseJson(body: string): Input {
  try {
    const value: unknown = JSON.parse(body === '' ? '{}' : body);
    if (isRecord(value)) return value;
  } catch {
    // Refused below.
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object');
}

/** The parameters of a request. */
export function readInput({ service, form }: Addressed, body: string): Input {
  switch (service.protocol) {
    case 'query':
      return decodeQuery(form);
    case 'ec2':
      return decodeEc2(form);
    case 'json':
      return parseJson(body);
  }
  return service.protocol satisfies never;
}
