// Plans one Gateway on MetalLB with the pipeline's pure stages, without a cluster.
import type { JsonObject } from '@bufbuild/protobuf';
import type { Secret } from '../api/core.ts';
import { envoyFinding } from '../envoy/findings.ts';
import { resourceJson } from '../envoy/json.ts';
import { buildEnvoy, type EnvoyModel } from '../envoy/model/build.ts';
import { ENVOY_CAPABILITIES } from '../envoy/model/capabilities.ts';
import { endpointsOf } from '../envoy/model/endpoints.ts';
import { isHttp2 } from '../envoy/model/names.ts';
import type { KeyPair } from '../envoy/model/secrets.ts';
import type { EnvoyProblem, Problem } from '../envoy/problem.ts';
import type { ResourceKind, Snapshot } from '../envoy/snapshot.ts';
import { ASSUMED_FINGERPRINT } from '../gateway/certificates.ts';
import { portEntries } from '../gateway/entries.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { CertificateSource, PortTopology, RouteEntry, Topology } from '../gateway/topology.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { derive } from '../provider/derive.ts';
import type { Finding } from '../provider/finding.ts';
import type { Stages } from '../provider/provider.ts';
import type { ProviderWords } from '../provider/words.ts';
import { apiFinding } from '../status/api-findings.ts';
import { type PlannedParts, plannedObjects, shadowed } from './planned-parts.ts';

export interface PlannedOnMetallb extends PlannedParts {
  readonly provider: 'metallb';
  /** Absent if nothing would change, because the parameters can't be used. */
  readonly model?: MetallbModel;
  /** The whole configuration of the Envoys, without private keys. Absent without a model. */
  readonly envoy?: EnvoyConfiguration;
}

export interface MetallbModel {
  readonly ports: readonly PlannedPort[];
  readonly clusters: readonly PlannedCluster[];
}

export interface PlannedPort {
  readonly port: number;
  /** The port of the pods. */
  readonly envoyPort: number;
  readonly protocol: 'HTTP' | 'HTTPS';
  /** The Secrets of the certificates: `namespace/name`. */
  readonly certificates: readonly ObjectKey[];
  /** In order of precedence. */
  readonly entries: readonly RouteEntry[];
}

export interface PlannedCluster {
  readonly service: ObjectKey;
  readonly port: number;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
}

export type EnvoyConfiguration = Readonly<Record<ResourceKind, readonly JsonObject[]>>;

interface MetallbFacts {
  readonly keyPairs: ReadonlyMap<ObjectKey, KeyPair>;
}

const metallbWords: ProviderWords = {
  plane: 'Envoy',
  protocols: ENVOY_CAPABILITIES.protocols,
  certificateKeys: 'RSA of 2048 to 4096 bits, or ECDSA on P-256, P-384 or P-521',
  parametersKind: 'ProxyConfiguration of gatehouse.dev',
  addresses: 'an address must be of type IPAddress, or of type metallb.io/IPAddressPool.',
  routeUnread: 'Its rules in Envoy stay as they are.',
  standingUnread: 'Gatehouse could not read what exists.',
  upToDate: 'Envoy has everything that is accepted.',
  removing: 'The Gateway waits until everything that belongs to it is removed.',
  shut: (listeners) => `Clients cannot reach ${listeners} yet.`,
  targetsReached: 'Envoy has all endpoints.',
};

const stages: Omit<Stages<Topology, MetallbFacts, EnvoyModel>, 'facts'> = {
  capabilities: ENVOY_CAPABILITIES,
  // oxlint-disable-next-line require-yield -- it is short
  *narrow(_, { problems, ...asked }) {
    return { ...asked, found: problems.map((problem) => apiFinding(problem, metallbWords)) };
  },
  *model({ topology }, { keyPairs }) {
    const model = yield* buildEnvoy(topology, { families: ['IPv4'], keyPairs });
    return { model, found: model.problems.map(findingOf), retryable: [] };
  },
};

const findingOf = (problem: Problem): Finding =>
  isOfEnvoy(problem) ? envoyFinding(problem) : apiFinding(problem, metallbWords);

const envoyKinds: ReadonlySet<string> = new Set([
  'regex-refused',
  'header-refused',
  'gate-missing',
  'mirror-protocol-unsupported',
  'too-many-routes',
] satisfies readonly EnvoyProblem['kind'][]);

const isOfEnvoy = (problem: Problem): problem is EnvoyProblem => envoyKinds.has(problem.kind);

export async function planOnMetallb(input: GatewayInput): Promise<PlannedOnMetallb> {
  const facts = async ({ topology }: { readonly topology: Topology }) => ({
    facts: { keyPairs: keylessPairs(topology, input) },
    found: [],
  });
  const { asked, model, found } = await derive({ ...stages, facts }, input);
  const { topology } = asked;
  const served = (model?.routes ?? []).flatMap(({ route, rules }) => rules.map(({ rule }) => ({ route, rule })));
  return {
    provider: 'metallb',
    gateway: objectKey(input.gateway.metadata),
    gatewayClass: input.gatewayClass.metadata.name,
    ...(topology !== undefined &&
      model !== undefined && { model: shown(topology, model), envoy: configuration(model, input) }),
    assumedSecrets: [...new Set(certificatesOf(topology).flatMap(assumedSecret))],
    shadowed: shadowed(asked, served),
    objects: plannedObjects(input, asked, found, metallbWords),
  };
}

const shown = ({ ports }: Topology, { routes, backends, ports: envoyPorts }: EnvoyModel): MetallbModel => ({
  ports: ports.flatMap((port) => {
    if (port.serves.kind !== 'http') return [];
    return {
      port: port.port,
      envoyPort: envoyPorts.get(port.port) ?? port.port,
      protocol: port.serves.tls ? ('HTTPS' as const) : ('HTTP' as const),
      certificates: [...new Set(certificatesOf({ ports: [port] }).flatMap(secretKey))],
      // Envoy's tables keep listeners apart, so it has no entries for this.
      entries: portEntries(port, routes).filter(({ source }) => source.kind === 'rule'),
    };
  }),
  clusters: [...backends.values()].map((backend) => ({
    service: backend.service,
    port: backend.port,
    protocol: isHttp2(backend) ? ('HTTP/2' as const) : ('HTTP/1.1' as const),
  })),
});

/** Endpoints are those of the given EndpointSlices. */
function configuration({ snapshot, backends }: EnvoyModel, { endpointSlices }: GatewayInput): EnvoyConfiguration {
  const endpoints = [...backends].map(
    ([name, backend]) => [name, endpointsOf(backend, endpointSlices.get(backend.service) ?? [])] as const,
  );
  const whole: Snapshot = { ...snapshot, endpoints: new Map(endpoints) };
  const json = (kind: ResourceKind) => [...whole[kind].values()].map(resourceJson);
  return {
    listeners: json('listeners'),
    routes: json('routes'),
    clusters: json('clusters'),
    endpoints: json('endpoints'),
    secrets: json('secrets'),
  };
}

const certificatesOf = (topology: { readonly ports: readonly PortTopology[] } | undefined) =>
  (topology?.ports ?? []).flatMap(({ listeners }) => listeners.flatMap(({ certificates }) => certificates));

const secretKey = (source: CertificateSource) => (source.kind === 'external' ? [] : source.secret);

const assumedSecret = (source: CertificateSource) =>
  source.kind === 'secret' && source.certificate.fingerprint === ASSUMED_FINGERPRINT ? source.secret : [];

/** No private key enters a plan, so none can be printed. */
function keylessPairs(topology: Topology, { secrets }: GatewayInput): ReadonlyMap<ObjectKey, KeyPair> {
  const keys = certificatesOf(topology).flatMap(secretKey);
  return new Map(keys.map((key) => [key, { chain: chainOf(secrets.get(key)), key: '[not printed]' }]));
}

const chainOf = (secret: Secret | undefined): string =>
  Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString('utf8');
