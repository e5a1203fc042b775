// Certificates of clients: which CA certificates the listeners of a port trust. Without any, the listeners serve nobody.
import { GATEWAY_GROUP, type ObjectReference } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import { addAuthorities } from './authorities.ts';
import { isPermitted } from './grants.ts';
import type { GatewayInput } from './input.ts';
import type { ClientProblem } from './listener-problem.ts';
import type { OwnedListener } from './owned-listeners.ts';
import type { Report } from './problem.ts';
import type { ListenerPlace } from './problem-place.ts';
import {
  configMapReference,
  describeReference,
  type FrontendValidation,
  frontendValidations,
  namespaceOf,
} from './references.ts';
import type { ClientValidation } from './topology.ts';

/**
 * The validation of listeners that terminate TLS. All such listeners of a port have the same, so no name leads around it.
 * @returns a function of the listener: undefined if it asks for no certificates, `invalid` if it can trust nobody
 */
export function clientValidations(input: GatewayInput) {
  const byPort = new Map(frontendValidations(input.gateway).map((each) => [each.port, each]));
  const resolved = new Map<FrontendValidation, Resolved>();
  return ({ id, listener: { port } }: OwnedListener, report: Report): ClientValidation | 'invalid' | undefined => {
    const found = byPort.get(port) ?? byPort.get(undefined);
    if (found === undefined) return undefined;
    const { clients, problems } = resolved.get(found) ?? resolve(found, input);
    resolved.set(found, { clients, problems });
    for (const problem of problems) report(problem(id));
    return clients;
  };
}

/** Once for all listeners with the same. */
interface Resolved {
  readonly clients: ClientValidation | 'invalid' | undefined;
  readonly problems: readonly ((listener: string) => ClientProblem)[];
}

function resolve({ field: path, validation }: FrontendValidation, input: GatewayInput): Resolved {
  if (validation === undefined) return { clients: undefined, problems: [] };
  const { caCertificateRefs, mode } = validation;
  const field = `${path}.caCertificateRefs`;
  const trusted = new Map<ObjectKey, string>();
  const problems = caCertificateRefs.flatMap((ref, index) => {
    const problem = trust(ref, input, trusted);
    return problem === undefined ? [] : (listener: string) => problem({ listener, field: `${field}[${index}]` });
  });
  if (trusted.size === 0) {
    const last = (listener: string) => ({ kind: 'clients-without-authority', listener, field }) as const;
    return { clients: 'invalid', problems: [...problems, last] };
  }
  const configMaps = [...trusted.keys()].toSorted();
  return { clients: { mode: mode === 'AllowInsecureFallback' ? 'optional' : 'required', configMaps }, problems };
}

/**
 * Adds the ConfigMap to the trusted ones.
 * @param trusted PEM by ConfigMap
 * @returns what is wrong with it
 */
function trust(
  ref: ObjectReference,
  { gateway, grants, configMaps }: GatewayInput,
  trusted: Map<ObjectKey, string>,
): ((place: ListenerPlace) => ClientProblem) | undefined {
  const from = namespaceOf(gateway);
  const configMap = configMapReference(from, ref);
  if (configMap === undefined) {
    const reference = describeReference({ ...ref, namespace: ref.namespace ?? from });
    return (place) => ({ kind: 'clients-authority-kind-unsupported', ...place, reference });
  }
  // The grant is checked first, because without one nobody may learn whether the ConfigMap exists.
  const to = { group: '', kind: 'ConfigMap', namespace: ref.namespace ?? from, name: ref.name };
  if (!isPermitted(grants, { group: GATEWAY_GROUP, kind: 'Gateway', namespace: from }, to)) {
    return (place) => ({ kind: 'clients-authority-not-permitted', ...place, configMap });
  }
  const wrong = addAuthorities(trusted, configMap, configMaps);
  switch (wrong?.kind) {
    case undefined:
      return undefined;
    case 'missing':
      return (place) => ({ kind: 'clients-authority-not-found', ...place, configMap });
    case 'malformed':
      return (place) => ({ kind: 'clients-authority-malformed', ...place, configMap, detail: wrong.detail });
    default:
      return wrong satisfies never;
  }
}
