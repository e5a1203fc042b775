import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { diff } from './diff.ts';
import { carries, type NetworkSketch, networkModel } from './testing/network-models.ts';
import { converge, gateway, runPlan } from './testing/resources.ts';
import { SimulatedAws } from './testing/simulated-aws.ts';

const listener = fc.record({
  protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'TCP_UDP' as const, 'TLS' as const),
  // With more backends, old and new groups would not fit into one action.
  to: fc.subarray(['api', 'cart', 'shop'], { minLength: 1, maxLength: 2 }),
});

const anything: fc.Arbitrary<NetworkSketch> = fc
  .record({
    scheme: fc.constantFrom('internal' as const, 'internal' as const, 'internet-facing' as const),
    listeners: fc.dictionary(fc.constantFrom('53', '5432'), listener),
    http: fc.subarray([80, 443]),
    family: fc.constantFrom('ipv4' as const, 'ipv4' as const, 'ipv6' as const),
    unchecked: fc.boolean(),
  })
  .filter(({ listeners, http }) => Object.keys(listeners).length + http.length > 0);

/** Endless choices of the next step. */
const choices = fc.infiniteStream(fc.nat()).map((stream) => (count: number) => {
  const next = stream.next().value;
  return count === 0 ? 0 : next % count;
});

/** The existing resources, without values that depend on AWS or on the history. */
function summary(aws: SimulatedAws): readonly unknown[] {
  const name = (arn: string) => aws.entries.get(arn)?.owned.id;
  const found = aws.observe().resources.map(({ id, ...owned }) => ({
    id,
    spec: aws.entries.get(owned.arn)?.spec,
    ...(owned.kind === 'listener' && {
      protocol: owned.protocol,
      of: name(owned.loadBalancerArn),
      forwards: owned.forwards.map(({ arn, weight }) => `${name(arn)} ${weight}`),
    }),
  }));
  return found.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function madeAnew(sketch: NetworkSketch): SimulatedAws {
  const aws = new SimulatedAws(gateway);
  converge(aws, networkModel(sketch));
  return aws;
}

test('a Gateway with an NLB that changes from anything to anything, with crashes, ends as if it had always been so', () => {
  fc.assert(
    fc.property(
      anything,
      fc.array(fc.tuple(anything, fc.nat(12), fc.boolean()), { maxLength: 3 }),
      anything,
      choices,
      (first, crashes, last, pick) => {
        const aws = new SimulatedAws(gateway);
        converge(aws, networkModel(first), { pick });
        for (const [sketch, steps, timePasses] of crashes) {
          runPlan(aws, diff(networkModel(sketch), aws.observe()), { pick, steps });
          if (timePasses) aws.passTime(1000);
        }
        converge(aws, networkModel(last), { pick });
        expect(summary(aws)).toEqual(summary(madeAnew(last)));
      },
    ),
    { numRuns: 150 },
  );
});

test('a Gateway with an NLB that is deleted half-way through a change leaves nothing', () => {
  fc.assert(
    fc.property(anything, anything, fc.nat(20), choices, (before, half, steps, pick) => {
      const aws = new SimulatedAws(gateway);
      converge(aws, networkModel(before), { pick });
      runPlan(aws, diff(networkModel(half), aws.observe()), { pick, steps });
      converge(aws, undefined, { pick });
      expect(aws.entries.size).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test('a listener that there is before and after is always there, and new groups serve only when they are healthy', () => {
  const oneFamily = anything.map((sketch) => ({ ...sketch, family: 'ipv4' as const, scheme: 'internal' as const }));
  const speaks = (sketch: NetworkSketch, port: string) => sketch.listeners[Number(port)]?.protocol;
  fc.assert(
    fc.property(oneFamily, oneFamily, choices, (before, after, pick) => {
      const aws = madeAnew(before);
      const both = Object.keys(before.listeners).filter((port) => speaks(after, port) !== undefined);
      const healthy = () =>
        new Set(
          aws.observe().resources.flatMap((each) => (each.kind === 'target-group' && each.proven ? each.id : [])),
        );
      // If TCP becomes UDP, or UDP becomes TCP, no connections can be kept.
      const related = both.filter((port) => {
        const protocols = new Set([speaks(before, port), speaks(after, port)]);
        return protocols.size === 1 || (protocols.has('TCP_UDP') && !protocols.has('TLS'));
      });
      const onStep = () => {
        const known = healthy();
        for (const port of both) expect(carries(aws, `listener/nlb-internal/${port}`)).toBeDefined();
        for (const port of related) {
          const [, ...groups] = carries(aws, `listener/nlb-internal/${port}`) ?? [];
          expect([...known]).toEqual(expect.arrayContaining(groups));
        }
      };
      converge(aws, networkModel(after), { pick, onStep });
    }),
    { numRuns: 150 },
  );
});

test('the order in which AWS lists the resources of an NLB never shows in a plan', () => {
  fc.assert(
    fc.property(anything, anything, fc.nat(20), choices, (before, after, steps, pick) => {
      const aws = madeAnew(before);
      runPlan(aws, diff(networkModel(after), aws.observe()), { pick, steps });
      const observed = aws.observe();
      const turned = { ...observed, resources: observed.resources.toReversed() };
      for (const model of [networkModel(after), undefined]) {
        const plan = diff(model, observed);
        expect(diff(model, turned)).toEqual(plan);
        const seen = new Set<string>();
        for (const step of plan.steps) {
          expect(seen).not.toContain(step.id);
          for (const other of [...step.after, ...(step.follows ?? [])]) expect(seen).toContain(other);
          seen.add(step.id);
        }
      }
    }),
    { numRuns: 60 },
  );
});
