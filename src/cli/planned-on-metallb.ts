// Plans one Gateway on MetalLB with the pipeline's pure stages, without a cluster.
import type { JsonObject } from '@bufbuild/protobuf';
import type { Secret, Service } from '../api/core.ts';
import type { Config } from '../config.ts';
import { fleetObjects } from '../envoy/fleet/objects.ts';
import { resourceJson } from '../envoy/json.ts';
import type { EnvoyModel } from '../envoy/model/build.ts';
import { endpointsOf } from '../envoy/model/endpoints.ts';
import type { KeyPair } from '../envoy/model/secrets.ts';
import type { ResourceKind, Snapshot } from '../envoy/snapshot.ts';
import { ASSUMED_FINGERPRINT } from '../gateway/certificates.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { CertificateSource, Topology } from '../gateway/topology.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { addressPlan } from '../metallb/addresses.ts';
import { adsClient } from '../metallb/ads-client.ts';
import { fleetOptions, serviceOptions } from '../metallb/desired.ts';
import { metallbFinding } from '../metallb/findings.ts';
import { metallbWords } from '../metallb/provider-words.ts';
import { type MetallbFacts, type MetallbModel, metallbStages } from '../metallb/stages.ts';
import { wishesOf } from '../metallb/wishes.ts';
import type { AddressWorld } from '../metallb/world.ts';
import { derive } from '../provider/derive.ts';
import type { Finding } from '../provider/finding.ts';
import type { Accepted, Known } from '../provider/provider.ts';
import { type PlannedParts, plannedObjects, shadowed } from './planned-parts.ts';
import {
  certificatesOf,
  type PlannedCluster,
  type PlannedPort,
  plannedCluster,
  plannedPorts,
  secretKey,
} from './planned-ports.ts';

export interface PlannedOnMetallb extends PlannedParts {
  readonly provider: 'metallb';
  /** Absent if nothing would change, because the parameters can't be used. */
  readonly model?: MetallbPlan;
  /** The whole configuration of the Envoys, without private keys. Absent without a model. */
  readonly envoy?: EnvoyConfiguration;
}

export interface MetallbPlan {
  /** As they are applied. */
  readonly services: readonly Service[];
  /** The other objects in Kubernetes, as they are applied, without the authorities that Envoys trust. */
  readonly fleet: readonly KubeObject[];
  readonly ports: readonly PlannedPort[];
  readonly clusters: readonly PlannedCluster[];
}

export type EnvoyConfiguration = Readonly<Record<ResourceKind, readonly JsonObject[]>>;

/** @param config says how Envoys call the configuration service */
export async function planOnMetallb(
  input: GatewayInput,
  config: Pick<Config, 'adsAddress'>,
): Promise<PlannedOnMetallb> {
  const facts = async ({ topology }: Accepted): Promise<Known<MetallbFacts>> => ({
    facts: { families: ['IPv4'], keyPairs: keylessPairs(topology, input) },
    found: [],
  });
  const { asked, model, found } = await derive({ ...metallbStages, facts }, input);
  const served = (model?.envoy.routes ?? []).flatMap(({ route, rules }) => rules.map(({ rule }) => ({ route, rule })));
  const made = model && madeFor(input, model, config);
  return {
    provider: 'metallb',
    gateway: objectKey(input.gateway.metadata),
    gatewayClass: input.gatewayClass.metadata.name,
    ...(model !== undefined && made !== undefined && { model: made.plan, envoy: configuration(model.envoy, input) }),
    assumedSecrets: [...new Set(certificatesOf(asked.topology?.ports ?? []).flatMap(assumedSecret))],
    shadowed: shadowed(asked, served),
    objects: plannedObjects(input, asked, [...found, ...(made?.found ?? [])], metallbWords),
  };
}

function madeFor(
  { gateway }: GatewayInput,
  model: MetallbModel,
  config: Pick<Config, 'adsAddress'>,
): { readonly plan: MetallbPlan; readonly found: readonly Finding[] } {
  const options = serviceOptions(gateway, model, []);
  const ads = { ...adsClient(namespace, config), authorities: '' };
  return {
    plan: {
      services: addressPlan(options, nothingKnown).services,
      fleet: fleetObjects(fleetOptions(gateway, model, ads)),
      ports: plannedPorts(model),
      clusters: [...model.envoy.upstreams.values()].map(plannedCluster),
    },
    found: wishesOf(options.addresses, options.settings).problems.map(metallbFinding),
  };
}

/** Of the installation that deploy/ has. */
const namespace = 'gatehouse-system';

/** Without a cluster no address can be asked for. */
const nothingKnown: AddressWorld = { now: 0, handoverMs: 0, servicesAt: () => [], failures: () => [] };

/** Endpoints are those of the given EndpointSlices. */
function configuration({ snapshot, upstreams }: EnvoyModel, { endpointSlices }: GatewayInput): EnvoyConfiguration {
  const endpoints = [...upstreams].map(
    ([name, each]) => [name, endpointsOf(each, (service) => endpointSlices.get(service) ?? [])] as const,
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

const assumedSecret = (source: CertificateSource) =>
  source.kind === 'secret' && source.certificate.fingerprint === ASSUMED_FINGERPRINT ? source.secret : [];

/** No private key enters a plan, so none can be printed. */
function keylessPairs(topology: Topology, { secrets }: GatewayInput): ReadonlyMap<ObjectKey, KeyPair> {
  const keys = certificatesOf(topology.ports).flatMap(secretKey);
  return new Map(keys.map((key) => [key, { chain: chainOf(secrets.get(key)), key: '[not printed]' }]));
}

const chainOf = (secret: Secret | undefined): string =>
  Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString('utf8');
