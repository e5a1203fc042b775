// What holds for every golden case.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { GOLDEN_NOW, GOLDEN_PROTOCOLS, loadCases } from '../testing/golden.ts';
import { connectionsOf, routesById } from './connections.ts';
import { portEntries } from './entries.ts';
import { fromManifests } from './from-manifests.ts';
import { covers } from './hostnames.ts';
import type { GatewayInput } from './input.ts';
import { portKey } from './listener-protocols.ts';
import type { Problem, ProblemKind } from './problem.ts';
import { routeId, routeRef } from './route-id.ts';
import type { Translation } from './topology.ts';
import { translate } from './translate.ts';

const cases = loadCases();
const run = (input: GatewayInput): Translation => translate(input, GOLDEN_PROTOCOLS);
const all = cases.flatMap(({ name, inputs }) => inputs.map((input) => ({ name, input, translation: run(input) })));

/** Every kind that translate can find; the others are found by what comes after it. */
const kinds: readonly ProblemKind[] = [
  'address-unsupported',
  'backend-external-name',
  'backend-kind-unknown',
  'backend-not-found',
  'backend-not-permitted',
  'backend-port-missing',
  'backend-port-not-found',
  'backend-transport-mismatch',
  'certificate-algorithm-unsupported',
  'certificate-expired',
  'certificate-key-mismatch',
  'certificate-kind-unsupported',
  'certificate-malformed',
  'certificate-not-found',
  'certificate-not-permitted',
  'certificate-not-yet-valid',
  'clients-authority-kind-unsupported',
  'clients-authority-malformed',
  'clients-authority-not-found',
  'clients-authority-not-permitted',
  'clients-not-checked',
  'clients-without-authority',
  'cors-malformed',
  'filters-incompatible',
  'gateway-tls-unsupported',
  'gateway-unreadable',
  'hostname-not-matching',
  'listener-hostname-conflict',
  'listener-protocol-conflict',
  'listener-protocol-unsupported',
  'listener-set-not-allowed',
  'listener-set-unreadable',
  'parent-not-matching',
  'policy-authorities-unknown',
  'policy-authority-kind-unsupported',
  'policy-authority-malformed',
  'policy-authority-not-found',
  'policy-conflicted',
  'policy-target-not-found',
  'policy-unreadable',
  'policy-without-authority',
  'redirect-unsupported',
  'rewrite-unsupported',
  'route-kind-unsupported',
  'route-not-allowed',
  'route-unreadable',
  'route-waits',
  'tls-missing',
  'tls-mode-unsupported',
  'tls-overlap',
];

test('every kind of problem that translate can find is in a golden case', () => {
  const found = new Set(all.flatMap(({ translation }) => translation.problems.map(({ kind }) => kind)));
  expect([...found].toSorted()).toEqual(kinds);
});

test.each(cases)('$name: the order in which objects are listed changes nothing', ({ manifests }) => {
  const expected = translationsOf(manifests);
  fc.assert(
    fc.property(fc.shuffledSubarray([...manifests], { minLength: manifests.length }), (shuffled) => {
      expect(translationsOf(shuffled)).toEqual(expected);
    }),
    { numRuns: 5 },
  );
});

const translationsOf = (manifests: readonly unknown[]): Readonly<Record<string, Translation>> =>
  Object.fromEntries(
    fromManifests(manifests, { now: GOLDEN_NOW }).inputs.map((input) => [input.gateway.metadata.name, run(input)]),
  );

test.each(all)('$name: what a problem names is there', ({ input, translation }) => {
  for (const problem of translation.problems) expect(() => locate(problem, input)).not.toThrow();
});

test.each(all)('$name: an entry belongs to a served listener, within its hosts, once', ({ translation }) => {
  const valid = new Set(translation.listeners.filter((listener) => listener.valid).map(({ name }) => name));
  const ports = translation.topology?.ports ?? [];
  expect(ports.map(({ port }) => port)).toEqual(ports.map(({ port }) => port).toSorted((a, b) => a - b));
  expect(new Set(ports.map(portKey)).size).toBe(ports.length);
  for (const port of ports) {
    const { listeners } = port;
    const entries = portEntries(port, translation.topology?.routes ?? []);
    for (const { listener, hostname } of entries) {
      const owner = listeners.find(({ name }) => name === listener);
      expect(owner).toBeDefined();
      expect(covers(owner?.hostname, hostname)).toBe(true);
    }
    for (const { name } of listeners) expect(valid).toContain(name);
    const identities = entries.map(({ listener, hostname, source }) => JSON.stringify({ listener, hostname, source }));
    expect(new Set(identities).size).toBe(identities.length);
  }
});

test.each(all)(
  '$name: connections are for routes that are attached, and of each name there is one',
  ({ translation }) => {
    const { ports = [], routes = [] } = translation.topology ?? {};
    for (const port of ports.filter(({ serves }) => serves.kind !== 'http')) {
      const entries = connectionsOf(port, routesById(routes));
      for (const { listener, hostname, route } of entries) {
        const owner = port.listeners.find(({ name }) => name === listener);
        expect(owner?.routes).toContain(routeId(route));
        expect(covers(owner?.hostname, hostname)).toBe(true);
      }
      expect(new Set(entries.map(({ listener, hostname }) => `${listener} ${hostname}`)).size).toBe(entries.length);
      expect(entries.length <= 1 || port.serves.kind === 'tls').toBe(true);
    }
  },
);

test.each(all)(
  '$name: certificates are read for listeners that terminate TLS, and for no others',
  ({ translation }) => {
    for (const { serves, listeners } of translation.topology?.ports ?? []) {
      for (const { tlsMode, certificates } of listeners) {
        const terminates = serves.kind === 'http' ? serves.tls : tlsMode === 'Terminate';
        expect(certificates.length > 0).toBe(terminates);
        expect(tlsMode !== undefined).toBe(serves.kind === 'tls');
      }
    }
  },
);

test.each(all)('$name: a forward has a backend that can answer', ({ translation }) => {
  for (const { action } of translation.topology?.routes.flatMap(({ rules }) => rules) ?? []) {
    if (action.kind !== 'forward') continue;
    expect(action.backends.some(({ service, weight }) => service !== undefined && weight > 0)).toBe(true);
  }
});

test.each(all)('$name: nothing of a Secret gets out', ({ input, translation }) => {
  const text = JSON.stringify(translation);
  for (const secret of input.secrets.values()) {
    const key = Buffer.from(secret.data?.['tls.key'] ?? '', 'base64').toString();
    for (const line of key.split('\n').filter((each) => each.length >= 16)) expect(text).not.toContain(line);
  }
});

test.each(all)('$name: frozen objects are left as they are', ({ input, translation }) => {
  deepFreeze(input);
  expect(run(input)).toEqual(translation);
});

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const child of value instanceof Map ? value.values() : Object.values(value)) deepFreeze(child);
}

/** Throws unless the problem's place is one in the input. */
function locate(problem: Problem, { gateway, listenerSets, routes, backendTlsPolicies }: GatewayInput): void {
  if (problem.kind.startsWith('clients-') && 'field' in problem) {
    walk(gateway.spec, problem.field);
  } else if ('listener' in problem) {
    const ofSets = listenerSets.flatMap(({ metadata, spec }) =>
      spec.listeners.map((each) => ({ ...each, name: `${metadata.namespace}/${metadata.name}/${each.name}` })),
    );
    const listener = [...gateway.spec.listeners, ...ofSets].find(({ name }) => name === problem.listener);
    if (listener === undefined) throw new Error(`no listener ${problem.listener}`);
    walk(listener, problem.field);
  } else if ('route' in problem) {
    const route = routes.find((each) => routeId(routeRef(each)) === routeId(problem.route));
    if (route === undefined) throw new Error(`no route ${problem.route.key}`);
    if ('rule' in problem) walk(route.spec.rules?.[problem.rule], problem.field);
    else if (!route.spec.parentRefs?.includes(problem.parentRef)) throw new Error('no such parentRef');
  } else if ('policy' in problem) {
    const policy = backendTlsPolicies.find(({ metadata }) => objectKey(metadata) === problem.policy);
    if (policy === undefined) throw new Error(`no policy ${problem.policy}`);
    walk(problem.kind === 'policy-unreadable' ? policy : policy.spec, problem.field);
  } else if (problem.kind === 'address-unsupported' || problem.kind === 'gateway-tls-unsupported') {
    walk(gateway.spec, problem.field);
  }
}

/** The last step of a path may be what is missing; all before it must be there. */
function walk(from: unknown, path: string): void {
  const steps = [...path.matchAll(/\[([^\]]+)\]|([^.[\]]+)/g)].map(([, bracketed, plain]) => bracketed ?? plain ?? '');
  let value = from;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) throw new Error(`${path}: nothing before ${step}`);
    value = new Map(Object.entries(value)).get(step);
  }
}
