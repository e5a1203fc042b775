import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { provisioned } from '../provisioned.ts';
import { diff } from './diff.ts';
import { albModel, type NetworkSketch, networkModel } from './testing/network-models.ts';
import { converge, gateway, runPlan } from './testing/resources.ts';
import { SimulatedAws } from './testing/simulated-aws.ts';

const front: NetworkSketch = { listeners: { 53: { protocol: 'TCP', to: ['dns'] } }, http: [80] };
const opening = networkModel({ ...front, handingOver: true });
const closed = networkModel(front);
const [alb, nlb] = ['internal.example', 'nlb-internal.example'];

function serving(): SimulatedAws {
  const aws = new SimulatedAws(gateway);
  converge(aws, albModel([80]));
  aws.announced = [alb];
  return aws;
}

/** One pass, and the status that it writes. */
function pass(aws: SimulatedAws, model = opening, steps = Number.POSITIVE_INFINITY) {
  const plan = diff(model, aws.observe());
  runPlan(aws, plan, { steps });
  if (steps >= plan.steps.length) {
    aws.announced = provisioned(model, aws.observe().resources, aws.announced).addresses.flatMap(
      ({ value }) => value ?? [],
    );
  }
  return plan;
}

const names = ({ steps }: ReturnType<typeof pass>) => steps.map(({ id }) => id);

const tagOfNlb = (aws: SimulatedAws) =>
  aws.observe().resources.find(({ id }) => id === 'load-balancer/nlb-internal')?.tags['gatehouse.dev/handover'];

test('an NLB becomes the address when it serves all, and then the time of the old address begins', () => {
  const aws = serving();
  // AWS may have made the NLB by the end of the pass, so the plan itself says that it is not done.
  expect(pass(aws)).toMatchObject({ pending: [{ kind: 'replacement', resource: 'load-balancer/internal' }] });
  expect([aws.announced, tagOfNlb(aws)]).toEqual([[alb], 'pending']);
  for (const entry of aws.entries.values()) {
    if (entry.owned.kind === 'load-balancer') entry.owned = { ...entry.owned, state: 'active' };
  }
  // Its targets are not healthy yet.
  expect(pass(aws)).toMatchObject({
    steps: [],
    pending: [{ kind: 'replacement' }, { kind: 'target-group-health' }, { kind: 'target-group-health' }],
  });
  expect(aws.announced).toEqual([alb]);
  aws.passTime(1000);
  expect(names(pass(aws))).toEqual([]);
  expect([aws.announced, tagOfNlb(aws)]).toEqual([[nlb], 'pending']);
  aws.passTime(1000);
  expect(names(pass(aws))).toEqual(['tag-handover load-balancer/nlb-internal']);
  expect(tagOfNlb(aws)).toBe(String(aws.now));
  expect(pass(aws)).toMatchObject({ steps: [], pending: [{ kind: 'drain', at: aws.now + 600_000 }] });
});

test('after the time of the old address, the ALB is closed, and the tag is removed', () => {
  const aws = serving();
  for (let each = 0; each < 3; each += 1) {
    pass(aws);
    aws.passTime(1000);
  }
  expect(tagOfNlb(aws)).toMatch(/^\d+$/);
  expect(names(pass(aws, closed))).toEqual([
    'set-ingress security-group/frontend',
    'tag-handover load-balancer/nlb-internal',
  ]);
  expect(diff(closed, aws.observe())).toMatchObject({ steps: [], pending: [] });
  expect(aws.announced).toEqual([nlb]);
});

test('an NLB that never became the address is deleted at once, and the ALB serves alone again', () => {
  const aws = serving();
  pass(aws);
  aws.passTime(1000);
  aws.announced = [alb];
  expect(names(pass(aws, albModel([80])))).toEqual(['set-ingress security-group/frontend']);
  expect(names(pass(aws, albModel([80])))).toEqual(
    expect.arrayContaining([expect.stringMatching(/^delete load-balancer\/nlb-internal/)]),
  );
  converge(aws, albModel([80]));
  expect(aws.observe().resources.some(({ id }) => id.includes('nlb'))).toBe(false);
});

test('an old load balancer that clients came back to is not deleted, and its time begins again when they leave', () => {
  const [before, after] = [front, { ...front, scheme: 'internet-facing' } as const].map((each) => networkModel(each));
  const aws = new SimulatedAws(gateway);
  converge(aws, before);
  runPlan(aws, diff(after, aws.observe()));
  aws.passTime(1000);
  runPlan(aws, diff(after, aws.observe()));
  aws.passTime(600_000);
  aws.announced = [nlb];
  const back = diff(after, aws.observe());
  expect(back.steps).toMatchObject([{ id: 'tag load-balancer/nlb-internal', remove: ['gatehouse.dev/replaced'] }]);
  runPlan(aws, back);
  aws.announced = ['nlb-internet-facing.example'];
  const { steps } = diff(after, aws.observe());
  expect(steps).toMatchObject([
    { id: 'tag load-balancer/nlb-internal', add: { 'gatehouse.dev/replaced': String(aws.now) } },
  ]);
});

test.each(['soon', '', 'Infinity'])('a tag with %j instead of a time is written again', (text) => {
  const aws = serving();
  const setTag = (tag: string) => {
    for (const entry of aws.entries.values()) {
      const { owned } = entry;
      if (owned.id === 'load-balancer/nlb-internal') entry.owned = { ...owned, tags: { ...owned.tags, [tag]: text } };
    }
  };
  pass(aws);
  aws.passTime(1000);
  pass(aws);
  setTag('gatehouse.dev/handover');
  aws.announced = [nlb];
  expect(pass(aws).pending).toEqual([{ kind: 'drain', resource: 'load-balancer/internal', at: aws.now + 600_000 }]);
  expect(tagOfNlb(aws)).toBe(String(aws.now));
  const open = networkModel({ ...front, scheme: 'internet-facing' });
  runPlan(aws, diff(open, aws.observe()));
  aws.passTime(1000);
  setTag('gatehouse.dev/replaced');
  aws.announced = ['nlb-internet-facing.example'];
  const { steps } = diff(open, aws.observe());
  expect(steps).toMatchObject([{ kind: 'tag', add: { 'gatehouse.dev/replaced': String(aws.now) } }]);
});

test('the old load balancer does not wait for the targets of a port that it does not have', () => {
  const listeners = { ...front.listeners, 7000: { protocol: 'TCP', to: ['dead'] } } as const;
  const after = networkModel({ listeners, http: [80], scheme: 'internet-facing' });
  const aws = new SimulatedAws(gateway);
  converge(aws, closed);
  runPlan(aws, diff(after, aws.observe()));
  aws.passTime(1000);
  const makeCold = (name: string) => {
    for (const entry of aws.entries.values()) {
      const { owned } = entry;
      if (owned.kind === 'target-group') entry.owned = { ...owned, proven: !owned.id.includes(name) };
    }
  };
  makeCold('dns');
  expect(names(diff(after, aws.observe()))).toEqual([]);
  makeCold('dead');
  expect(names(diff(after, aws.observe()))).toEqual(['tag load-balancer/nlb-internal']);
});

test('through crashes at any step, the ALB stays as it is, and the address never moves to an NLB that lacks a listener', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(8), fc.boolean()), { maxLength: 6 }), (crashes) => {
      const aws = serving();
      const before = aws.observe().resources.filter(({ id }) => /^(load-balancer|listener)\/internal/.test(id));
      const arns = before.map(({ arn }) => arn);
      for (const [steps, timePasses] of [...crashes, ...Array.from({ length: 3 }, () => [99, true] as const)]) {
        pass(aws, opening, steps);
        if (timePasses) aws.passTime(1000);
        expect([...aws.entries.keys()]).toEqual(expect.arrayContaining(arns));
        const ids = new Set<string>(aws.observe().resources.map(({ id }) => id));
        const isMoved = aws.announced?.includes(nlb) === true;
        expect(!isMoved || [53, 80].every((port) => ids.has(`listener/nlb-internal/${port}`))).toBe(true);
        expect(isMoved || [undefined, 'pending'].includes(tagOfNlb(aws))).toBe(true);
      }
      expect(aws.announced).toEqual([nlb]);
      converge(aws, closed);
    }),
    { numRuns: 40 },
  );
});
