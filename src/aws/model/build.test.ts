import { expect, test } from 'vitest';
import type { RouteAction, TopologyBackend } from '../../gateway/route-action.ts';
import { objectKey } from '../../kube/object.ts';
import type { Network } from '../network/network.ts';
import type { AwsTopology } from '../translation.ts';
import { buildModel } from './build.ts';
import type { ModelQuotas } from './options.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import type { Resource } from './resources.ts';
import { NOTHING_STANDS } from './standing.ts';
import { backend, entry, forward, httpPort, listener, options, settings, topology } from './testing/sample.ts';

function build(given: AwsTopology, quotas: Partial<ModelQuotas> = {}, network: Network = PLACEHOLDER_NETWORK) {
  const { model, problems } = buildModel(given, network, { ...options, quotas: { ...options.quotas, ...quotas } });
  const resources = model?.resources ?? [];
  const ofKind = <K extends Resource['kind']>(kind: K) =>
    resources.filter((resource): resource is Extract<Resource, { kind: K }> => resource.kind === kind);
  return { model, problems, resources, ofKind, ids: resources.map(({ id }) => id) };
}

test('a Gateway with one route is a group, a load balancer, a target group, a listener and a rule', () => {
  const { ids, problems } = build(topology([httpPort([entry()])]));
  expect(problems).toEqual([]);
  expect(ids).toEqual([
    'security-group/frontend',
    'load-balancer/internal',
    expect.stringMatching(/^target-group\/internal\/shop\/api\/80\/[a-z0-9]{8}$/),
    'listener/internal/80',
    'rule/internal/80/shop/api/0/0',
  ]);
});

test('a Gateway without ports has nothing in AWS', () => {
  expect(build(topology([])).model?.resources).toEqual([]);
});

test('without enough subnets there is no model, so existing resources stay, and other problems are still reported', () => {
  const network = { ...PLACEHOLDER_NETWORK, subnets: PLACEHOLDER_NETWORK.subnets.slice(0, 2) };
  const redirect = { kind: 'redirect', redirect: { statusCode: 302 } } as const;
  const { model, problems } = build(topology([httpPort([entry({ action: redirect })])]), {}, network);
  expect(model).toBeUndefined();
  expect(problems.map(({ kind }) => kind)).toEqual(['redirect-to-itself', 'subnets-too-few']);
});

test('the load balancer carries its own group and the one that nodes admit', () => {
  const { ofKind } = build(
    topology([httpPort([]), httpPort([], { port: 8080 })], { sourceRanges: ['10.0.0.0/8', '::/0'] }),
  );
  expect(ofKind('load-balancer')[0]?.spec.securityGroups).toEqual([
    { group: 'security-group/frontend' },
    { groupId: PLACEHOLDER_NETWORK.backendSecurityGroupId },
  ]);
  expect(ofKind('security-group')[0]?.ingress.map(({ fromPort, source }) => [fromPort, source])).toEqual([
    [80, { kind: 'cidr', cidr: '10.0.0.0/8' }],
    [80, { kind: 'cidr', cidr: '::/0' }],
    [8080, { kind: 'cidr', cidr: '10.0.0.0/8' }],
    [8080, { kind: 'cidr', cidr: '::/0' }],
  ]);
});

test('one group more that has no rules of its own takes what the first has no room for', () => {
  const ranges = Array.from({ length: 31 }, (_, index) => `198.51.100.${index}/32`);
  const { ofKind } = build(topology([httpPort([]), httpPort([], { port: 8080 })], { sourceRanges: ranges }));
  const [overflow, frontend] = ofKind('security-group');
  expect([overflow?.id, overflow?.ingress]).toEqual(['security-group/frontend/2', []]);
  expect([frontend?.id, frontend?.ingress.length]).toEqual(['security-group/frontend', 62]);
  expect(frontend?.overflow).toEqual(['security-group/frontend/2']);
  expect(ofKind('load-balancer')[0]?.spec.securityGroups.map((use) => Object.values(use)[0])).toEqual([
    'security-group/frontend',
    'security-group/frontend/2',
    PLACEHOLDER_NETWORK.backendSecurityGroupId,
  ]);
});

test('30 IPv4 and 30 IPv6 ranges on two ports are in one group: AWS counts them apart', () => {
  const ranges = Array.from({ length: 30 }, (_, index) => [`198.51.100.${index}/32`, `2001:db8:${index}::/48`]).flat();
  const { ofKind, problems } = build(topology([httpPort([]), httpPort([], { port: 8080 })], { sourceRanges: ranges }));
  expect(ofKind('security-group').map(({ ingress }) => ingress.length)).toEqual([120]);
  expect(problems).toEqual([]);
});

test('source ranges in another order, or spelled in another way, are the same rules', () => {
  const rules = (sourceRanges: readonly string[]) =>
    build(topology([httpPort([])], { sourceRanges })).ofKind('security-group')[0]?.ingress;
  expect(rules(['2001:DB8::1/32', '10.9.0.0/8', '9.0.0.0/8', '10.0.0.0/8'])).toEqual(
    rules(['9.0.0.0/8', '10.0.0.0/8', '2001:db8::/32']),
  );
});

test('a list of source ranges that grows too long for the ports that serve changes nothing, and is said', () => {
  const ranges = Array.from({ length: 121 }, (_, index) => `198.51.${index}.0/24`);
  const ports = [80, 8080, 8443].map((port) => httpPort([], { port }));
  const standing = { ...NOTHING_STANDS, ports: new Set(['http/80', 'http/8080'] as const) };
  const given = topology(ports, { sourceRanges: ranges });
  expect(buildModel(given, PLACEHOLDER_NETWORK, options, standing)).toEqual({
    problems: [{ kind: 'source-ranges-too-many', ranges: 121, ports: 2, limit: 240 }],
  });
});

test('a port that serves goes on, and a new one that has no room for its rules is left out, whatever their order', () => {
  const ranges = Array.from({ length: 121 }, (_, index) => `198.51.${index}.0/24`);
  const ports = [80, 8080].map((port) => httpPort([], { port, listeners: [listener(`p${port}`)] }));
  const standing = { ...NOTHING_STANDS, ports: new Set(['http/8080'] as const) };
  const { model, problems } = buildModel(
    topology(ports, { sourceRanges: ranges }),
    PLACEHOLDER_NETWORK,
    options,
    standing,
  );
  const listeners = model?.resources.flatMap((resource) => (resource.kind === 'listener' ? resource.spec.port : []));
  expect(listeners).toEqual([8080]);
  expect(problems).toMatchObject([{ kind: 'too-many-ingress-rules', listener: 'p80' }]);
});

test('a listener whose port has no room for its rules is left out, and the others are served', () => {
  const ranges = Array.from({ length: 121 }, (_, index) => `198.51.${index}.0/24`);
  const ports = [httpPort([]), httpPort([], { port: 8080, listeners: [listener('late', { precedence: 1 })] })];
  const { ofKind, problems } = build(topology(ports, { sourceRanges: ranges }));
  expect(ofKind('listener').map(({ spec }) => spec.port)).toEqual([80]);
  expect(problems).toEqual([
    { kind: 'too-many-ingress-rules', listener: 'late', field: 'port', ranges: 121, ports: 1, limit: 240 },
  ]);
});

test("the user's security groups take the place of ours", () => {
  const { ofKind } = build(topology([httpPort([])], { securityGroups: ['sg-1'], sourceRanges: [] }));
  expect(ofKind('security-group')).toEqual([]);
  expect(ofKind('load-balancer')[0]?.spec.securityGroups).toEqual([
    { groupId: 'sg-1' },
    { groupId: PLACEHOLDER_NETWORK.backendSecurityGroupId },
  ]);
});

test("the user's tags and attributes are on what is made for the Gateway", () => {
  const { resources, ofKind } = build(
    topology([httpPort([entry()])], {
      tags: { team: 'shop' },
      loadBalancerAttributes: { 'idle_timeout.timeout_seconds': '30' },
    }),
  );
  for (const { tags } of resources) expect(tags).toEqual({ team: 'shop' });
  expect(ofKind('load-balancer')[0]?.attributes).toMatchObject({ 'idle_timeout.timeout_seconds': '30' });
});

test('backends get the Host header that the client sent, unless the user wants AWS to change it', () => {
  const preserve = 'routing.http.preserve_host_header.enabled';
  const attributesOf = (said: Parameters<typeof topology>[1] = {}) =>
    build(topology([httpPort([entry()])], said)).ofKind('load-balancer')[0]?.attributes;
  expect(attributesOf()).toEqual({ [preserve]: 'true' });
  expect(attributesOf({ loadBalancerAttributes: { [preserve]: 'false' } })).toEqual({ [preserve]: 'false' });
});

test('another scheme gives other ids and names, so that both can stand side by side', () => {
  const internal = build(topology([httpPort([entry()])]));
  const facing = build(topology([httpPort([entry()])], { scheme: 'internet-facing' }));
  const names = (built: typeof internal) => built.ofKind('target-group').map(({ spec }) => spec.name);
  expect(facing.ids.filter((id) => internal.ids.includes(id))).toEqual(['security-group/frontend']);
  expect(names(facing)).not.toEqual(names(internal));
  expect(facing.ofKind('load-balancer')[0]?.spec.name).not.toBe(internal.ofKind('load-balancer')[0]?.spec.name);
});

test('routes to one Service port share a target group, another port has its own', () => {
  const other: TopologyBackend = { service: backend('api', { port: 81 }), weight: 1, index: 0 };
  const { ofKind } = build(
    topology([
      httpPort([
        entry({ hostname: 'a.com' }),
        entry({ hostname: 'b.com', route: 'second', match: { method: 'GET' } }),
        entry({ rule: 1, action: { kind: 'forward', backends: [other] } }),
      ]),
    ]),
  );
  expect(ofKind('target-group').map(({ spec }) => spec.port)).toEqual([80, 81]);
});

const weights = (...backends: readonly TopologyBackend[]) =>
  build(topology([httpPort([entry({ action: { kind: 'forward', backends } })])]))
    .ofKind('rule')
    .flatMap(({ spec }) => (spec.action.kind === 'forward' ? spec.action.targetGroups : []))
    .map(({ weight }) => weight);

const share = (name: string, weight: number, index: number) => ({ service: backend(name), weight, index });

test('weights are kept as they are up to 999, and scaled above', () => {
  expect(weights(share('a', 999, 0), share('b', 1, 1), share('c', 0, 2))).toEqual([999, 1, 0]);
  expect(weights(share('a', 1_000_000, 0), share('b', 500_000, 1), share('c', 1, 2), share('d', 0, 3))).toEqual([
    999, 500, 1, 0,
  ]);
  expect(weights(share('a', 1, 0), share('a', 2, 1), share('b', 1, 2))).toEqual([3, 1]);
});

test('the share of invalid backends goes to a group without targets, and is reported', () => {
  const backends = [
    { service: backend('a'), weight: 3, index: 0 },
    { weight: 1, index: 1 },
    { weight: 0, index: 2 },
  ];
  const { ofKind, problems } = build(topology([httpPort([entry({ action: { kind: 'forward', backends } })])]));
  expect(ofKind('rule')[0]?.spec.action).toMatchObject({
    targetGroups: [{ weight: 3 }, { targetGroup: 'target-group/internal/empty', weight: 1 }],
  });
  expect(problems).toEqual([
    {
      kind: 'invalid-share-answers-503',
      route: { kind: 'HTTPRoute', key: 'shop/api' },
      rule: 0,
      field: 'backendRefs[1]',
    },
  ]);
});

test('six backends are too many for a rule: it answers 500, and the other rules stay', () => {
  const { ofKind, problems } = build(
    topology([
      httpPort([
        entry({ action: forward('a', 'b', 'c', 'd', 'e', 'f'), match: { path: { value: '/many' } } }),
        entry({ rule: 1 }),
      ]),
    ]),
  );
  expect(problems).toMatchObject([{ kind: 'too-many-backends', rule: 0, count: 6, limit: 5 }]);
  expect(ofKind('rule').map(({ spec }) => spec.action)).toMatchObject([{ statusCode: '500' }, { kind: 'forward' }]);
});

test('a rule with one match that cannot be expressed is left out whole, and reported once', () => {
  const { source } = entry();
  const bad = { match: { queryParams: [{ type: 'RegularExpression', name: 'q', value: '.' }] } } as const;
  const second = { ...bad, source: { ...source, match: 1 } };
  const { ofKind, problems } = build(
    topology([
      httpPort([
        entry({ hostname: 'a.com', ...second }),
        entry({ hostname: 'b.com', ...second }),
        entry(),
        entry({ rule: 1 }),
      ]),
    ]),
  );
  expect(problems).toHaveLength(1);
  expect(ofKind('rule').map(({ id }) => id)).toEqual(['rule/internal/80/shop/api/1/0']);
});

test('a rewrite becomes transforms of its rule', () => {
  const action: RouteAction = {
    ...forward('api'),
    rewrite: { hostname: 'b.com', path: { kind: 'prefix', value: '/' } },
  };
  const match = { path: { type: 'PathPrefix', value: '/a' } } as const;
  const { ofKind } = build(topology([httpPort([entry({ action, match })])]));
  expect(ofKind('rule')[0]?.spec.transforms).toEqual([
    { kind: 'host-header-rewrite', regex: '^.*$', replace: 'b.com' },
    { kind: 'url-rewrite', regex: '^/a/?', replace: '/' },
  ]);
});

test('a rewrite that AWS can not do is answered 500', () => {
  const action: RouteAction = { ...forward('api'), rewrite: { path: { kind: 'full', value: '/$1' } } };
  const { ofKind, problems } = build(topology([httpPort([entry({ action })])]));
  expect(problems).toMatchObject([{ kind: 'rewrite-unsupported', rule: 0, field: 'filters' }]);
  expect(ofKind('rule').map(({ spec }) => spec.action)).toMatchObject([{ statusCode: '500' }]);
});

test('entries that isolate a listener answer 404, in their place', () => {
  const listeners = [listener('http'), listener('own', { hostname: 'a.com' })];
  const { ofKind } = build(topology([httpPort([entry({ hostname: '*.com' })], { listeners })]));
  expect(ofKind('rule').map(({ id }) => id)).toEqual([
    expect.stringMatching(/^rule\/internal\/80\/isolate\/[a-z0-9]{8}\/0$/),
    'rule/internal/80/shop/api/0/0',
  ]);
  expect(ofKind('rule')[0]?.spec.action).toMatchObject({ kind: 'fixed-response', statusCode: '404' });
});

const created = (route: string, at: string, n: number) =>
  entry({
    match: { path: { type: 'Exact', value: `/${route}/${n}` }, headers: [{ name: 'x', value: `${route}-${n}` }] },
    source: {
      kind: 'rule',
      route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: route }) },
      rule: 0,
      match: n,
    },
    created: at,
  });

test('rules that do not fit are reported, and those of the oldest routes serve', () => {
  const entries = [
    ...[1, 2].map((n) => created('new', '2026-03-01T00:00:00Z', n)),
    ...[1, 2].map((n) => created('old', '2026-01-01T00:00:00Z', n)),
    ...[1, 2].map((n) => created('middle', '2026-02-01T00:00:00Z', n)),
  ];
  const { ofKind, problems } = build(topology([httpPort(entries)]), { rulesPerLoadBalancer: 4 });
  expect(problems).toEqual([
    {
      kind: 'too-many-rules',
      route: { kind: 'HTTPRoute', key: 'shop/new' },
      rule: 0,
      field: 'matches',
      limit: 4,
      held: 4,
      wanted: 2,
    },
  ]);
  expect(ofKind('rule').map(({ id }) => id)).toEqual([
    'rule/internal/80/shop/middle/0/0',
    'rule/internal/80/shop/middle/0/1',
    'rule/internal/80/shop/old/0/0',
    'rule/internal/80/shop/old/0/1',
  ]);
});

test('backends that do not fit are reported, and rules whose backends fit stay', () => {
  const entries = [
    entry({ rule: 0, action: forward('a', 'b') }),
    entry({ rule: 1, match: { method: 'GET' }, action: forward('c') }),
    entry({ rule: 2, match: { method: 'PUT' }, action: forward('b') }),
  ];
  const { ofKind, problems } = build(topology([httpPort(entries)]), { targetGroupsPerLoadBalancer: 2 });
  expect(problems).toMatchObject([{ kind: 'too-many-target-groups', rule: 1, limit: 2 }]);
  expect(ofKind('target-group')).toHaveLength(2);
  expect(ofKind('rule')).toHaveLength(2);
});

const secret = (name: string) => ({
  kind: 'secret' as const,
  secret: objectKey({ namespace: 'shop', name }),
  certificate: {
    fingerprint: `f-${name}`,
    key: { type: 'RSA' as const, bits: 2048 },
    domainNames: [],
    notAfter: '2027-01-01T00:00:00Z',
  },
});

const httpsPort = (port: number, ...listeners: Parameters<typeof listener>[]) =>
  httpPort([], { port, protocol: 'HTTPS', listeners: listeners.map((args) => listener(...args)) });

test("the first listener's certificate is the default, the others are chosen by SNI, each once", () => {
  const arn = { kind: 'external', reference: 'arn:aws:acm:us-east-1:1:certificate/1' } as const;
  const { ofKind, problems, ids } = build(
    topology(
      [
        httpsPort(
          443,
          ['one', { certificates: [secret('a'), secret('b')] }],
          ['two', { certificates: [secret('b'), arn, secret('a')] }],
        ),
        httpsPort(8443, ['three', { certificates: [secret('a')] }]),
      ],
      { tags: { team: 'shop' } },
    ),
  );
  expect(problems).toEqual([]);
  expect(ids.filter((id) => id.startsWith('certificate/'))).toEqual(['certificate/shop/a', 'certificate/shop/b']);
  expect(ofKind('certificate')[0]).toMatchObject({
    spec: { secret: 'shop/a', fingerprint: 'f-a', keyAlgorithm: 'RSA_2048' },
    tags: {},
  });
  expect(ofKind('listener').map(({ spec, extraCertificates }) => [spec.defaultCertificate, extraCertificates])).toEqual(
    [
      [{ certificate: 'certificate/shop/a' }, [{ arn: arn.reference }, { certificate: 'certificate/shop/b' }]],
      [{ certificate: 'certificate/shop/a' }, []],
    ],
  );
  expect(ofKind('listener')[0]?.spec.sslPolicy).toBe(settings.sslPolicy);
});

test('certificates that do not fit are reported, and the others serve', () => {
  const { ofKind, problems } = build(
    topology([
      httpsPort(443, ['one', { certificates: [secret('a'), secret('b')] }]),
      httpsPort(8443, ['two', { certificates: [secret('c'), secret('d'), secret('e')] }]),
    ]),
    { extraCertificates: 1 },
  );
  expect(problems).toEqual([
    { kind: 'too-many-certificates', listener: 'two', field: 'tls.certificateRefs', limit: 1 },
  ]);
  expect(ofKind('listener').map(({ extraCertificates }) => extraCertificates.length)).toEqual([1, 0]);
});

const policy = (value: string) => ({ tlsOptions: { 'gatehouse.dev/ssl-policy': value } });

test('of more ports and certificates than fit, those of ListenerSets are left out, the last one first', () => {
  const arn = (id: string) => ({
    kind: 'external' as const,
    reference: `arn:aws:acm:us-east-1:000000000000:certificate/${id}`,
  });
  const tlsPort = (port: number, precedence: number) =>
    httpPort([], {
      port,
      protocol: 'HTTPS',
      listeners: [
        {
          name: `${precedence}`,
          ...(precedence > 0 && { precedence }),
          certificates: [arn(`${precedence}-a`), arn(`${precedence}-b`)],
          tlsOptions: {},
          routes: [],
        },
      ],
    });
  const full = topology([tlsPort(443, 2), tlsPort(444, 1), tlsPort(8443, 0)]);
  const { ofKind, problems } = build(full, { listeners: 2, extraCertificates: 2 });
  expect(ofKind('listener').map(({ spec, extraCertificates }) => [spec.port, extraCertificates.length])).toEqual([
    [444, 0],
    [8443, 2],
  ]);
  expect(problems).toEqual([
    { kind: 'too-many-listeners', listener: '2', field: 'port', limit: 2 },
    { kind: 'too-many-certificates', listener: '1', field: 'tls.certificateRefs', limit: 2 },
  ]);
});

test('listeners of one port with different security policies are reported', () => {
  const { ofKind, problems } = build(
    topology([
      httpsPort(443, ['one', policy('ELBSecurityPolicy-A')], ['two', policy('ELBSecurityPolicy-B')], ['three', {}]),
    ]),
  );
  expect(ofKind('listener')[0]?.spec.sslPolicy).toBe('ELBSecurityPolicy-A');
  expect(problems).toMatchObject([
    { kind: 'listener-setting-conflict', listener: 'two', port: 443, setting: 'ssl-policy', other: 'one' },
  ]);
});

test('a listener that names a security policy is heeded before one that names none, whichever is first', () => {
  const { ofKind, problems } = build(topology([httpsPort(443, ['one', {}], ['two', policy('ELBSecurityPolicy-B')])]));
  expect(ofKind('listener')[0]?.spec.sslPolicy).toBe('ELBSecurityPolicy-B');
  expect(problems).toEqual([]);
});

test('the policy of a ListenerSet changes nothing for those who came before it', () => {
  const late = { precedence: 1, ...policy('ELBSecurityPolicy-2016-08') };
  const { ofKind, problems } = build(topology([httpsPort(443, ['one', {}], ['late', late])]));
  expect(ofKind('listener')[0]?.spec.sslPolicy).toBe(settings.sslPolicy);
  expect(problems).toMatchObject([{ kind: 'listener-setting-conflict', listener: 'late', other: 'one' }]);
});

test('listeners that do not fit are reported, and the others serve', () => {
  const ports = [80, 81, 82].map((port) =>
    httpPort([entry({ listener: `l-${port}` })], { port, listeners: [listener(`l-${port}`)] }),
  );
  const { ofKind, problems } = build(topology(ports), { listeners: 2 });
  expect(ofKind('listener').map(({ spec }) => spec.port)).toEqual([80, 81]);
  expect(ofKind('rule')).toHaveLength(2);
  expect(problems).toEqual([{ kind: 'too-many-listeners', listener: 'l-82', field: 'port', limit: 2 }]);
});

test('thousands of routes on one Gateway block nothing: the oldest serve, and the others are reported', {
  timeout: 20_000,
}, () => {
  const entries = Array.from({ length: 4000 }, (_, n) => created(`route-${n}`, new Date(n * 1000).toISOString(), n));
  const { ofKind, problems } = build(topology([httpPort(entries)]));
  expect(ofKind('rule')).toHaveLength(100);
  const serving = ofKind('rule').flatMap(({ sources }) => sources.map(({ route }) => route.key));
  expect(new Set(serving)).toEqual(new Set(Array.from({ length: 100 }, (_, n) => `shop/route-${n}`)));
  expect(problems).toHaveLength(3900);
});

test('a group that Gatehouse made for another Gateway is no group of one’s own', () => {
  const given = topology([httpPort([])], { securityGroups: ['sg-0a', 'sg-0b'] });
  const standing = { ...NOTHING_STANDS, madeGroups: new Set(['sg-0b']) };
  expect(buildModel(given, PLACEHOLDER_NETWORK, options, standing)).toEqual({
    problems: [{ kind: 'security-groups-not-permitted', groups: ['sg-0b'] }],
  });
});
