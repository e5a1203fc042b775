import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { diff } from './diff.ts';
import { anyRequests, choices, fixed, hosts, rulesOf, sketches } from './testing/arbitraries.ts';
import { answer, converge, gateway, modelOf, type RuleSketch, runPlan, type Sketch } from './testing/resources.ts';
import { SimulatedAws } from './testing/simulated-aws.ts';
import { desiredOrder, madeAnew, ruleOrder, summary } from './testing/summary.ts';

test('a Gateway that changes from anything to anything ends as if it had always been so', () => {
  fc.assert(
    fc.property(fc.array(anyRequests, { maxLength: 3 }), anyRequests, choices, (history, last, pick) => {
      const aws = new SimulatedAws(gateway);
      for (const sketch of [...history, last]) converge(aws, modelOf(sketch), { pick });
      expect(summary(aws)).toEqual(summary(madeAnew(modelOf(last))));
      expect(ruleOrder(aws)).toEqual(desiredOrder(modelOf(last)));
    }),
    { numRuns: 120 },
  );
});

test('a step that fails is made good by the next pass', () => {
  fc.assert(
    fc.property(anyRequests, anyRequests, fc.nat(30), choices, (before, after, index, pick) => {
      const aws = new SimulatedAws(gateway);
      converge(aws, modelOf(before), { pick });
      const plan = diff(modelOf(after), aws.observe());
      const unlucky = plan.steps[index % Math.max(1, plan.steps.length)];
      runPlan(aws, plan, { pick, refuses: (step) => step === unlucky });
      converge(aws, modelOf(after), { pick });
      expect(summary(aws)).toEqual(summary(madeAnew(modelOf(after))));
    }),
    { numRuns: 80 },
  );
});

interface Place {
  readonly listener: string;
  readonly host: string;
  /** The answers before and after the change. */
  readonly answers: readonly (string | undefined)[];
}

/** The listeners and hosts for which there is a rule before and after. */
function commonPlaces(before: Sketch, after: Sketch): readonly Place[] {
  const [old, wanted] = [madeAnew(modelOf(before)), madeAnew(modelOf(after))];
  const { scheme = 'internal', listeners } = before;
  return Object.keys(listeners)
    .flatMap((port) => hosts.map((host) => ({ listener: `listener/${scheme}/${port}`, host })))
    .map((place) => ({ ...place, answers: [old, wanted].map((aws) => answer(aws, place.listener, place.host)) }))
    .filter(({ answers }) => !answers.includes(undefined));
}

test('while rules change, each request is answered as before or as after', () => {
  const fixedOnly = sketches(fixed);
  fc.assert(
    fc.property(fixedOnly, fixedOnly, fc.nat(20), choices, (before, after, steps, pick) => {
      const aws = new SimulatedAws(gateway);
      converge(aws, modelOf(before), { pick });
      const places = commonPlaces(before, after);
      const onStep = () => {
        for (const { listener, host, answers } of places) expect(answers).toContain(answer(aws, listener, host));
      };
      runPlan(aws, diff(modelOf(after), aws.observe()), { pick, steps, onStep });
      converge(aws, modelOf(after), { pick, onStep });
    }),
    { numRuns: 120 },
  );
});

test('while rules change and trade places, each request is answered as before or as after', () => {
  const edited = rulesOf(fixed).chain((before) =>
    fc.record({
      before: fc.constant(before),
      after: fc.tuple(fc.shuffledSubarray([...before]), rulesOf(fixed)).map(([kept, added]) => {
        const others = added.slice(0, 2).map((rule) => ({ ...rule, name: `new-${rule.name}` }));
        return [...kept.slice(0, 2), ...others, ...kept.slice(2)];
      }),
    }),
  );
  fc.assert(
    fc.property(edited, fc.nat(10), choices, (rules, steps, pick) => {
      const before = { listeners: { 80: rules.before } };
      const after = { listeners: { 80: rules.after } };
      const aws = madeAnew(modelOf(before));
      const places = commonPlaces(before, after);
      const onStep = () => {
        for (const { listener, host, answers } of places) expect(answers).toContain(answer(aws, listener, host));
      };
      runPlan(aws, diff(modelOf(after), aws.observe()), { pick, steps, onStep });
      converge(aws, modelOf(after), { pick, onStep });
    }),
    { numRuns: 200 },
  );
});

test('while backends change, a request that has a rule before and after is never without one', () => {
  fc.assert(
    fc.property(anyRequests, anyRequests, fc.nat(20), choices, (before, after, steps, pick) => {
      const aws = new SimulatedAws(gateway);
      converge(aws, modelOf(before), { pick });
      const places = commonPlaces(before, after);
      const onStep = () => {
        for (const { listener, host } of places) expect(answer(aws, listener, host)).toBeDefined();
      };
      runPlan(aws, diff(modelOf(after), aws.observe()), { pick, steps, onStep });
      converge(aws, modelOf(after), { pick, onStep });
    }),
    { numRuns: 120 },
  );
});

test('a load balancer that is full of rules still comes to what is desired', () => {
  fc.assert(
    fc.property(sketches(fixed), sketches(fixed), choices, (before, after, pick) => {
      const quota = Math.max(...[before, after].map(({ listeners }) => Object.values(listeners).flat().length));
      const aws = new SimulatedAws(gateway, quota);
      converge(aws, modelOf(before), { pick, rulesPerLoadBalancer: quota });
      converge(aws, modelOf(after), { pick, rulesPerLoadBalancer: quota });
      expect(summary(aws)).toEqual(summary(madeAnew(modelOf(after))));
    }),
    { numRuns: 80 },
  );
});

/** Rules of two tenants, by their place in the order of precedence. Any two rules may match the same hosts. */
type Tenants = readonly (RuleSketch | undefined)[];

const places = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const tenantOf = (place: number): string => (place % 3 === 0 ? 'quiet' : 'busy');
const tenants: fc.Arbitrary<Tenants> = fc.tuple(
  ...places.map((place) =>
    fc.option(
      fc.record({
        name: fc.constant(`${tenantOf(place)}/r${place}/0/0`),
        hosts: fc.subarray(hosts, { minLength: 1 }),
        to: fixed.map((answered) => `${tenantOf(place)} ${place} ${answered}`),
      }),
      { nil: undefined },
    ),
  ),
);
const sketchOf = (rules: Tenants): Sketch => ({ listeners: { 80: rules.filter((each) => each !== undefined) } });

const claimants = (states: readonly Tenants[], asked: string): ReadonlySet<string> =>
  new Set(
    states.flatMap((rules) =>
      rules.flatMap((each, place) => (each?.hosts.includes(asked) === true ? tenantOf(place) : [])),
    ),
  );

test('tenants that no longer wait for each other see their own hosts answered as before or as after, and none by nothing', () => {
  const behind = fc.subarray(['busy', 'quiet']).map((some) => new Set(some));
  fc.assert(
    fc.property(tenants, tenants, fc.nat(12), behind, choices, (before, after, steps, late, pick) => {
      const mixed = (changed: string): Tenants =>
        before.map((old, place) => (tenantOf(place) === changed ? after[place] : old));
      const listener = 'listener/internal/80';
      const answers = (host: string) =>
        [before, after, mixed('busy'), mixed('quiet')].map((state) =>
          answer(madeAnew(modelOf(sketchOf(state))), listener, host),
        );
      const served = hosts.filter((host) => !answers(host).includes(undefined));
      const own = served.filter((host) => claimants([before, after], host).size === 1);
      const allowed = new Map(own.map((host) => [host, answers(host)]));
      const aws = madeAnew(modelOf(sketchOf(before)));
      const onStep = () => {
        for (const host of served) expect(answer(aws, listener, host)).toBeDefined();
        for (const [host, some] of allowed) expect(some).toContain(answer(aws, listener, host));
      };
      runPlan(aws, diff(modelOf(sketchOf(after)), aws.observe()), { pick, steps, onStep });
      converge(aws, modelOf(sketchOf(after)), { pick, onStep, behind: late });
      expect(summary(aws)).toEqual(summary(madeAnew(modelOf(sketchOf(after)))));
    }),
    { numRuns: 200 },
  );
});
