// Invalid routes: each problem is in the route's own status, with field and remedy, and affects only that route.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ParentReference } from '../../src/api/gateway-api.ts';
import { rulesOf, targetsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { type Neighbour, startNeighbour } from './support/neighbour.ts';
import {
  backendRef,
  gateway,
  http,
  httpRoute,
  loadBalancerConfiguration,
  parametersRef,
  service,
} from './support/objects.ts';
import { readRoute } from './support/status.ts';

type Fields = Readonly<Record<string, unknown>>;

// Some tests wait for retries with growing pauses.
vi.setConfig({ testTimeout: 150_000 });

let rig: Rig;
let neighbour: Neighbour;
beforeAll(async () => {
  rig = await startRig();
  neighbour = await startNeighbour(rig, 'routes', [
    http(),
    http({ name: 'example-org', port: 81, hostname: 'example.org' }),
  ]);
});
afterAll(() => rig.stop());

/** The route's status for its only parent; `NS` means the namespace. */
async function reported(name: string, ns: string = neighbour.ns): Promise<readonly string[]> {
  const { metadata, status } = (await readRoute(rig, ns, name)) ?? {};
  const conditions = (status?.parents ?? []).flatMap((parent) => parent.conditions ?? []);
  expect(conditions.every(({ observedGeneration }) => observedGeneration === metadata?.generation)).toBe(true);
  return conditions
    .map(({ type, status: is, reason, message }) => `${type}=${is}/${reason}: ${message}`.replaceAll(ns, 'NS'))
    .toSorted();
}

const accepted = 'Accepted=True/Accepted: The route is accepted.';
const resolved = 'ResolvedRefs=True/ResolvedRefs: All references are resolved.';

interface Case {
  readonly fault: string;
  readonly parent?: Partial<ParentReference>;
  readonly rules?: readonly (string | Fields)[];
  readonly spec?: Fields;
  readonly says: readonly string[];
  /** The rules that the route still gets. */
  readonly rulesInAws?: readonly string[];
}

const toGood = [backendRef('good')];
const onlyRule = { path: { type: 'PathPrefix', value: '/bad' } } as const;
const only = (fields: Fields): readonly Fields[] => [{ matches: [onlyRule], backendRefs: toGood, ...fields }];
const answers500 = ['path ~^/bad(/.*)?$ -> answer 500'];

const cases: readonly Case[] = [
  {
    fault: 'names a listener that the Gateway does not have',
    parent: { sectionName: 'https' },
    says: [
      'Accepted=False/NoMatchingParent: spec.parentRefs: no listener matches the parentRef "web", sectionName "https". Check its sectionName and port; the listeners are "http", "example-org".',
      resolved,
    ],
  },
  {
    fault: 'names a port that no listener of the Gateway has',
    parent: { port: 8080 },
    says: [
      'Accepted=False/NoMatchingParent: spec.parentRefs: no listener matches the parentRef "web", port 8080. Check its sectionName and port; the listeners are "http", "example-org".',
      resolved,
    ],
  },
  {
    fault: 'has hostnames that no listener takes',
    parent: { sectionName: 'example-org' },
    spec: { hostnames: ['bad.example.com'] },
    says: [
      'Accepted=False/NoMatchingListenerHostname: spec.hostnames: no hostname of the route overlaps with that of "example-org". Give the route a hostname that does.',
      resolved,
    ],
  },
  {
    fault: 'sends to a Service that does not exist',
    rules: only({ backendRefs: [backendRef('nowhere')] }),
    says: [
      accepted,
      'ResolvedRefs=False/BackendNotFound: spec.rules[0].backendRefs[0]: Service NS/nowhere does not exist. Create it, or name another Service.',
    ],
    rulesInAws: answers500,
  },
  {
    fault: 'sends to a port that the Service does not have',
    rules: only({ backendRefs: [backendRef('good', { port: 81 })] }),
    says: [
      accepted,
      'ResolvedRefs=False/BackendNotFound: spec.rules[0].backendRefs[0].port: Service NS/good has no port 81. Its ports: 80.',
    ],
    rulesInAws: answers500,
  },
  {
    fault: 'sends to something that is no Service',
    rules: only({ backendRefs: [backendRef('good', { group: 'example.io', kind: 'Bucket' })] }),
    says: [
      accepted,
      'ResolvedRefs=False/InvalidKind: spec.rules[0].backendRefs[0]: example.io/Bucket NS/good is not supported as a backend. Name a Service.',
    ],
    rulesInAws: answers500,
  },
  {
    fault: 'sends to a Service of another namespace without a grant',
    rules: only({ backendRefs: [backendRef('kubernetes', { namespace: 'default', port: 443 })] }),
    says: [
      accepted,
      'ResolvedRefs=False/RefNotPermitted: spec.rules[0].backendRefs[0]: Service default/kubernetes is in another namespace, and no ReferenceGrant in default allows HTTPRoutes of this namespace to use it. Create a ReferenceGrant there, or name a Service of this namespace.',
    ],
    rulesInAws: answers500,
  },
  {
    fault: 'has one good and one missing backend',
    rules: only({ backendRefs: [backendRef('good'), backendRef('nowhere')] }),
    says: [
      'Accepted=True/Accepted: spec.rules[0].backendRefs[1]: the share of the invalid backends is answered 503, not 500: an Application Load Balancer can only answer 500 for a whole rule.',
      'ResolvedRefs=False/BackendNotFound: spec.rules[0].backendRefs[1]: Service NS/nowhere does not exist. Create it, or name another Service.',
    ],
    rulesInAws: ['path ~^/bad(/.*)?$ -> NS/good:80=1 empty=1'],
  },
  {
    fault: 'matches a regular expression that an ALB refuses',
    rules: only({ matches: [{ path: { type: 'RegularExpression', value: '/(?=secret).*' } }] }),
    says: [
      'Accepted=False/UnsupportedValue: spec.rules[0].matches[0].path.value: the regular expression "/(?=secret).*" does not work on an Application Load Balancer: it has look-around. Write it another way, or match something simpler.',
      resolved,
    ],
  },
  {
    fault: 'matches a regular expression that is none',
    rules: only({ matches: [{ path: { type: 'RegularExpression', value: '/([a-z' } }] }),
    says: [
      'Accepted=False/UnsupportedValue: spec.rules[0].matches[0].path.value: the regular expression "/([a-z" does not work on an Application Load Balancer: it is not a regular expression. Write it another way, or match something simpler.',
      resolved,
    ],
  },
  {
    fault: 'has a match of more than five values',
    rules: only({
      matches: [
        {
          path: { type: 'PathPrefix', value: '/bad' },
          method: 'GET',
          headers: ['a', 'b', 'c', 'd'].map((name) => ({ name, value: '1' })),
        },
      ],
    }),
    says: [
      'Accepted=False/UnsupportedValue: spec.rules[0].matches[0]: the match needs 6 values, but a rule of an Application Load Balancer has at most 5 (each hostname, path, header, query parameter and method is one). Use fewer values in one match.',
      resolved,
    ],
  },
  {
    fault: 'has one rule that can be expressed and one that can not',
    rules: [
      { matches: [onlyRule], backendRefs: toGood },
      {
        matches: [{ path: { type: 'PathPrefix', value: '/worse' } }],
        filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }] } }],
        backendRefs: toGood,
      },
    ],
    says: [
      accepted,
      'PartiallyInvalid=True/UnsupportedValue: Dropped Rule 1: spec.rules[1].filters[0]: filter RequestHeaderModifier is not supported by an Application Load Balancer. Remove it. Its requests are answered 500.',
      resolved,
    ],
    rulesInAws: ['path ~^/bad(/.*)?$ -> NS/good:80=1', 'path ~^/worse(/.*)?$ -> answer 500'],
  },
  {
    fault: 'asks for what an ALB has not: a timeout',
    rules: only({ timeouts: { request: '10s' } }),
    says: [
      'Accepted=False/UnsupportedValue: spec.rules[0].timeouts: an Application Load Balancer does not support this field in a rule. Remove it. Its requests are answered 500.',
      resolved,
    ],
    rulesInAws: answers500,
  },
  {
    fault: 'redirects with a status that an ALB has not',
    rules: [
      {
        matches: [onlyRule],
        filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'example.org', statusCode: 308 } }],
      },
    ],
    says: [
      'Accepted=False/UnsupportedValue: spec.rules[0].filters[0].requestRedirect.statusCode: a redirect with status 308 is not supported by an Application Load Balancer. Use 301 or 302. Its requests are answered 500.',
      resolved,
    ],
    rulesInAws: answers500,
  },
];

test.each(cases)('a route that $fault says so, and the one beside it serves on', async (each) => {
  const { ns, stillServes } = neighbour;
  const bad = httpRoute(
    ns,
    'bad',
    [{ name: 'web', ...(each.parent ?? { sectionName: 'http' }) }],
    each.rules ?? ['good'],
    each.spec,
  );
  await rig.apply([bad]);
  await eventually(async () => expect(await reported('bad')).toEqual(each.says));
  await eventually(() =>
    expect(
      rulesOf(rig, `${ns}/web`)
        .map((rule) => rule.replaceAll(ns, 'NS'))
        .toSorted(),
    ).toEqual([neighbour.rule.replaceAll(ns, 'NS'), ...(each.rulesInAws ?? [])]),
  );
  stillServes();
  await rig.remove([bad]);
});

test('a route that asks for a Gateway that does not exist gets no status from us, and its other parent serves it', async () => {
  const { ns, stillServes } = neighbour;
  const route = httpRoute(ns, 'torn', ['web', 'nowhere'], only({}));
  await rig.apply([route]);
  await eventually(async () => {
    const parents = (await readRoute(rig, ns, 'torn'))?.status?.parents ?? [];
    expect(parents.map(({ parentRef }) => parentRef.name)).toEqual(['web']);
  });
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(2));
  stillServes();
  await rig.remove([route]);
});

test('with target type instance a ClusterIP Service is in the status as unsupported, and a NodePort Service is served', async () => {
  const ns = await rig.freshNamespace('instances');
  await rig.backend(ns, 'inner');
  const configuration = loadBalancerConfiguration(ns, 'instances', { targetType: 'instance' });
  const parameters = { infrastructure: { parametersRef: parametersRef('instances') } };
  await rig.apply([
    configuration,
    service(ns, 'outer', { type: 'NodePort' }),
    gateway(ns, 'web', [http()], parameters),
    httpRoute(ns, 'good', ['web'], ['outer'], { hostnames: ['good.example.com'] }),
    httpRoute(ns, 'bad', ['web'], only({ backendRefs: [backendRef('inner')] })),
  ]);
  await eventually(async () =>
    expect(await reported('bad', ns)).toEqual([
      accepted,
      'ResolvedRefs=False/UnsupportedProtocol: spec.rules[0].backendRefs[0].port: Service NS/inner has no node port, which target type instance needs. Use type NodePort or LoadBalancer, or target type ip.',
    ]),
  );
  await eventually(() =>
    expect(rulesOf(rig, `${ns}/web`).map((rule) => rule.split(' -> ')[1])).toEqual([`${ns}/outer:80=1`, 'answer 500']),
  );
  await eventually(() => expect(targetsOf(rig, `${ns}/web`, 'outer:80')).toHaveLength(3));
});

test('if there are more rules than an ALB takes, older routes keep theirs, and the youngest says so in its status', async () => {
  const { ns, rule, stillServes } = await startNeighbour(rig, 'full');
  // Rules whose headers differ can't be packed into one.
  const filled = (name: string) =>
    httpRoute(
      ns,
      name,
      ['web'],
      Array.from({ length: 16 }, (_, index) => ({
        matches: [{ headers: [{ name: 'x-rule', value: `${name}-${index}` }] }],
        backendRefs: toGood,
      })),
    );
  await rig.apply(['u', 'v', 'w', 'x', 'y', 'z'].map(filled));
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(97));
  const before = rulesOf(rig, `${ns}/web`);
  // Timestamps of Kubernetes are whole seconds.
  await sleep(1100);
  await rig.apply([filled('a')]);
  await eventually(async () => expect((await reported('a', ns))[1]).toContain('PartiallyInvalid=True'));
  const after = await eventually(() => {
    expect(rulesOf(rig, `${ns}/web`)).toHaveLength(100);
    return rulesOf(rig, `${ns}/web`);
  });
  expect(after.filter((words) => before.includes(words))).toEqual(before);
  expect(after).toContain(rule);
  expect(await reported('z', ns)).toEqual([accepted, resolved]);
  const [, partially = ''] = await reported('a', ns);
  expect(partially).toContain(
    'PartiallyInvalid=True/UnsupportedValue: Dropped Rule 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15: spec.rules[3].matches: there is no room for this rule: the load balancer has 100 of at most 100 rules, and this needs at least 1. Use fewer matches, or another Gateway.',
  );
  stillServes();
});

test('a route with absurd values blocks no other route', async () => {
  const { ns, stillServes } = neighbour;
  const long = 'x'.repeat(1000);
  const absurd = httpRoute(
    ns,
    'absurd',
    ['web'],
    [
      { matches: [{ path: { type: 'Exact', value: `/${long}` } }], backendRefs: toGood },
      {
        matches: [{ path: { type: 'PathPrefix', value: `/${'*'.repeat(50)}${'$'.repeat(50)}` } }],
        backendRefs: toGood,
      },
      { matches: [{ path: { type: 'RegularExpression', value: '('.repeat(120) } }], backendRefs: toGood },
      { matches: [{ headers: [{ name: 'x'.repeat(250), value: long }] }], backendRefs: toGood },
      { matches: [{ queryParams: [{ name: '__proto__', value: 'constructor' }] }], backendRefs: toGood },
      {
        matches: [onlyRule],
        backendRefs: [backendRef('good', { weight: 1_000_000 }), backendRef('good', { weight: 0 })],
      },
    ],
    { hostnames: [`${'a.'.repeat(120)}example.com`] },
  );
  await rig.apply([absurd]);
  await eventually(async () => expect((await reported('absurd')).length).toBeGreaterThan(1));
  const late = httpRoute(ns, 'late', ['web'], only({}));
  await rig.apply([late]);
  await eventually(async () => expect(await reported('late')).toEqual([accepted, resolved]));
  await eventually(() => expect(rulesOf(rig, `${ns}/web`).join('\n')).toContain('/bad'));
  stillServes();
  await rig.remove([absurd, late]);
});
