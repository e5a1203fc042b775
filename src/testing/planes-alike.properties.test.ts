// Planes answer alike: an Application Load Balancer and Envoy send a request to the same backend.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildModel } from '../aws/model/build.ts';
import { PLACEHOLDER_NETWORK } from '../aws/model/placeholder-network.ts';
import type { ListenerResource, RuleResource } from '../aws/model/resources.ts';
import { type AlbRequest, firstMatch } from '../aws/model/testing/reference-alb.ts';
import { options, settings } from '../aws/model/testing/sample.ts';
import { modelOf } from '../envoy/model/testing/model-of.ts';
import { routeFor } from '../envoy/model/testing/reference-envoy.ts';
import { requests, topologies } from '../gateway/testing/arbitrary.ts';
import type { SampleRequest } from '../gateway/testing/reference.ts';
import type { Topology } from '../gateway/topology.ts';

/** The Service that an ALB sends the request to, or its status. Undefined if the ALB cannot have the whole topology. */
function albOf(topology: Topology): ((request: SampleRequest) => string) | undefined {
  const quotas = { ...options.quotas, rulesPerLoadBalancer: 1_000, targetGroupsPerLoadBalancer: 1_000 };
  const { model, problems } = buildModel({ ...topology, settings, planes: ['alb'] }, PLACEHOLDER_NETWORK, {
    ...options,
    quotas,
  });
  if (model === undefined || problems.length > 0) return undefined;
  const rules = model.resources
    .filter((resource): resource is RuleResource => resource.kind === 'rule')
    .map(({ spec }) => ({ conditions: spec.conditions, action: spec.action }));
  const otherwise = model.resources.find((resource): resource is ListenerResource => resource.kind === 'listener');
  return (request) => {
    const found = firstMatch(rules, toAlb(request))?.action ?? otherwise?.spec.defaultAction;
    if (found?.kind === 'forward') return found.targetGroups.map(({ targetGroup }) => serviceOf(targetGroup)).join();
    return found?.kind === 'fixed-response' ? found.statusCode : 'redirect';
  };
}

const toAlb = (request: SampleRequest): AlbRequest => ({ ...request, query: Object.entries(request.query) });

const serviceOf = (text: string): string => /r\d+-\d+/.exec(text)?.[0] ?? text;

function envoyOf(topology: Topology): (request: SampleRequest) => string {
  const { snapshot } = modelOf(topology);
  return (request) => {
    const action = routeFor(snapshot, 'http/80', request)?.action;
    const to = action?.case === 'route' ? action.value.clusterSpecifier : undefined;
    return to?.case === 'cluster' ? serviceOf(to.value) : '404';
  };
}

test('an ALB and Envoy send each request to the same backend', () => {
  let compared = 0;
  fc.assert(
    fc.property(topologies(false), fc.array(requests, { minLength: 30, maxLength: 30 }), (topology, samples) => {
      const alb = albOf(topology);
      if (alb === undefined) return;
      compared += 1;
      const envoy = envoyOf(topology);
      expect(samples.map((each) => [each, envoy(each)])).toEqual(samples.map((each) => [each, alb(each)]));
    }),
    { numRuns: 200 },
  );
  expect(compared).toBeGreaterThan(20);
});
