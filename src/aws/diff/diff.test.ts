import { expect, test } from 'vitest';
import type { Model } from '../model/resources.ts';
import type { OwnedResource } from '../observed.ts';
import { diff } from './diff.ts';
import type { Plan } from './step.ts';
import { answer, converge, gateway, id, modelOf, type RuleSketch, runPlan, type Sketch } from './testing/resources.ts';
import { SimulatedAws } from './testing/simulated-aws.ts';

function running(sketch: Sketch, quota = 100): SimulatedAws {
  const aws = new SimulatedAws(gateway, quota);
  converge(aws, modelOf(sketch));
  aws.calls.length = 0;
  return aws;
}

function planOf(aws: SimulatedAws, sketch: Sketch | undefined): Plan {
  return diff(sketch === undefined ? undefined : modelOf(sketch), aws.observe());
}

/** The ids of the steps, without the ARNs in the ids of deletions. */
function names(plan: Plan): readonly string[] {
  return plan.steps.map((step) => step.id.replace(/ arn-\d+$/, ''));
}

function graph(plan: Plan): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(plan.steps.map((step) => [step.id, step.after]));
}

function fixedRules(count: number): readonly RuleSketch[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${index}`, hosts: [`host-${index}`], to: 'ok' }));
}

function fixed(name: string, host: string): RuleSketch {
  return { name, hosts: [host], to: 'ok' };
}

function edit(aws: SimulatedAws, change: (owned: OwnedResource) => OwnedResource): void {
  for (const entry of aws.entries.values()) entry.owned = change(entry.owned);
}

const api: RuleSketch = { name: 'api', hosts: ['a'], to: ['api'] };

test('a new Gateway is made with no step waiting for what it does not need', () => {
  const aws = new SimulatedAws(gateway);
  expect(
    graph(planOf(aws, { listeners: { 443: [api] }, attributes: { 'idle_timeout.timeout_seconds': '90' } })),
  ).toEqual({
    'create security-group': [],
    'set-ingress security-group': ['create security-group'],
    'create certificate/shop/web': [],
    'create load-balancer/internal': ['set-ingress security-group'],
    'set-attributes load-balancer/internal': ['create load-balancer/internal'],
    'create target-group/internal/api': [],
    'set-attributes target-group/internal/api': ['create target-group/internal/api'],
    'sync-targets target-group/internal/api': ['set-attributes target-group/internal/api'],
    'create listener/internal/443': ['create load-balancer/internal'],
    'set-certificates listener/internal/443': ['create listener/internal/443'],
    'create rule/internal/443/api': ['create listener/internal/443', 'sync-targets target-group/internal/api'],
  });
});

test('rules of a new listener are created side by side', () => {
  const plan = planOf(new SimulatedAws(gateway), { listeners: { 80: fixedRules(90) } });
  const rules = plan.steps.filter((step) => step.kind === 'create-rule');
  expect(rules).toHaveLength(90);
  expect(rules.every(({ follows = [] }) => follows.length === 0)).toBe(true);
  expect(rules.map(({ priority }) => priority).slice(0, 3)).toEqual([100, 200, 300]);
});

test('a rule put among ninety is one call', () => {
  const rules = fixedRules(90);
  const aws = running({ listeners: { 80: rules } });
  const added = fixed('new', 'new');
  const plan = planOf(aws, { listeners: { 80: rules.toSpliced(45, 0, added) } });
  expect(plan.steps).toMatchObject([{ id: 'create rule/internal/80/new', priority: 4517 }]);
});

test('a rule put before all others has a place', () => {
  const aws = running({ listeners: { 80: fixedRules(2) } });
  const plan = planOf(aws, { listeners: { 80: [fixed('new', 'new'), ...fixedRules(2)] } });
  expect(plan.steps).toMatchObject([{ kind: 'create-rule', priority: 17 }]);
});

test('another hostname for one of ninety rules changes that rule where it stands', () => {
  const rules = fixedRules(90);
  const aws = running({ listeners: { 80: rules } });
  const plan = planOf(aws, { listeners: { 80: rules.with(45, { name: '45', hosts: ['other'], to: 'ok' }) } });
  expect(names(plan)).toEqual(['change rule/internal/80/45']);
});

test('a rule that gets another hostname and another place is made anew before the old one goes', () => {
  const rules = fixedRules(90);
  const aws = running({ listeners: { 80: rules } });
  const moved = [{ name: '45', hosts: ['other'], to: 'ok' }, ...rules.toSpliced(45, 1)];
  const plan = planOf(aws, { listeners: { 80: moved } });
  expect(names(plan)).toEqual(['create rule/internal/80/45', 'delete rule/internal/80/45']);
  expect(plan.steps[1]?.after).toEqual(['create rule/internal/80/45']);
});

test('rules that only change places are moved by one call, and no more of them than must', () => {
  const rules = fixedRules(90);
  const aws = running({ listeners: { 80: rules } });
  const plan = planOf(aws, { listeners: { 80: [...rules.slice(1), ...rules.slice(0, 1)] } });
  expect(plan.steps).toMatchObject([{ kind: 'set-priorities', priorities: [{ priority: 9100 }] }]);
});

test('where ids moved on because a match was put first, the rules that are there only get other names', () => {
  const aws = running({ listeners: { 80: [fixed('0', 'a'), fixed('1', 'b')] } });
  const plan = planOf(aws, { listeners: { 80: [fixed('0', 'new'), fixed('1', 'a'), fixed('2', 'b')] } });
  expect(names(plan)).toEqual(['create rule/internal/80/0', 'tag rule/internal/80/1', 'tag rule/internal/80/2']);
});

test('where no number is left between two rules, all are numbered anew in one call before the new one comes', () => {
  const aws = running({ listeners: { 80: fixedRules(3) } });
  edit(aws, (owned) => (owned.kind === 'rule' ? { ...owned, priority: 1 + Math.floor(owned.priority / 100) } : owned));
  const [first, ...rest] = fixedRules(3);
  if (first === undefined) throw new Error('no rules');
  const sketch = { listeners: { 80: [first, fixed('new', 'new'), ...rest] } };
  const plan = planOf(aws, sketch);
  expect(names(plan)).toEqual(['set-priorities listener/internal/80', 'create rule/internal/80/new']);
  expect(plan.steps).toMatchObject([
    { priorities: [{ priority: 100 }, { priority: 300 }, { priority: 400 }] },
    { priority: 200, after: ['set-priorities listener/internal/80'] },
  ]);
  converge(aws, modelOf(sketch));
});

test('on a load balancer that has all the rules it can have, rules change in place and none is refused', () => {
  const aws = running({ listeners: { 80: fixedRules(4) } }, 4);
  const others = fixedRules(4).map((rule) => ({ ...rule, hosts: [`other-${rule.name}`] }));
  const plan = diff(modelOf({ listeners: { 80: others } }), aws.observe(), { rulesPerLoadBalancer: 4 });
  expect(plan.steps.map(({ kind }) => kind)).toEqual(['change', 'change', 'change', 'change']);
  expect(runPlan(aws, plan).size).toBe(0);
});

test('a backend that replaces another joins its rule with no traffic, and takes over when it is healthy', () => {
  const aws = running({ listeners: { 80: [api] } });
  const sketch = { listeners: { 80: [{ ...api, to: ['cart'] }] } };
  const first = planOf(aws, sketch);
  expect(names(first)).toEqual([
    'create target-group/internal/cart',
    'set-attributes target-group/internal/cart',
    'sync-targets target-group/internal/cart',
    'warm rule/internal/80/api',
  ]);
  expect(first.pending).toContainEqual({ kind: 'target-group-health', resource: 'target-group/internal/cart' });
  runPlan(aws, first);
  expect(planOf(aws, sketch).steps).toEqual([]);
  expect(answer(aws, 'listener/internal/80', 'a')).toBe('target-group/internal/api');
  aws.passTime(10_000);
  expect(names(planOf(aws, sketch))).toEqual(['change rule/internal/80/api']);
  runPlan(aws, planOf(aws, sketch));
  expect(answer(aws, 'listener/internal/80', 'a')).toBe('target-group/internal/cart');
});

test('a backend that goes back before its successor was healthy leaves nothing of that successor', () => {
  const aws = running({ listeners: { 80: [api] } });
  runPlan(aws, planOf(aws, { listeners: { 80: [{ ...api, to: ['cart'] }] } }));
  expect(names(planOf(aws, { listeners: { 80: [api] } }))).toEqual(['change rule/internal/80/api']);
  converge(aws, modelOf({ listeners: { 80: [api] } }));
  expect(aws.observe().resources.filter(({ kind }) => kind === 'target-group')).toHaveLength(1);
});

test('a backend that finds no place beside five others takes over at once', () => {
  const five = ['b1', 'b2', 'b3', 'b4', 'b5'];
  const aws = running({ listeners: { 80: [{ ...api, to: five }] } });
  const plan = planOf(aws, { listeners: { 80: [{ ...api, to: ['cart'] }] } });
  expect(names(plan)).toContain('change rule/internal/80/api');
});

test('while a successor is not healthy, no rule that it may stand for goes', () => {
  const b = { name: 'b', hosts: ['b'], to: ['api'] };
  const aws = running({ listeners: { 80: [api, b] } });
  const plan = planOf(aws, { listeners: { 80: [{ name: 'api', hosts: ['a', 'b'], to: ['cart'] }] } });
  expect(plan.steps.filter(({ kind }) => kind === 'delete')).toEqual([]);
});

test('a target group that no rule needs rests for its drain time, then goes', () => {
  const aws = running({ listeners: { 80: [api, { name: 'b', hosts: ['b'], to: ['cart'] }] } });
  const sketch = { listeners: { 80: [api] } };
  const first = planOf(aws, sketch);
  expect(names(first)).toEqual(['delete rule/internal/80/b']);
  expect(first.pending).toEqual([{ kind: 'drain', resource: 'target-group/internal/cart', at: aws.now + 300_000 }]);
  runPlan(aws, first);
  aws.passTime(299_999);
  expect(planOf(aws, sketch)).toMatchObject({ steps: [], pending: [{ kind: 'drain', at: aws.now + 1 }] });
  aws.passTime(1);
  expect(planOf(aws, sketch)).toMatchObject({ steps: [{ kind: 'delete' }], pending: [] });
});

test('a backend returns while its group is unused: its targets are updated before the group serves', () => {
  const both = { listeners: { 80: [api, { name: 'b', hosts: ['b'], to: ['cart'] }] } };
  const aws = running(both);
  runPlan(aws, planOf(aws, { listeners: { 80: [api] } }));
  expect(graph(planOf(aws, both))).toEqual({
    'sync-targets target-group/internal/cart': [],
    'create rule/internal/80/b': ['sync-targets target-group/internal/cart'],
  });
});

test('a Gateway that is deleted takes its listeners and rules along, and one target group finds out when the others may go', () => {
  const aws = running({ listeners: { 80: [{ ...api, to: ['api', 'cart', 'shop'] }], 443: [] } });
  const plan = planOf(aws, undefined);
  expect(names(plan)).toEqual([
    'delete load-balancer/internal',
    'delete target-group/internal/api',
    'delete target-group/internal/cart',
    'delete target-group/internal/shop',
    'delete security-group',
  ]);
  const [loadBalancer, canary, second, third, group] = plan.steps;
  expect(canary?.after).toEqual([loadBalancer?.id]);
  expect(second?.after).toEqual([canary?.id]);
  expect(third?.after).toEqual([canary?.id]);
  expect(group?.after).toEqual([loadBalancer?.id]);
  runPlan(aws, plan);
  expect(aws.calls.map(({ resource }) => resource)).toEqual([
    'load-balancer/internal',
    'target-group/internal/api',
    'security-group',
  ]);
  expect(planOf(aws, undefined).steps).toHaveLength(4);
});

test('a Gateway without listeners has nothing in AWS', () => {
  const aws = running({ listeners: { 80: [api] } });
  const empty: Model = { gateway, resources: [] };
  converge(aws, empty);
  expect(aws.observe().resources.map(({ kind }) => kind)).toEqual(['certificate']);
});

test('a load balancer of another scheme serves before the old one goes', () => {
  const aws = running({ listeners: { 80: [api] } });
  const sketch: Sketch = { scheme: 'internet-facing', listeners: { 80: [api] } };
  const first = planOf(aws, sketch);
  expect(first.steps.filter(({ kind }) => kind === 'delete')).toEqual([]);
  expect(first.pending).toContainEqual({ kind: 'replacement', resource: 'load-balancer/internal' });
  runPlan(aws, first);
  expect(planOf(aws, sketch)).toMatchObject({ steps: [], pending: [{ kind: 'replacement' }, { kind: 'drain' }] });
  aws.passTime(60_000);
  expect(names(planOf(aws, sketch))).toEqual(['delete load-balancer/internal', 'delete target-group/internal/api']);
});

test('a tenant that never stops changing does not keep a replaced load balancer', () => {
  const busy = (says: string): RuleSketch => ({ name: 'busy/web/0/0', hosts: ['b'], to: says });
  const aws = running({ listeners: { 80: [api, busy('0')] } });
  const sketch = (says: string): Sketch => ({
    scheme: 'internet-facing',
    listeners: { 80: [api, busy(says)] },
  });
  runPlan(aws, planOf(aws, sketch('1')));
  aws.passTime(60_000);
  const plan = (behind: readonly string[]) =>
    names(diff(modelOf(sketch('2')), aws.observe(), { behind: new Set(behind) }));
  expect(plan([])).not.toContain('delete load-balancer/internal');
  expect(plan(['busy'])).toContain('delete load-balancer/internal');
  // If the rules of `shop` were recalled, too, the new load balancer may lack them. So the old one stays.
  const fresh = new SimulatedAws(gateway);
  converge(fresh, modelOf({ listeners: { 80: [api, busy('0')] } }));
  expect(names(diff(modelOf(sketch('1')), fresh.observe(), { behind: new Set(['busy', 'shop']) }))).not.toContain(
    'delete load-balancer/internal',
  );
});

test('rules of different hosts change side by side, each by one call', () => {
  const aws = running({ listeners: { 80: [fixed('0', 'a'), fixed('1', 'b'), fixed('2', 'c')] } });
  const plan = planOf(aws, { listeners: { 80: [fixed('0', 'd'), fixed('1', 'b'), fixed('2', 'e')] } });
  expect(plan.steps).toMatchObject([
    { id: 'change rule/internal/80/0', follows: [] },
    { id: 'change rule/internal/80/2', follows: [] },
  ]);
});

test('rules that may answer the same request change in their order, beside the old ones', () => {
  const wide = (name: string, to: string): RuleSketch => ({ name, hosts: ['a', 'b'], to });
  const aws = running({ listeners: { 80: [fixed('0', 'a'), wide('1', 'x')] } });
  const plan = planOf(aws, { listeners: { 80: [fixed('0', 'b'), wide('1', 'y')] } });
  expect(plan.steps.map(({ kind }) => kind)).toEqual(['create-rule', 'create-rule', 'delete', 'delete']);
  expect(plan.steps[1]?.follows).toEqual([plan.steps[0]?.id]);
});

test('nobody waits for the rules of a namespace for which there was no time', () => {
  const busy = (name: string, says: string): RuleSketch => ({
    name: `busy/${name}/0/0`,
    hosts: ['a', 'b'],
    to: says,
  });
  const sketch = (says: string): Sketch => ({
    listeners: { 80: [busy('0', says), busy('1', says), { name: 'quiet/web/0/0', hosts: ['a'], to: says }] },
  });
  const aws = running(sketch('old'));
  const followed = (behind: readonly string[]) =>
    diff(modelOf(sketch('new')), aws.observe(), { behind: new Set(behind) }).steps.find(
      ({ id: step }) => step === 'create rule/internal/80/quiet/web/0/0',
    )?.follows;
  expect(followed([])).toHaveLength(2);
  expect(followed(['busy'])).toEqual([]);
});

test('a listener on another port serves before the old one goes', () => {
  const aws = running({ listeners: { 80: [api] } });
  const plan = planOf(aws, { listeners: { 8080: [api] } });
  expect(names(plan)).toEqual([
    'set-ingress security-group',
    'create listener/internal/8080',
    'create rule/internal/8080/api',
    'delete listener/internal/80',
  ]);
  expect(plan.steps.at(-1)?.follows).toContain('create rule/internal/8080/api');
});

test('a load balancer that failed goes before another takes its name', () => {
  const aws = running({ listeners: { 80: [api] } });
  edit(aws, (owned) => (owned.kind === 'load-balancer' ? { ...owned, state: 'failed' } : owned));
  const plan = planOf(aws, { listeners: { 80: [api] } });
  expect(names(plan)).toEqual([
    'delete load-balancer/internal',
    'create load-balancer/internal',
    'create listener/internal/80',
    'create rule/internal/80/api',
  ]);
  expect(plan.steps[1]?.after).toEqual([plan.steps[0]?.id]);
});

test('attributes that were never set cost no call, and attributes that the user removes are reset', () => {
  const aws = running({ listeners: { 80: [] }, attributes: { 'idle_timeout.timeout_seconds': '90' } });
  const bare = { listeners: { 80: [] } };
  expect(planOf(aws, bare).steps).toMatchObject([{ kind: 'set-attributes', fresh: false }]);
  converge(aws, modelOf(bare));
  expect(planOf(aws, bare).steps).toEqual([]);
  expect(names(planOf(new SimulatedAws(gateway), bare))).not.toContain('set-attributes load-balancer/internal');
});

test('tags that the user removes are removed, and tags that someone added by hand stay', () => {
  const aws = running({ listeners: { 80: [] }, tags: { team: 'shop', stage: 'live' } });
  edit(aws, (owned) => ({ ...owned, tags: { ...owned.tags, billing: 'by hand' } }));
  const sketch = { listeners: { 80: [] }, tags: { team: 'web' } };
  converge(aws, modelOf(sketch));
  const loadBalancer = aws.observe().resources.find(({ kind }) => kind === 'load-balancer');
  expect(loadBalancer?.tags).toMatchObject({ team: 'web', billing: 'by hand' });
  expect(loadBalancer?.tags).not.toHaveProperty('stage');
});

test("a user's tag can't pass for one of ours", () => {
  const sketch = { listeners: { 80: [] }, tags: { 'gatehouse.dev/cluster-uid': 'mine', 'aws:x': 'y' } };
  const plan = planOf(new SimulatedAws(gateway), sketch);
  const create = plan.steps.find(({ id: step }) => step === 'create load-balancer/internal');
  expect(create).toMatchObject({ tags: { 'gatehouse.dev/spec': expect.any(String) } });
  expect(Object.keys(create !== undefined && 'tags' in create ? create.tags : {})).toEqual(['gatehouse.dev/spec']);
});

test('a rule that is there twice after a crash is there once again, and the right one stays', () => {
  const aws = running({ listeners: { 80: [api] } });
  const right = aws.observe().resources.find(({ kind }) => kind === 'rule');
  if (right?.kind !== 'rule') throw new Error('no rule');
  const { spec } = aws.entries.get(right.arn) ?? {};
  if (spec === undefined) throw new Error('no spec');
  const stale = { ...right, arn: 'arn-0', priority: 1, tags: { ...right.tags, 'gatehouse.dev/spec': 'old' } };
  aws.entries.set('arn-0', { owned: stale, spec, registered: false });
  expect(planOf(aws, { listeners: { 80: [api] } }).steps).toMatchObject([
    { kind: 'delete', existing: { arn: 'arn-0' } },
  ]);
});

test('a rule that AWS refuses keeps no other rule from coming or going', () => {
  const rules = fixedRules(3);
  const aws = running({ listeners: { 80: rules } });
  const bad = { name: 'bad', hosts: ['bad'], to: 'ok' };
  const good = { name: 'good', hosts: ['good'], to: 'ok' };
  const plan = planOf(aws, { listeners: { 80: [bad, good, ...rules.slice(1)] } });
  const failed = runPlan(aws, plan, { refuses: (step) => step.resource === id('rule/internal/80/bad') });
  expect([...failed]).toEqual(['create rule/internal/80/bad']);
  expect(answer(aws, 'listener/internal/80', 'good')).toBe('ok');
  expect(answer(aws, 'listener/internal/80', 'host-0')).toBeUndefined();
});

test('a certificate that AWS refuses is left out alone: its listener comes with another one', () => {
  const aws = new SimulatedAws(gateway);
  const plan = planOf(aws, { listeners: { 80: [api], 443: [api] } });
  const failed = runPlan(aws, plan, {
    refuses: (step) => step.kind === 'create' && step.desired.kind === 'certificate',
  });
  expect([...failed]).toEqual(['create certificate/shop/web']);
  // The result is not as desired, so the next pass corrects it.
  expect(names(planOf(aws, { listeners: { 80: [api], 443: [api] } }))).toEqual([
    'create certificate/shop/web',
    'change listener/internal/443',
  ]);
});

test('a certificate that had to be imported under another ARN is switched to by its listener, once', () => {
  const sketch = { listeners: { 443: [] } };
  const aws = running(sketch);
  const old = aws.observe().resources.find(({ kind }) => kind === 'certificate');
  const entry = old === undefined ? undefined : aws.entries.get(old.arn);
  if (old === undefined || entry === undefined) throw new Error('no certificate');
  aws.entries.set('arn-new', { ...entry, owned: { ...old, arn: 'arn-new' } });
  entry.owned = { ...old, tags: { ...old.tags, 'gatehouse.dev/spec': 'old' } };
  expect(names(planOf(aws, sketch))).toEqual(['change listener/internal/443']);
  expect(planOf(aws, sketch).existing.get(old.id)).toBe('arn-new');
  runPlan(aws, planOf(aws, sketch));
  expect(planOf(aws, sketch).steps).toEqual([]);
  aws.entries.delete(old.arn);
  expect(planOf(aws, sketch).steps).toEqual([]);
});

test('a rule that would take the requests of a new gate waits for it: refused, it would let them in', () => {
  const aws = running({ listeners: { 443: [fixed('other', 'b')] } });
  const { gateway: key, resources } = modelOf({ listeners: { 443: [fixed('gate', 'a'), fixed('wide', 'a')] } });
  const gates = [id('rule/internal/443/gate')];
  const model: Model = {
    gateway: key,
    resources: resources.map((each) => (each.kind === 'rule' && each.id.endsWith('wide') ? { ...each, gates } : each)),
  };
  const plan = diff(model, aws.observe());
  expect(graph(plan)['create rule/internal/443/wide']).toEqual(['create rule/internal/443/gate']);
  runPlan(aws, plan, { pick: () => 0, refuses: ({ id: step }) => step === 'create rule/internal/443/gate' });
  expect(answer(aws, id('listener/internal/443'), 'a')).toBeUndefined();
});

test('target groups that a kept rule forwards to stay as they stand', () => {
  const aws = running({ listeners: { 443: [api] } });
  const model = modelOf({ listeners: { 443: [api] } });
  const kept: Model = {
    gateway,
    resources: model.resources.filter(({ kind }) => kind !== 'target-group'),
    standing: [{ id: id('target-group/internal/api'), spec: { targetType: 'ip' } }],
  };
  expect(names(diff(kept, aws.observe()))).toEqual([]);
});
