import { CreateLoadBalancerCommand, CreateTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { stepId } from '../diff/draft.ts';
import { LeaseLostError } from '../errors.ts';
import { resourceId } from '../model/naming.ts';
import { gatewayOwner } from '../model/owner.ts';
import { eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { executePlan } from './execute.ts';

const rig = eachTestOnAws();

const settled = { steps: [], pending: [] };

function withTargets(): void {
  rig.kept.targets = rig.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
}

function rules() {
  return [...rig.aws.world().elbv2.rules.values()].filter(({ priority }) => priority !== 'default');
}

test('a Gateway gets its load balancer, and nothing is left to do', async () => {
  withTargets();
  const controller = await rig.start();
  const model = rig.model({ services: ['api', 'web'] });
  const outcome = await controller.apply(model);
  expect(outcome).toMatchObject({ problems: [], pending: [] });
  expect(controller.plan(model)).toMatchObject(settled);
  const { elbv2 } = rig.aws.world();
  expect(elbv2.loadBalancers.size).toBe(1);
  expect(elbv2.listeners.size).toBe(1);
  expect(rules()).toHaveLength(2);
  for (const group of elbv2.targetGroups.values()) expect(group.targets.size).toBe(3);
});

test('a restarted controller finds everything and writes nothing', async () => {
  withTargets();
  const services = Array.from({ length: 90 }, (_, index) => `s${index}`);
  const model = rig.model({ services });
  const first = await rig.start();
  expect((await first.apply(model)).problems).toEqual([]);
  await first.membership.flush();
  rig.aws.calls.zero();
  const second = await rig.start();
  expect(second.plan(model)).toMatchObject(settled);
  const { reads, writes } = rig.aws.calls.counts();
  expect(writes).toBe(0);
  expect(reads).toBeLessThanOrEqual(25);
}, 120_000);

test('a controller that dies between any two calls leaks nothing: the next one goes on', async () => {
  withTargets();
  const model = rig.model({ services: ['api', 'web'] });
  let allowed = 0;
  let outcome;
  for (let round = 1; round < 40; round++) {
    allowed = round;
    const controller = await rig.start();
    const plan = controller.plan(model);
    if (plan.steps.length === 0) break;
    rig.kept.mayCall = () => {
      if (allowed-- <= 0) throw new LeaseLostError('gone');
    };
    outcome = await executePlan(plan, controller.context);
    expect(outcome.problems).toEqual([]);
    rig.kept.mayCall = () => undefined;
  }
  const { elbv2, ec2 } = rig.aws.world();
  expect(elbv2.loadBalancers.size).toBe(1);
  expect(elbv2.targetGroups.size).toBe(2);
  expect(elbv2.listeners.size).toBe(1);
  expect(rules()).toHaveLength(2);
  expect([...ec2.securityGroups.values()].filter(({ groupName }) => groupName.startsWith('gh-'))).toHaveLength(1);
});

test('a controller that knows nothing of what it made, since the tagging index lags, makes nothing twice', async () => {
  await rig.reopen({ taggingLagSeconds: 3600 });
  withTargets();
  const model = rig.model({ services: ['api', 'web'] });
  await (await rig.start()).apply(model);
  const controller = await rig.start();
  expect(controller.plan(model)).toMatchObject(settled);
});

test('a create whose answer was lost continues from what exists', async () => {
  withTargets();
  const model = rig.model({ services: ['api'] });
  // The controller's inventory is empty, so all its creates meet resources that already exist.
  const blind = await rig.start();
  const plan = blind.plan(model);
  await executePlan(plan, (await rig.start()).context);
  const outcome = await executePlan(plan, blind.context);
  expect(outcome.problems).toEqual([]);
  expect(blind.plan(model)).toMatchObject(settled);
  expect(rig.aws.world().elbv2.loadBalancers.size).toBe(1);
  expect(rules()).toHaveLength(1);
});

test('what exists under our name with another spec is changed when it turns out to be ours', async () => {
  const blind = await rig.start();
  const plan = blind.plan(rig.model({ path: '/healthz' }));
  await (await rig.start()).apply(rig.model({ path: '/' }));
  expect((await executePlan(plan, blind.context)).problems).toEqual([]);
  const [group] = rig.aws.world().elbv2.targetGroups.values();
  expect(group?.healthCheck.path).toBe('/healthz');
  expect(blind.plan(rig.model({ path: '/healthz' }))).toMatchObject(settled);
});

test("a name that a stranger's load balancer or target group has is said, and the stranger's left alone", async () => {
  const controller = await rig.start();
  const model = rig.model();
  const [Subnets, name, groupName] = [
    [...rig.seed.privateSubnetIds],
    model.resources.find(({ kind }) => kind === 'load-balancer'),
    model.resources.find(({ kind }) => kind === 'target-group'),
  ];
  if (name?.kind !== 'load-balancer' || groupName?.kind !== 'target-group') throw new Error('no load balancer');
  const { elbv2 } = controller.clients;
  await elbv2.send(new CreateLoadBalancerCommand({ Name: name.spec.name, Scheme: 'internal', Subnets }));
  const { name: Name } = groupName.spec;
  await elbv2.send(new CreateTargetGroupCommand({ Name, Protocol: 'HTTP', Port: 1, VpcId: rig.seed.vpcId }));
  const { problems } = await controller.apply(model);
  expect(problems.map(({ kind }) => kind)).toEqual(['name-taken', 'name-taken']);
  const { loadBalancers, listeners } = rig.aws.world().elbv2;
  expect([...loadBalancers.values()].map(({ tags }) => tags.size)).toEqual([0]);
  expect(listeners.size).toBe(0);
  await controller.apply(undefined);
  expect(loadBalancers.size).toBe(1);
});

test('deleting a Gateway leaves nothing, and waits for what AWS still holds', async () => {
  await rig.reopen({ releaseSeconds: 1 });
  withTargets();
  const controller = await rig.start();
  await controller.apply(rig.model());
  const first = await controller.apply(undefined);
  expect(first.problems).toEqual([]);
  expect(first.pending.length).toBeGreaterThan(0);
  expect(await controller.inventory.confirmGone(gatewayOwner(gateway))).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(await controller.apply(undefined)).toMatchObject({ problems: [], pending: [] });
  expect(await controller.inventory.confirmGone(gatewayOwner(gateway))).toBe(true);
  const { elbv2, ec2 } = rig.aws.world();
  expect(elbv2.loadBalancers.size + elbv2.targetGroups.size + elbv2.listeners.size).toBe(0);
  expect([...ec2.securityGroups.values()].filter(({ groupName }) => groupName.startsWith('gh-'))).toEqual([]);
});

test('deletion protection that the Gateway asked for goes with the Gateway', async () => {
  const controller = await rig.start();
  await controller.apply(rig.model({ attributes: { 'deletion_protection.enabled': 'true' } }));
  expect((await controller.apply(undefined)).problems).toEqual([]);
  expect(rig.aws.world().elbv2.loadBalancers.size).toBe(0);
});

test.each([
  ['AWS sets by itself', { 'routing.http2.enabled': 'true' }],
  ['AWS spells in another way', { 'idle_timeout.timeout_seconds': '0120', 'waf.fail_open.enabled': 'True' }],
  ['has no default', { 'access_logs.s3.enabled': 'true', 'access_logs.s3.bucket': 'logs' }],
  ['depends on the scheme', { 'ipv6.deny_all_igw_traffic': 'true' }],
])('deletion protection that the Gateway asked for goes also if it asked for something that %s', async (_, more) => {
  const controller = await rig.start();
  await controller.apply(rig.model({ attributes: { 'deletion_protection.enabled': 'true', ...more } }));
  expect((await controller.apply(undefined)).problems).toEqual([]);
  expect(rig.aws.world().elbv2.loadBalancers.size).toBe(0);
});

test("deletion protection that someone else has set stands, and the Gateway's status says so", async () => {
  const controller = await rig.start();
  await controller.apply(rig.model());
  const [loadBalancer] = rig.aws.world().elbv2.loadBalancers.values();
  loadBalancer?.attributes.set('deletion_protection.enabled', 'true');
  const { problems } = await controller.apply(undefined);
  expect(problems).toMatchObject([{ kind: 'cloud-refused', action: 'elasticloadbalancing:DeleteLoadBalancer' }]);
  expect(rig.aws.world().elbv2.loadBalancers.size).toBe(1);
});

test('an attribute that is no longer wanted goes back to what AWS sets by itself', async () => {
  const controller = await rig.start();
  await controller.apply(rig.model({ attributes: { 'idle_timeout.timeout_seconds': '120' } }));
  const [loadBalancer] = rig.aws.world().elbv2.loadBalancers.values();
  expect(loadBalancer?.attributes.get('idle_timeout.timeout_seconds')).toBe('120');
  await controller.apply(rig.model());
  expect(loadBalancer?.attributes.get('idle_timeout.timeout_seconds')).toBe('60');
  expect(controller.plan(rig.model())).toMatchObject(settled);
});

test('a target that AWS does not take keeps no other one out', async () => {
  const good = rig.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
  rig.kept.targets = [...good, { id: '8.8.8.8', port: 8080 }];
  const { apply, context } = await rig.start();
  expect((await apply(rig.model())).problems).toEqual([]);
  const [group] = rig.aws.world().elbv2.targetGroups.values();
  expect(context.troubles.of(group?.arn ?? '')).toMatchObject([
    { kind: 'targets-unfit', service: 'shop/api', targets: ['8.8.8.8:8080'] },
  ]);
  expect(group?.targets.size).toBe(good.length);
});

test('no call is made once the lease is lost', async () => {
  const controller = await rig.start();
  rig.aws.calls.zero();
  rig.kept.mayCall = () => {
    throw new LeaseLostError('gone');
  };
  const outcome = await controller.apply(rig.model());
  expect(outcome).toMatchObject({ done: [], problems: [] });
  expect(rig.aws.calls.counts().total).toBe(0);
});

test('cancelled steps are left for the next pass, and an earlier refusal stays reported until the next try', async () => {
  withTargets();
  const controller = await rig.start();
  const model = rig.model({ services: ['api', 'web'] });
  await controller.apply(rig.model({ services: ['api'] }));
  const plan = controller.plan(model);
  const [resource] = plan.steps.flatMap((step) => (step.kind === 'create' ? [step.resource] : []));
  if (resource === undefined) throw new Error('Expected a step');
  const refused = { kind: 'cloud-refused', resource, action: 'a', code: 'c', detail: 'd' } as const;
  rig.aws.calls.zero();
  const outcome = await executePlan(plan, {
    ...controller.context,
    recall: AbortSignal.abort(),
    problemsBefore: new Map([[resource, [refused]]]),
  });
  expect(outcome).toMatchObject({ done: [], problems: [refused], behind: ['shop'] });
  expect(rig.aws.calls.counts().total).toBe(0);
  expect(
    await executePlan(controller.plan(model), { ...controller.context, problemsBefore: outcome.problemsById }),
  ).toMatchObject({
    problems: [],
    behind: [],
  });
});

test('a namespace has its steps under way, however many another one has', async () => {
  const controller = await rig.start();
  const busy = Array.from({ length: 40 }, (_, index) => ({ namespace: 'busy', index }));
  const steps = [...busy, { namespace: 'quiet', index: 0 }].map(({ namespace, index }) => {
    const id = resourceId('rule', 'internal', 80, `${namespace}/web`, index, 0);
    return { kind: 'tag', id: stepId('tag', id), after: [], resource: id, arn: 'arn', add: {}, remove: [] } as const;
  });
  const begun: string[] = [];
  const all = Promise.withResolvers<void>();
  const outcome = executePlan(
    { steps, existing: new Map(), pending: [] },
    controller.context,
    async (_, { resource }) => {
      begun.push(resource);
      await all.promise;
      return { kind: 'done' };
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toHaveLength(9);
  expect(begun.at(-1)).toContain('quiet/web');
  all.resolve();
  expect((await outcome).done).toHaveLength(41);
});
