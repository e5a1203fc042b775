// The fields that an object must have, so that the program can read it. An API server normally checks them.
import { z } from 'zod';
import type { Listener, ParentReference, PolicyTarget, ReferenceGrant } from '../api/gateway-api.ts';
import type { KubeObject } from '../kube/object.ts';

export interface InvalidManifest {
  readonly kind: 'invalid';
  /** `Gateway shop/web`, as far as kind and name can be read. */
  readonly object: string;
  /** A path, such as `spec.listeners[0].port`. */
  readonly field: string;
  readonly detail: string;
}

export type CheckedManifest = { readonly kind: 'valid'; readonly object: KubeObject } | InvalidManifest;

const strings = z.record(z.string(), z.string());
const metadata = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().optional(),
  labels: strings.optional(),
  annotations: strings.optional(),
  creationTimestamp: z.string().optional(),
});
const named = z.looseObject({ name: z.string(), namespace: z.string().optional() });
const parameters = z.looseObject({ group: z.string(), kind: z.string(), name: z.string() });

const allowedNamespaces = z.looseObject({
  from: z.enum(['All', 'Same', 'Selector', 'None']).optional(),
  selector: z
    .looseObject({
      matchLabels: strings.optional(),
      matchExpressions: z
        .array(
          z.looseObject({
            key: z.string(),
            operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            values: z.array(z.string()).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

const port = z.int().min(1).max(65_535);

const listener = z.looseObject({
  name: z.string(),
  port,
  protocol: z.string(),
  hostname: z.string().optional(),
  tls: z.looseObject({ certificateRefs: z.array(named).optional(), options: strings.optional() }).optional(),
  allowedRoutes: z
    .looseObject({
      namespaces: allowedNamespaces.optional(),
      kinds: z.array(z.looseObject({ kind: z.string() })).optional(),
    })
    .optional(),
});

const pathModifier = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('ReplaceFullPath'), replaceFullPath: z.string() }),
  z.looseObject({ type: z.literal('ReplacePrefixMatch'), replacePrefixMatch: z.string() }),
]);
const modifiesPath = z.looseObject({ hostname: z.string().optional(), path: pathModifier.optional() });
const nameValues = z.array(z.looseObject({ name: z.string(), value: z.string() }));
const modifiesHeaders = z.looseObject({
  set: nameValues.optional(),
  add: nameValues.optional(),
  remove: z.array(z.string()).optional(),
});
const mirror = z.looseObject({
  backendRef: named,
  percent: z.int().min(0).max(100).optional(),
  fraction: z.looseObject({ numerator: z.int().min(0), denominator: z.int().min(1).optional() }).optional(),
});
const names = z.array(z.string()).optional();
const cors = z.looseObject({
  allowOrigins: names,
  allowCredentials: z.boolean().optional(),
  allowMethods: names,
  allowHeaders: names,
  exposeHeaders: names,
  maxAge: z.int().min(1).optional(),
});
const filters = z.array(
  z.looseObject({
    type: z.string(),
    requestRedirect: modifiesPath
      .extend({
        scheme: z.enum(['http', 'https']).optional(),
        port: port.optional(),
        statusCode: z.int().optional(),
      })
      .optional(),
    urlRewrite: modifiesPath.optional(),
    requestHeaderModifier: modifiesHeaders.optional(),
    responseHeaderModifier: modifiesHeaders.optional(),
    requestMirror: mirror.optional(),
    cors: cors.optional(),
  }),
);
const backendRef = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  port: z.int().optional(),
  weight: z.int().min(0).max(1_000_000).optional(),
});
const actions = z.looseObject({
  filters: filters.optional(),
  backendRefs: z.array(backendRef.extend({ filters: filters.optional() })).optional(),
  retry: z
    .looseObject({
      codes: z.array(z.int().min(400).max(599)).optional(),
      attempts: z.int().min(0).optional(),
      backoff: z.string().optional(),
    })
    .optional(),
  timeouts: z.looseObject({ request: z.string().optional(), backendRequest: z.string().optional() }).optional(),
});
const rule = actions.extend({
  matches: z
    .array(
      z.looseObject({
        path: z
          .looseObject({
            type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).optional(),
            value: z.string().optional(),
          })
          .optional(),
        headers: nameValues.optional(),
        queryParams: nameValues.optional(),
        method: z.string().optional(),
      }),
    )
    .optional(),
});
const grpcMethod = z.looseObject({
  type: z.enum(['Exact', 'RegularExpression']).optional(),
  service: z.string().optional(),
  method: z.string().optional(),
});
const grpcRule = actions.extend({
  matches: z.array(z.looseObject({ method: grpcMethod.optional(), headers: nameValues.optional() })).optional(),
});

const hostnames = z.array(z.string());
const connectionRules = z.array(z.looseObject({ backendRefs: z.array(backendRef).optional() }));
const connectionRoute = z.looseObject({ parentRefs: z.array(named).optional(), rules: connectionRules.optional() });
const from = z.looseObject({ group: z.string(), kind: z.string(), namespace: z.string() });
const to = z.looseObject({ group: z.string(), kind: z.string(), name: z.string().optional() });

const target = parameters.extend({ sectionName: z.string().optional() });
const validation = z.looseObject({
  caCertificateRefs: z.array(parameters).optional(),
  wellKnownCACertificates: z.string().optional(),
  hostname: z.string().min(1),
  subjectAltNames: z
    .array(
      z.discriminatedUnion('type', [
        z.looseObject({ type: z.literal('Hostname'), hostname: z.string().min(1) }),
        z.looseObject({ type: z.literal('URI'), uri: z.string().min(1) }),
      ]),
    )
    .optional(),
});

const frontend = z.looseObject({
  validation: z.looseObject({ caCertificateRefs: z.array(parameters), mode: z.string().optional() }).optional(),
});

const specs: Readonly<Record<string, z.ZodType>> = {
  GatewayClass: z.looseObject({ controllerName: z.string(), parametersRef: parameters.optional() }),
  Gateway: z.looseObject({
    gatewayClassName: z.string(),
    listeners: z.array(listener),
    addresses: z.array(z.looseObject({ type: z.string().optional(), value: z.string().optional() })).optional(),
    tls: z
      .looseObject({
        frontend: z
          .looseObject({
            default: frontend,
            perPort: z.array(z.looseObject({ port, tls: frontend })).optional(),
          })
          .optional(),
      })
      .optional(),
    allowedListeners: z.looseObject({ namespaces: allowedNamespaces.optional() }).optional(),
    infrastructure: z
      .looseObject({
        labels: strings.optional(),
        annotations: strings.optional(),
        parametersRef: parameters.optional(),
      })
      .optional(),
  }),
  ListenerSet: z.looseObject({ parentRef: named, listeners: z.array(listener) }),
  HTTPRoute: z.looseObject({
    parentRefs: z.array(named).optional(),
    hostnames: hostnames.optional(),
    rules: z.array(rule).optional(),
  }),
  GRPCRoute: z.looseObject({
    parentRefs: z.array(named).optional(),
    hostnames: hostnames.optional(),
    rules: z.array(grpcRule).optional(),
  }),
  TCPRoute: connectionRoute,
  UDPRoute: connectionRoute,
  TLSRoute: connectionRoute.extend({ hostnames: hostnames.optional() }),
  ReferenceGrant: z.looseObject({ from: z.array(from), to: z.array(to) }),
  Service: z.looseObject({
    ports: z.array(z.looseObject({ port: z.int(), appProtocol: z.string().optional() })).optional(),
    ipFamilies: z.array(z.enum(['IPv4', 'IPv6'])).optional(),
  }),
};

const bare = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata });
const secret = bare.extend({ data: strings.optional(), stringData: strings.optional() });
const ancestor = z.looseObject({ ancestorRef: named, controllerName: z.string() });
const policy = bare.extend({
  spec: z.looseObject({ targetRefs: z.array(target), validation }),
  status: z.looseObject({ ancestors: z.array(ancestor).optional() }).optional(),
});
const configMap = bare.extend({ data: strings.optional() });
const endpointSlice = bare.extend({
  endpoints: z.array(z.looseObject({ addresses: z.array(z.string()) })).nullish(),
  ports: z.array(z.looseObject({ name: z.string().optional(), port: port.optional() })).nullish(),
});
const byKind: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['Secret', secret],
  ['ConfigMap', configMap],
  ['EndpointSlice', endpointSlice],
  ...Object.entries(specs).map(([kind, spec]) => [kind, bare.extend({ spec })] as const),
  ['BackendTLSPolicy', policy],
]);

type Grant = ReferenceGrant['spec'];

/** Parts of a spec that can be read even if other parts are invalid. */
export const parts = {
  isParent: (value: unknown): value is ParentReference => named.safeParse(value).success,
  isListener: (value: unknown): value is Listener => listener.safeParse(value).success,
  areHostnames: (value: unknown): value is readonly string[] => hostnames.safeParse(value).success,
  isTarget: (value: unknown): value is PolicyTarget => target.safeParse(value).success,
  isFrom: (value: unknown): value is Grant['from'][number] => from.safeParse(value).success,
  isTo: (value: unknown): value is Grant['to'][number] => to.safeParse(value).success,
};

export function checkManifest(manifest: unknown): CheckedManifest {
  const schema = schemaOf(manifest);
  if (isObject(manifest, schema)) return { kind: 'valid', object: manifest };
  const issue = schema.safeParse(manifest).error?.issues[0];
  return {
    kind: 'invalid',
    object: describe(manifest),
    field: fieldPath(issue?.path ?? []),
    detail: issue?.message ?? '',
  };
}

const isObject = (manifest: unknown, schema: z.ZodType): manifest is KubeObject => schema.safeParse(manifest).success;

function schemaOf(manifest: unknown): z.ZodType {
  const kind = typeof manifest === 'object' && manifest !== null && 'kind' in manifest ? manifest.kind : undefined;
  return (typeof kind === 'string' ? byKind.get(kind) : undefined) ?? bare;
}

function describe(manifest: unknown): string {
  const parsed = z
    .looseObject({
      kind: z.string().catch('object'),
      metadata: z.looseObject({ name: z.string().catch(''), namespace: z.string().optional().catch(undefined) }),
    })
    .safeParse(manifest);
  if (!parsed.success) return 'document';
  const { name, namespace } = parsed.data.metadata;
  return `${parsed.data.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}
