// A real Envoy answers random requests over random topologies as the Gateway API says.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RouteRef } from '../../src/gateway/problem-place.ts';
import { routeId } from '../../src/gateway/route-id.ts';
import { requests, topologies } from '../../src/gateway/testing/arbitrary.ts';
import { answering, listenerFor, plainHost, type SampleRequest } from '../../src/gateway/testing/reference.ts';
import { httpTopology } from '../../src/gateway/testing/sample.ts';
import type { RuleTopology, Topology } from '../../src/gateway/topology.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

const RULE = 'x-rule';
const SECONDS = 20;

/** Each rule names itself in its answers. */
const naming = (topology: Topology): Topology => ({
  ...topology,
  routes: topology.routes.map((each) => ({ ...each, rules: each.rules.map((rule) => namingRule(each.route, rule)) })),
});

function namingRule(route: RouteRef, rule: RuleTopology): RuleTopology {
  if (rule.action.kind !== 'forward') throw new Error('the random rules forward');
  const responseHeaders = { set: [{ name: RULE, value: nameOf(route, rule.rule) }], add: [], remove: [] };
  return { ...rule, action: { ...rule.action, responseHeaders } };
}

const nameOf = (route: RouteRef, rule: number): string => `${routeId(route)}/${rule}`;

function expected({ ports: [port], routes }: Topology, sample: SampleRequest): string {
  const listener = port && listenerFor(port, plainHost(sample.host));
  const found = listener && answering(listener, routes, sample);
  return found === undefined ? '404' : nameOf(found.route, found.ruleIndex);
}

test('over random topologies, the rule answers that the Gateway API names', { timeout: 90_000 }, async () => {
  const { ask, publish } = await startModelledEnvoy(naming(httpTopology([{ name: 'http' }], [])));
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(
      topologies(false),
      fc.array(requests, { minLength: 20, maxLength: 20 }),
      async (topology, samples) => {
        await publish(naming(topology));
        await Promise.all(
          samples.map(async (sample) => {
            const query = new URLSearchParams(sample.query).toString();
            const path = query === '' ? sample.path : `${sample.path}?${query}`;
            const { status, headers } = await ask(path, sample);
            expect(headers[RULE] ?? String(status)).toBe(expected(topology, sample));
            compared += 1;
          }),
        );
      },
    ),
    { numRuns: 10_000, interruptAfterTimeLimit: SECONDS * 1_000, endOnFailure: true },
  );
  expect(compared).toBeGreaterThan(200);
});
