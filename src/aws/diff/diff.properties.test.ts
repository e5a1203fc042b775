import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hash } from '../model/hash.ts';
import type { Model } from '../model/resources.ts';
import { diff } from './diff.ts';
import { SimulatedAws } from './simulated-aws.ts';
import { answer, converge, gateway, modelOf, type RuleSketch, runPlan, type Sketch } from './testing.ts';

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
/** Endless choices of which step comes next. */
const choices = fc.infiniteStream(fc.nat()).map((stream) => (count: number) => {
  const next = stream.next().value;
  return count === 0 ? 0 : next % count;
});

/** What there is, without the names that AWS gave it. */
function summary(aws: SimulatedAws): unknown {
  const owned = [...aws.entries.values()].map((entry) => entry.owned);
  const name = (arn: string) => aws.entries.get(arn)?.owned.id;
  return owned
    .map(({ arn: _, ...owned }) => {
      // Once set and taken back is as good as never set.
      const tags = Object.entries(owned.tags).filter(([, value]) => value !== hash({}));
      const each = { ...owned, tags: Object.fromEntries(tags) };
      if (each.kind === 'rule') {
        const targetGroups = each.targetGroups.map(({ arn, weight }) => `${name(arn)} ${weight}`);
        return { ...each, listenerArn: name(each.listenerArn), targetGroups, priority: 0 };
      }
      return each.kind === 'listener' ? { ...each, loadBalancerArn: name(each.loadBalancerArn) } : each;
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function inOrder(aws: SimulatedAws): readonly string[] {
  const rules = aws.observe().resources.filter((owned) => owned.kind === 'rule');
  return rules.toSorted((a, b) => a.priority - b.priority).map((rule) => rule.id);
}

function expectExactly(aws: SimulatedAws, model: Model): void {
  const fresh = new SimulatedAws(gateway);
  converge(fresh, model);
  expect(summary(aws)).toEqual(summary(fresh));
  for (const listener of model.resources.filter(({ kind }) => kind === 'listener')) {
    const prefix = listener.id.replace('listener', 'rule');
    const own = (ids: readonly string[]) => ids.filter((each) => each.startsWith(`${prefix}/`));
    expect(own(inOrder(aws))).toEqual(own(model.resources.map(({ id }) => id)));
  }
}

test('a Gateway that changes from anything to anything ends as if it had always been so', () => {
  fc.assert(
    fc.property(fc.array(anything, { minLength: 1, maxLength: 4 }), choices, (history, pick) => {
      const aws = new SimulatedAws(gateway);
      for (const sketch of history) converge(aws, modelOf(sketch), { pick });
      const last = history.at(-1);
      if (last !== undefined) expectExactly(aws, modelOf(last));
    }),
    { numRuns: 300 },
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
        for (const [sketch, steps, settles] of crashes) {
          runPlan(aws, diff(modelOf(sketch), aws.observe()), { pick, steps });
          if (settles) aws.settle(1000);
        }
        converge(aws, modelOf(last), { pick });
        expectExactly(aws, modelOf(last));
      },
    ),
    { numRuns: 300 },
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
      expectExactly(aws, modelOf(after));
    }),
    { numRuns: 200 },
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
    { numRuns: 200 },
  );
});

interface Answers {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** For each listener and host that both have: what answers before and after. */
function compare(before: Sketch, after: Sketch): ReadonlyMap<string, Answers> {
  const answers = (sketch: Sketch) => {
    const aws = new SimulatedAws(gateway);
    converge(aws, modelOf(sketch));
    const { scheme = 'internal', listeners } = sketch;
    const places = Object.keys(listeners).flatMap((port) =>
      hosts.map((host) => [`listener/${scheme}/${port}`, host] as const),
    );
    return new Map(places.map(([listener, host]) => [`${listener} ${host}`, answer(aws, listener, host)]));
  };
  const [old, wanted] = [answers(before), answers(after)];
  return new Map(
    [...old]
      .filter(([place]) => wanted.has(place))
      .map(([place, was]) => [place, { before: was, after: wanted.get(place) }]),
  );
}

function watch(
  aws: SimulatedAws,
  places: ReadonlyMap<string, Answers>,
  check: (now: string | undefined, answers: Answers) => void,
) {
  return () => {
    for (const [place, answers] of places) {
      const [listener = '', host = ''] = place.split(' ');
      check(answer(aws, listener, host), answers);
    }
  };
}

test('while rules change, each request is answered as before or as after', () => {
  const fixedOnly = sketches(fixed);
  fc.assert(
    fc.property(fixedOnly, fixedOnly, fc.nat(20), choices, (before, after, steps, pick) => {
      const aws = new SimulatedAws(gateway);
      converge(aws, modelOf(before), { pick });
      const onStep = watch(aws, compare(before, after), (now, answers) => {
        if (answers.before !== undefined && answers.after !== undefined) {
          expect([answers.before, answers.after]).toContain(now);
        }
      });
      runPlan(aws, diff(modelOf(after), aws.observe()), { pick, steps, onStep });
      converge(aws, modelOf(after), { pick, onStep });
    }),
    { numRuns: 400 },
  );
});

test('while backends change, a request that has a rule before and after is never without one', () => {
  fc.assert(
    fc.property(anything, anything, fc.nat(20), choices, (before, after, steps, pick) => {
      const aws = new SimulatedAws(gateway);
      converge(aws, modelOf(before), { pick });
      const onStep = watch(aws, compare(before, after), (now, answers) => {
        if (answers.before !== undefined && answers.after !== undefined) expect(now).toBeDefined();
      });
      runPlan(aws, diff(modelOf(after), aws.observe()), { pick, steps, onStep });
      converge(aws, modelOf(after), { pick, onStep });
    }),
    { numRuns: 400 },
  );
});

test('a load balancer that is full of rules still comes to what is desired', () => {
  fc.assert(
    fc.property(sketches(fixed), sketches(fixed), choices, (before, after, pick) => {
      const most = (sketch: Sketch) =>
        Object.values(sketch.listeners).reduce((count, rules) => count + rules.length, 0);
      const quota = Math.max(most(before), most(after));
      const aws = new SimulatedAws(gateway, quota);
      converge(aws, modelOf(before), { pick, rulesPerLoadBalancer: quota });
      converge(aws, modelOf(after), { pick, rulesPerLoadBalancer: quota });
      expectExactly(aws, modelOf(after));
    }),
    { numRuns: 200 },
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
    { numRuns: 100 },
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
    { numRuns: 150 },
  );
});
