import { expect, test } from 'vitest';
import {
  connectionRoute,
  forwardTo,
  httpTopology,
  portOf,
  route,
  service,
  topologyOf,
} from '../gateway/testing/sample.ts';
import { objectKey } from '../kube/object.ts';
import { type Rejected, summaryOf, summarySchema, suspectsOf } from './ads/summary.ts';
import { authoritiesName } from './model/names.ts';
import { modelOf } from './model/testing/model-of.ts';
import { rejectionFindings } from './rejections.ts';

const match = (value: string) => ({ path: { type: 'PathPrefix' as const, value } });
const web = (...paths: readonly string[]) =>
  httpTopology(
    [{ name: 'http' }],
    [
      route(
        'web',
        paths.map((path) => ({ matches: [match(path)], action: forwardTo('web') })),
      ),
    ],
  );
const topology = web('/a', '/b');
const rejected = (fields: Partial<Rejected>): Rejected => ({
  kind: 'routes',
  name: 'http/80',
  message: 'missing ): /(',
  suspects: [],
  ...fields,
});
const table = (...paths: readonly string[]) => {
  const found = modelOf(web(...paths)).snapshot.routes.get('http/80');
  if (found === undefined) throw new Error('no table');
  return found;
};

test('the suspects are the routes that have changed or come since the last good version', () => {
  expect(suspectsOf(table('/a', '/b'), table('/a', '/c', '/d'))).toEqual([
    { name: 'shop/web/1/0', isNew: false },
    { name: 'shop/web/2/0', isNew: true },
  ]);
  expect(suspectsOf(undefined, table('/a'))).toEqual([]);
});

test("a changed rule in a rejected table falls back, a new one is left out, both with Envoy's words", () => {
  const suspects = [
    { name: 'shop/web/0/0', isNew: false },
    { name: 'shop/web/1/0', isNew: true },
  ];
  expect(rejectionFindings([rejected({ suspects })], topology)).toMatchObject([
    {
      kind: 'rule',
      rule: 0,
      words:
        'spec.rules[0]: Envoy rejects route table http/80 with this rule, and keeps the one before. It says: missing ): /(',
      effect: { kind: 'kept' },
    },
    { kind: 'rule', rule: 1, effect: { kind: 'dropped' } },
  ]);
});

test('rejected CA certificates concern the rules with backends that are checked with them', () => {
  const tls = {
    policy: objectKey({ namespace: 'shop', name: 'policy' }),
    serverName: 'app.example.com',
    names: [{ kind: 'dns', value: 'app.example.com' }],
    authorities: { kind: 'config-maps', configMaps: [objectKey({ namespace: 'shop', name: 'ca' })] },
  } as const;
  const checked = { kind: 'forward', backends: [{ service: service('app', { tls }), weight: 1, index: 0 }] } as const;
  const shop = httpTopology([{ name: 'http' }], [route('web', [{ action: forwardTo('web') }, { action: checked }])]);
  const name = 'authorities:shop/ca';
  expect(rejectionFindings([rejected({ kind: 'secrets', name, message: 'bad' })], shop)).toMatchObject([
    {
      rule: 1,
      words: 'spec.rules[1]: Envoy rejects the CA certificates of ConfigMap shop/ca. It says: bad',
      effect: { kind: 'unreachable', reason: 'Refused' },
    },
  ]);
});

test('without suspects, a rejected table or listener hinders its port', () => {
  const hinders = { kind: 'gateway', effect: { kind: 'hindrance', concerns: { ports: ['http/80'] } } };
  expect(rejectionFindings([rejected({})], topology)).toMatchObject([hinders]);
  expect(rejectionFindings([rejected({ kind: 'listeners', name: 'tcp/80' })], topology)).toMatchObject([hinders]);
});

test('a rejected cluster concerns each rule that uses it, a rejected certificate its listeners', () => {
  expect(rejectionFindings([rejected({ kind: 'clusters', name: 'shop/web/80' })], topology)).toMatchObject([
    { kind: 'rule', rule: 0, effect: { kind: 'unreachable', reason: 'Refused' } },
    { kind: 'rule', rule: 1 },
  ]);
  const https = httpTopology([{ name: 'a' }], [], { port: 443, tls: true });
  const [secret = ''] = modelOf(https).snapshot.secrets.keys();
  expect(rejectionFindings([rejected({ kind: 'secrets', name: secret })], https)).toMatchObject([
    { kind: 'listener', listener: 'a', effect: { kind: 'unresolved', reason: 'InvalidCertificateRef' } },
  ]);
});

test('the summary of a hundred pods that reject the same is short', () => {
  const message = 'x'.repeat(10_000);
  const none = new Map<string, string>();
  const states = Array.from({ length: 100 }, (_, index) => ({
    pod: objectKey({ namespace: 'shop', name: `web-${index}` }),
    isCurrent: true,
    acknowledged: {
      clusters: none,
      endpoints: none,
      secrets: none,
      listeners: new Map([['tcp/80', 'v1']]),
      routes: none,
    },
    rejected: Array.from({ length: 50 }, (__, port) => ({
      kind: 'routes' as const,
      name: `http/${port}`,
      version: 'v1',
      message,
    })),
  }));
  const summary = summaryOf(states, () => []);
  expect(summary.groups).toMatchObject([{ isCurrent: true, listeners: ['tcp/80'] }]);
  expect(summary.groups[0]?.pods).toHaveLength(100);
  expect(summary.rejected).toHaveLength(20);
  expect(JSON.stringify(summary).length).toBeLessThan(16_000);
  expect(summarySchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
});

test('a rejected listener for UDP hinders its port, and a rejected cluster of a TCPRoute is a matter of this route', () => {
  const db = connectionRoute('TCPRoute', 'db', { db: 1 });
  const dns = connectionRoute('UDPRoute', 'dns', { dns: 1 });
  const ports = [
    portOf({ port: 53, serves: { kind: 'tcp' } }, [{ name: 'db' }], [db]),
    portOf({ port: 53, serves: { kind: 'udp' } }, [{ name: 'dns' }], [dns]),
  ];
  const of = (fields: Partial<Rejected>) => rejectionFindings([rejected(fields)], topologyOf(ports, [db, dns]));
  expect(of({ kind: 'listeners', name: 'udp/53' })).toMatchObject([{ effect: { concerns: { ports: ['udp/53'] } } }]);
  expect(of({ kind: 'clusters', name: 'TCPRoute/shop/db' })).toMatchObject([
    { kind: 'rule', route: db.route, effect: { kind: 'unreachable' } },
  ]);
});

test('rejected CA certificates of clients concern the listeners that trust them, in words about the Gateway', () => {
  const clients = { mode: 'required', configMaps: [objectKey({ namespace: 'shop', name: 'ca' })] } as const;
  const https = httpTopology([{ name: 'closed', clients }, { name: 'open' }], [], { port: 443, tls: true });
  const name = authoritiesName(clients.configMaps);
  expect([...modelOf(https).snapshot.secrets.keys()]).toContain(name);
  expect(rejectionFindings([rejected({ kind: 'secrets', name, message: 'no CA' })], https)).toMatchObject([
    {
      kind: 'listener',
      listener: 'closed',
      field: 'spec.tls.frontend',
      words: 'spec.tls.frontend: Envoy rejects the CA certificates of ConfigMap shop/ca. It says: no CA',
      effect: { kind: 'unresolved', reason: 'InvalidCACertificateRef' },
    },
  ]);
});
