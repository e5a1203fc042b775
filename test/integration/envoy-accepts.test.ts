// What the model lets through, a real Envoy accepts: a rejection would hold up all routes of a table.
import { fromBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startAds, web } from '../../src/envoy/ads/testing/ads-under-test.ts';
import { buildEnvoy } from '../../src/envoy/model/build.ts';
import { ENVOY_CAPABILITIES } from '../../src/envoy/model/capabilities.ts';
import { endpointsOf } from '../../src/envoy/model/endpoints.ts';
import { type Resource, resource } from '../../src/envoy/snapshot.ts';
import { ListenerSchema } from '../../src/envoy/xds/envoy/config/listener/v3/listener_pb.ts';
import { fromManifests } from '../../src/gateway/from-manifests.ts';
import type { GatewayInput } from '../../src/gateway/input.ts';
import { finish } from '../../src/gateway/steps.ts';
import { translate } from '../../src/gateway/translate.ts';
import { keyPairsOf } from '../../src/metallb/facts.ts';
import { GOLDEN_NOW, loadCases } from '../../src/testing/golden.ts';
import { startEnvoy } from './support/envoy.ts';

/** On any free port of loopback. */
function relocated({ name, bytes }: Resource): Resource {
  const listener = fromBinary(ListenerSchema, bytes);
  const address = listener.address?.address;
  if (address?.case !== 'socketAddress') throw new Error('a listener without an address');
  address.value.address = '127.0.0.1';
  address.value.portSpecifier = { case: 'portValue', value: 0 };
  return resource(ListenerSchema, name, listener);
}

async function setup() {
  const { server, port, authorities } = await startAds();
  await startEnvoy({ pod: 'one', adsPort: port, authorities });
  /** @returns what Envoy rejects of the Gateway's model */
  const rejections = async (input: GatewayInput): Promise<readonly string[]> => {
    const { topology } = translate(input, ENVOY_CAPABILITIES);
    if (topology === undefined) return [];
    const keyPairs = keyPairsOf(topology, (key) => input.secrets.get(key));
    const { snapshot, upstreams } = finish(buildEnvoy(topology, { families: ['IPv4'], keyPairs }));
    const endpoints = [...upstreams].map(([name, upstream]) => [name, endpointsOf(upstream, () => [])] as const);
    const listeners = [...snapshot.listeners].map(([name, each]) => [name, relocated(each)] as const);
    server.publish(web, { ...snapshot, listeners: new Map(listeners), endpoints: new Map(endpoints) });
    await expect
      .poll(() => server.states(web).map(({ isCurrent }) => isCurrent), { timeout: 10_000, interval: 2 })
      .toEqual([true]);
    return server
      .states(web)
      .flatMap(({ rejected }) => rejected.map(({ kind, name, message }) => `${kind} ${name}: ${message}`));
  };
  return { rejections };
}

test('Envoy accepts the model of every golden case', { timeout: 120_000 }, async () => {
  const { rejections } = await setup();
  const rejected: Record<string, readonly string[]> = {};
  for (const { name, inputs } of loadCases()) {
    for (const input of inputs) {
      const found = await rejections(input);
      if (found.length > 0) rejected[name] = found;
    }
  }
  expect(rejected).toEqual({});
});

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
/** The API has no pattern for these. */
const anything = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.constantFrom(
    '\n',
    '\r',
    '\0',
    '/a\nb',
    '%',
    '%%',
    '%REQ(X)%',
    '\\1',
    '\\',
    '"',
    '{{',
    '\u007f',
    '\t',
    ' ',
    '${x}',
    '/../',
    '//',
    'é',
    '(',
  ),
);
const regex = fc.oneof(
  anything,
  fc
    .array(
      fc.constantFrom('\\p{Garay}', '\\P{^Emoji}', '\\p{Greek}', '\\x{100}', '\\x{ff}', '[', ']', '^', '\\Q', '\\E'),
    )
    .map((parts) => `a${parts.join('')}`),
);
const path = fc.stringMatching(/^\/([-A-Za-z0-9._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2}){0,10}$/);
const header = fc.record({ name: token, value: anything });
const changes = fc.record({
  set: fc.uniqueArray(header, { maxLength: 2, selector: ({ name }) => name.toLowerCase() }),
  remove: fc.array(fc.oneof(token, anything, fc.constant('')), { maxLength: 1 }),
});
const rewrittenPath = fc.oneof(
  fc.record({ type: fc.constant('ReplaceFullPath'), replaceFullPath: anything }),
  fc.record({ type: fc.constant('ReplacePrefixMatch'), replacePrefixMatch: anything }),
);
const origin = fc.oneof(
  fc.constantFrom('*', 'https://*', 'http://*:8080', 'HTTPS://*.A-b.com', 'https://a.b.c:443', 'https://-:1'),
  fc.stringMatching(/^https?:\/\/(\*\.)?([a-zA-Z0-9-]{1,9}\.){0,3}[a-zA-Z0-9-]{1,9}(:[0-9]{1,5})?$/),
);
const cors = fc.record({
  allowOrigins: fc.array(origin, { maxLength: 3 }),
  allowCredentials: fc.boolean(),
  allowMethods: fc.subarray(['GET', 'PUT', '*']),
  allowHeaders: fc.array(token, { maxLength: 2 }),
  exposeHeaders: fc.array(token, { maxLength: 2 }),
  maxAge: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
});
const filters = fc.oneof(
  fc.record({ type: fc.constant('CORS'), cors }),
  fc.record({ type: fc.constant('RequestHeaderModifier'), requestHeaderModifier: changes }),
  fc.record({ type: fc.constant('ResponseHeaderModifier'), responseHeaderModifier: changes }),
  fc.record({ type: fc.constant('URLRewrite'), urlRewrite: fc.record({ path: rewrittenPath }) }),
  fc.record({ type: fc.constant('RequestRedirect'), requestRedirect: fc.record({ path: rewrittenPath }) }),
);
const duration = fc.stringMatching(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/);
const retry = fc.record(
  {
    codes: fc.uniqueArray(fc.integer({ min: 400, max: 599 }), { maxLength: 3 }),
    attempts: fc.nat(),
    backoff: duration,
  },
  { requiredKeys: [] },
);
const backendRef = fc.record({
  name: fc.constant('app'),
  port: fc.constant(80),
  weight: fc.integer({ min: 0, max: 1_000_000 }),
  filters: fc.array(filters, { maxLength: 1 }),
});
const rule = fc.record({
  retry,
  timeouts: fc.record({ request: duration, backendRequest: duration }, { requiredKeys: [] }),
  matches: fc.tuple(
    fc.record({
      path: fc.oneof(
        fc.record({ type: fc.constantFrom('Exact', 'PathPrefix'), value: path }),
        fc.record({ type: fc.constant('RegularExpression'), value: regex }),
      ),
      headers: fc.array(
        fc.record({ type: fc.constantFrom('Exact', 'RegularExpression'), name: token, value: anything }),
        {
          maxLength: 1,
        },
      ),
      queryParams: fc.array(
        fc.record({ type: fc.constantFrom('Exact', 'RegularExpression'), name: token, value: anything }),
        { maxLength: 1 },
      ),
    }),
  ),
  filters: fc.array(filters, { maxLength: 1 }),
  backendRefs: fc.array(backendRef, { minLength: 1, maxLength: 3 }),
});

const apiVersion = 'gateway.networking.k8s.io/v1';
const manifestsOf = (rules: readonly unknown[]): readonly unknown[] => [
  { apiVersion, kind: 'GatewayClass', metadata: { name: 'c' }, spec: { controllerName: 'gatehouse.dev/aws' } },
  {
    apiVersion,
    kind: 'Gateway',
    metadata: { namespace: 'shop', name: 'web' },
    spec: { gatewayClassName: 'c', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name: 'app' }, spec: { ports: [{ port: 80 }] } },
  {
    apiVersion,
    kind: 'HTTPRoute',
    metadata: { namespace: 'shop', name: 'web' },
    spec: { parentRefs: [{ name: 'web' }], rules },
  },
];

test('Envoy accepts every value that the Gateway API accepts', { timeout: 90_000 }, async () => {
  const { rejections } = await setup();
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 4 }), async (rules) => {
      const [input] = fromManifests(manifestsOf(rules), { now: GOLDEN_NOW }).inputs;
      if (input === undefined) throw new Error('Expected a Gateway');
      expect(await rejections(input)).toEqual([]);
      tried += 1;
    }),
    { numRuns: 100_000, interruptAfterTimeLimit: 15_000 },
  );
  expect(tried).toBeGreaterThan(50);
});
