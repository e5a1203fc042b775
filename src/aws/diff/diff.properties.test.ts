import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hash } from '../model/hash.ts';
import type { Model } from '../model/resources.ts';
import { diff } from './diff.ts';
import { answer, converge, gateway, modelOf, type RuleSketch, runPlan, type Sketch } from './testing/resources.ts';
import { SimulatedAws } from './testing/simulated-aws.ts';

const hosts = ['a', 'b', 'c', 'd'];

function rulesOf(to: fc.Arbitrary<RuleSketch['to']>): fc.Arbitrary<readonly RuleSketch[]> {
  const sketch = fc.record({
    name: fc.constantFrom('0', '1', '2', '3', '4', '5'),
    hosts: fc.subarray(hosts, { minLength: 1 }),
    to,
  });
  return fc.uniqueArray(sketch, { maxLength: 6, selector: ({ name }) => name });
}

const fixed = fc.constantFrom('x', 'y', 'z');
const forward = fc.subarray(['api', 'cart', 'shop'], { minLength: 1 });

function sketches(to: fc.Arbitrary<RuleSketch['to']>): fc.Arbitrary<Sketch> {
  return fc.record({
    scheme: fc.constantFrom('internal' as const, 'internal' as const, 'internal' as const, 'internet-facing' as const),
    listeners: fc.dictionary(fc.constantFrom('80', '443', '8080'), rulesOf(to), { minKeys: 1 }),
    tags: fc.dictionary(fc.constantFrom('team', 'cost', 'stage'), fc.constantFrom('1', '2')),
    attributes: fc.dictionary(fc.constantFrom('idle_timeout.timeout_seconds'), fc.constantFrom('60', '61')),
    healthPath: fc.constantFrom('/', '/live'),
  });
}

const anything = sketches(fc.oneof(fixed, forward));
/** Endless choices of the next step. */
const choices = fc.infiniteStream(fc.nat()).map((stream) => (count: number) => {
  const next = stream.next().value;
  return count === 0 ? 0 : next % count;
});

/** The existing resources, without ARNs and numbers that depend on AWS or on the history. */
function summary(aws: SimulatedAws): readonly unknown[] {
  const name = (arn: string) => aws.entries.get(arn)?.owned.id;
  const resources = aws.observe().resources.map(({ arn, tags, ...rest }) => {
    // A value that was set and removed again counts as never set.
    const known = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== hash({})));
    const own = { spec: aws.entries.get(arn)?.spec, tags: known };
    if (rest.kind === 'listener') {
      const certificate = rest.certificate && name(rest.certificate);
      return { ...rest, ...own, loadBalancerArn: name(rest.loadBalancerArn), certificate };
    }
    if (rest.kind !== 'rule') return { ...rest, ...own };
    const targetGroups = rest.targetGroups.map((group) => `${name(group.arn)} ${group.weight}`);
    return { ...rest, ...own, listenerArn: name(rest.listenerArn), targetGroups, priority: 0 };
  });
  return [...resources.toSorted((a, b) => (a.id < b.id ? -1 : 1)), ruleOrder(aws)];
}

/** The logical ids of each listener's rules, by priority. */
function ruleOrder(aws: SimulatedAws): ReadonlyMap<string | undefined, readonly string[]> {
  const rules = aws.observe().resources.filter((owned) => owned.kind === 'rule');
  const byListener = Map.groupBy(
    rules.toSorted((a, b) => a.priority - b.priority),
    (rule) => aws.entries.get(rule.listenerArn)?.owned.id,
  );
  return new Map([...byListener].map(([listener, own]) => [listener, own.map((rule) => rule.id)]));
}

function desiredOrder(model: Model): ReturnType<typeof ruleOrder> {
  const rules = model.resources.filter((resource) => resource.kind === 'rule');
  const byListener = Map.groupBy(rules, (rule) => rule.listener);
  return new Map([...byListener].map(([listener, own]) => [listener, own.map((rule) => rule.id)]));
}

function madeAnew(model: Model): SimulatedAws {
  const aws = new SimulatedAws(gateway);
  converge(aws, model);
  return aws;
}

test('a Gateway that changes from anything to anything ends as if it had always been so', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 3 }), anything, choices, (history, last, pick) => {
      const aws = new SimulatedAws(gateway);
      for (const sketch of [...history, last]) converge(aws, modelOf(sketch), { pick });
      expect(summary(aws)).toEqual(summary(madeAnew(modelOf(last))));
      expect(ruleOrder(aws)).toEqual(desiredOrder(modelOf(last)));
    }),
    { numRuns: 120 },
  );
});

test('a crash between any two steps leaks nothing and breaks nothing', () => {
  fc.assert(
    fc.property(
      anything,
      fc.array(fc.tuple(anything, fc.nat(12), fc.boolean()), { maxLength: 3 }),
      anything,
      choices,
      (first, crashes, last, pick) => {
        const aws = new SimulatedAws(gateway);
        converge(aws, modelOf(first), { pick });
        for (const [sketch, steps, timePasses] of crashes) {
          runPlan(aws, diff(modelOf(sketch), aws.observe()), { pick, steps });
          if (timePasses) aws.passTime(1000);
        }
        converge(aws, modelOf(last), { pick });
        expect(summary(aws)).toEqual(summary(madeAnew(modelOf(last))));
      },
    ),
    { numRuns: 120 },
  );
});

test('a step that fails is made good by the next pass', () => {
  fc.assert(
    fc.property(anything, anything, fc.nat(30), choices, (before, after, index, pick) => {
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

test('a Gateway that is deleted leaves nothing but the certificates that others share', () => {
  fc.assert(
    fc.property(anything, anything, fc.nat(20), choices, (before, half, steps, pick) => {
      const aws = new SimulatedAws(gateway);
      converge(aws, modelOf(before), { pick });
      runPlan(aws, diff(modelOf(half), aws.observe()), { pick, steps });
      converge(aws, undefined, { pick });
      expect(
        aws
          .observe()
          .resources.map(({ kind }) => kind)
          .filter((kind) => kind !== 'certificate'),
      ).toEqual([]);
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
    fc.property(anything, anything, fc.nat(20), choices, (before, after, steps, pick) => {
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

test('the order in which AWS lists what exists never shows in a plan', () => {
  fc.assert(
    fc.property(
      anything,
      anything,
      fc.nat(20),
      fc.infiniteStream(fc.nat()),
      choices,
      (before, after, steps, keys, pick) => {
        const aws = new SimulatedAws(gateway);
        converge(aws, modelOf(before), { pick });
        runPlan(aws, diff(modelOf(after), aws.observe()), { pick, steps });
        const observed = aws.observe();
        const shuffled = observed.resources
          .map((resource) => ({ resource, key: keys.next().value }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ resource }) => resource);
        for (const model of [modelOf(after), undefined]) {
          expect(diff(model, { ...observed, resources: shuffled })).toEqual(diff(model, observed));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('each step has a name of its own, and comes after all that it waits for', () => {
  fc.assert(
    fc.property(anything, anything, anything, fc.nat(20), choices, (before, half, after, steps, pick) => {
      const aws = new SimulatedAws(gateway);
      converge(aws, modelOf(before), { pick });
      runPlan(aws, diff(modelOf(half), aws.observe()), { pick, steps });
      for (const model of [modelOf(after), undefined]) {
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
