// Properties of plans that hold with every load balancer.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diff } from './diff.ts';
import { anyConnections, anyRequests, choices } from './testing/arbitraries.ts';
import { networkModel } from './testing/network-models.ts';
import { converge, gateway, modelOf, runPlan } from './testing/resources.ts';
import { SimulatedAws } from './testing/simulated-aws.ts';
import { madeAnew, summary } from './testing/summary.ts';

describe.each([
  ['an ALB', anyRequests.map(modelOf)],
  ['an NLB', anyConnections.map(networkModel)],
])('a Gateway with %s', (_, anything) => {
  const crashes = fc.array(fc.tuple(anything, fc.nat(12), fc.boolean()), { maxLength: 3 });

  test('that changes from anything to anything, with crashes, ends as if it had always been so', () => {
    fc.assert(
      fc.property(anything, crashes, anything, choices, (first, halves, last, pick) => {
        const aws = new SimulatedAws(gateway);
        converge(aws, first, { pick });
        for (const [half, steps, timePasses] of halves) {
          runPlan(aws, diff(half, aws.observe()), { pick, steps });
          if (timePasses) aws.passTime(1000);
        }
        converge(aws, last, { pick });
        expect(summary(aws)).toEqual(summary(madeAnew(last)));
      }),
      { numRuns: 150 },
    );
  });

  test('that is deleted half-way through a change leaves nothing but the certificates that others share', () => {
    fc.assert(
      fc.property(anything, anything, fc.nat(20), choices, (before, half, steps, pick) => {
        const aws = new SimulatedAws(gateway);
        converge(aws, before, { pick });
        runPlan(aws, diff(half, aws.observe()), { pick, steps });
        converge(aws, undefined, { pick });
        const left = aws.observe().resources.filter(({ kind }) => kind !== 'certificate');
        expect(left).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('has a plan that does not depend on the order in which AWS lists what exists', () => {
    const keys = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(anything, anything, fc.nat(20), keys, choices, (before, after, steps, random, pick) => {
        const aws = new SimulatedAws(gateway);
        converge(aws, before, { pick });
        runPlan(aws, diff(after, aws.observe()), { pick, steps });
        const observed = aws.observe();
        const resources = observed.resources
          .map((resource) => ({ resource, key: random.next().value }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ resource }) => resource);
        for (const model of [after, undefined]) {
          expect(diff(model, { ...observed, resources })).toEqual(diff(model, observed));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('has a plan in which each step has its own name, and comes after all that it waits for', () => {
    fc.assert(
      fc.property(anything, anything, anything, fc.nat(20), choices, (before, half, after, steps, pick) => {
        const aws = new SimulatedAws(gateway);
        converge(aws, before, { pick });
        runPlan(aws, diff(half, aws.observe()), { pick, steps });
        for (const model of [after, undefined]) {
          const seen = new Set<string>();
          for (const step of diff(model, aws.observe()).steps) {
            expect(seen).not.toContain(step.id);
            for (const other of [...step.after, ...(step.follows ?? [])]) expect(seen).toContain(other);
            seen.add(step.id);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
