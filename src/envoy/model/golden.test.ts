import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import type { GatewayInput } from '../../gateway/input.ts';
import { finish } from '../../gateway/steps.ts';
import { translate } from '../../gateway/translate.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { loadCases, toYaml } from '../../testing/golden.ts';
import { resourceJson } from '../json.ts';
import { ListenerSchema } from '../xds/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../xds/envoy/config/route/v3/route_pb.ts';
import { buildEnvoy, type EnvoyModel } from './build.ts';
import { ENVOY_CAPABILITIES } from './capabilities.ts';
import { INVALID_CLUSTER } from './names.ts';
import type { KeyPair } from './secrets.ts';
import { clusterOf, readable, tablesOf } from './testing/readable.ts';

/** The others are about AWS. */
const topics = [
  'attachment',
  'backend-tls',
  'backends',
  'basic',
  'certificates',
  'client-certificates',
  'filters',
  'gates',
  'grpc',
  'hostnames',
  'isolation',
  'listener-sets',
  'precedence',
  'rules',
  'tcp',
  'tls',
  'udp',
];

const decoded = (data = ''): string => Buffer.from(data, 'base64').toString('utf8');

const keyPairs = ({ secrets }: GatewayInput): ReadonlyMap<ObjectKey, KeyPair> =>
  new Map(
    [...secrets].map(([key, { data = {} }]) => [
      key,
      { chain: decoded(data['tls.crt']), key: decoded(data['tls.key']) },
    ]),
  );

const modelsOf = (inputs: readonly GatewayInput[]): readonly EnvoyModel[] =>
  inputs.flatMap((input) => {
    const { topology } = translate(input, ENVOY_CAPABILITIES);
    return topology === undefined
      ? []
      : finish(buildEnvoy(topology, { families: ['IPv4'], keyPairs: keyPairs(input) }));
  });

const cases = topics.flatMap((topic) => loadCases(topic));

test.each(cases)('$name gives the Envoy configuration in its folder', async ({ dir, inputs }) => {
  await expect(toYaml(modelsOf(inputs).map(readable))).toMatchFileSnapshot(join(dir, 'envoy.yaml'));
});

test('listeners and clusters are whole as in testdata', async () => {
  const [model] = loadCases('certificates/exact-beside-wildcard').flatMap(({ inputs }) => modelsOf(inputs));
  const { listeners = new Map(), clusters = new Map() } = model?.snapshot ?? {};
  const whole = [
    ...[...listeners.values()].map((each) => resourceJson(each)),
    ...[...clusters.values()].map((each) => resourceJson(each)),
  ];
  await expect(toYaml(whole)).toMatchFileSnapshot(join(import.meta.dirname, 'testdata', 'whole.yaml'));
});

describe.each(cases)('the Envoy configuration of $name', ({ inputs }) => {
  const models = modelsOf(inputs);

  test('has a cluster for everything that its routes name', () => {
    for (const { snapshot, upstreams } of models) {
      expect([...snapshot.clusters.keys()]).toEqual([...upstreams.keys()]);
      const named = [
        ...[...snapshot.routes.values()].flatMap(clustersOf),
        ...[...snapshot.listeners.values()].flatMap(proxied),
      ];
      for (const name of named) expect([...snapshot.clusters.keys(), INVALID_CLUSTER]).toContain(name);
    }
  });

  test('has each domain once in a table, and all tables that its listeners name', () => {
    for (const { snapshot } of models) {
      for (const { bytes } of snapshot.routes.values()) {
        const domains = fromBinary(RouteConfigurationSchema, bytes).virtualHosts.flatMap((host) => host.domains);
        expect(new Set(domains).size).toBe(domains.length);
      }
      const chains = [...snapshot.listeners.values()].flatMap(
        ({ bytes }) => fromBinary(ListenerSchema, bytes).filterChains,
      );
      expect(chains.flatMap(({ filters }) => tablesOf(filters)).toSorted()).toEqual(
        [...snapshot.routes.keys()].toSorted(),
      );
    }
  });

  test('has each server name once in a listener, and each address once', () => {
    for (const { snapshot } of models) {
      const listeners = [...snapshot.listeners.values()].map(({ bytes }) => fromBinary(ListenerSchema, bytes));
      for (const { filterChains } of listeners) {
        const names = filterChains.flatMap(({ filterChainMatch: match }) =>
          match?.serverNames.length === 0 ? [''] : (match?.serverNames ?? []),
        );
        expect(new Set(names).size).toBe(names.length);
      }
      const addresses = listeners.map(({ address }) => JSON.stringify(address));
      expect(new Set(addresses).size).toBe(addresses.length);
    }
  });
});

function clustersOf({ bytes }: { readonly bytes: Uint8Array }): readonly string[] {
  const routes = fromBinary(RouteConfigurationSchema, bytes).virtualHosts.flatMap((host) => host.routes);
  return routes.flatMap(({ action }) => {
    if (action.case !== 'route') return [];
    const { clusterSpecifier: to, requestMirrorPolicies } = action.value;
    const mirrors = requestMirrorPolicies.map(({ cluster }) => cluster);
    if (to.case === 'cluster') return [to.value, ...mirrors];
    return to.case === 'weightedClusters' ? [...to.value.clusters.map(({ name }) => name), ...mirrors] : mirrors;
  });
}

/** The clusters that connections and datagrams go to. */
function proxied({ bytes }: { readonly bytes: Uint8Array }): readonly string[] {
  const { filterChains, listenerFilters } = fromBinary(ListenerSchema, bytes);
  return [...filterChains.flatMap(({ filters }) => filters), ...listenerFilters].flatMap(
    (filter) => clusterOf(filter) ?? [],
  );
}
