import { beforeEach, expect, test } from 'vitest';
import { readFaultPlan } from '../../../localstack/aws/faults/plan.ts';
import { objectKey } from '../../kube/object.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { AwsError } from '../errors.ts';
import type { Target } from '../model/targets.ts';
import { type Controller, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { syncTargets, type TargetsContext } from './sync-targets.ts';
import { TargetRefusals } from './target-refusals.ts';

const rig = eachTestOnAws();
beforeEach(async () => {
  rig.kept.targets = targets(300);
});

const targets = (count: number): readonly Target[] =>
  Array.from({ length: count }, (_, index) => ({ id: `10.0.${48 + (index >> 8)}.${index & 255}`, port: 8080 }));

const backend = {
  service: objectKey({ namespace: 'shop', name: 'api' }),
  port: 80,
  portName: '',
  protocol: 'HTTP1',
  local: false,
  ipFamily: 'IPv4',
} as const;

function arnOf({ inventory }: Controller): string {
  const group = inventory.owned(gateway).find(({ kind }) => kind === 'target-group');
  if (group === undefined) throw new Error('no target group');
  return group.arn;
}

const sync = (controller: Controller, count: number) =>
  syncTargets(controller.context, { arn: arnOf(controller) }, targets(count));

/** The targets in AWS, as `address:port`, with ` all` if they were registered for all zones. */
const registered = (): readonly string[] =>
  [...rig.aws.world().elbv2.targetGroups.values()].flatMap((group) =>
    [...group.targets.values()].flatMap(({ id, port, drainingUntil, availabilityZone }) =>
      drainingUntil === undefined ? `${id}:${port}${availabilityZone === 'all' ? ' all' : ''}` : [],
    ),
  );

const register = 'elasticloadbalancing:RegisterTargets';
const deregister = 'elasticloadbalancing:DeregisterTargets';

/** A controller with one empty target group, and a clock that the test sets. */
async function start(more: Partial<TargetsContext> = {}) {
  rig.kept.targets = [];
  const controller = await rig.start();
  await controller.apply(rig.model());
  const clock = new FakeClock();
  const context = { ...controller.context, refusals: new TargetRefusals(clock), ...more };
  const arn = arnOf(controller);
  rig.aws.calls.zero();
  return {
    controller,
    clock,
    context,
    sync: (desired: readonly Target[]) => syncTargets(context, { arn, backend }, desired),
    troubles: () => context.troubles.of(arn),
    calls: () => {
      const counted = rig.aws.calls.counts().byAction;
      rig.aws.calls.zero();
      return counted;
    },
  };
}

/** Refuses calls that register a bad target, with a message that names no target. */
function refuse({ clients }: Controller, isBad: (id: string) => boolean): { calls: number } {
  const counted = { calls: 0 };
  clients.elbv2.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        if (commandName !== 'RegisterTargetsCommand' || !('Targets' in args.input)) return next(args);
        counted.calls += 1;
        if ((args.input.Targets ?? []).every(({ Id }) => !isBad(Id ?? ''))) return next(args);
        throw new AwsError({ action: register, code: 'ValidationError', kind: 'invalid', detail: 'no good' });
      },
    { step: 'initialize', name: 'refuses' },
  );
  return counted;
}

test('one pod more costs one call, one pod less another, and no read', async () => {
  const controller = await rig.start();
  await controller.apply(rig.model());
  rig.aws.calls.zero();
  await sync(controller, 301);
  await sync(controller, 300);
  await sync(controller, 300);
  expect(rig.aws.calls.counts().byAction).toEqual({ [deregister]: 1, [register]: 1 });
});

test('after a restart only what has changed is read', async () => {
  const first = await rig.start();
  await first.apply(rig.model());
  await first.membership.flush();
  const second = await rig.start();
  rig.aws.calls.zero();
  await sync(second, 300);
  expect(rig.aws.calls.counts().total).toBe(0);
  const third = await rig.start();
  rig.aws.calls.zero();
  await sync(third, 299);
  expect(rig.aws.calls.counts().byAction).toEqual({
    [deregister]: 1,
    'elasticloadbalancing:DescribeTargetHealth': 1,
  });
});

test('losing what was kept costs reads, and never a target', async () => {
  await (await rig.start()).apply(rig.model());
  rig.kept.hashes = {};
  const controller = await rig.start();
  await sync(controller, 300);
  const [group] = rig.aws.world().elbv2.targetGroups.values();
  expect(group?.targets.size).toBe(300);
});

test('a machine of a peered VPC or on premises is registered for all zones, and deregistered again', async () => {
  const { sync: apply, calls } = await start();
  const outside = ['10.9.1.5', '192.168.7.7', '100.64.0.9'].map((id) => ({ id, port: 80 }));
  await apply([...outside, { id: '10.0.48.7', port: 80 }]);
  expect(registered().toSorted()).toEqual([
    '10.0.48.7:80',
    '10.9.1.5:80 all',
    '100.64.0.9:80 all',
    '192.168.7.7:80 all',
  ]);
  await apply([]);
  expect(registered()).toEqual([]);
  expect(calls()).toEqual({ [register]: 1, [deregister]: 1 });
});

test('after a restart a target outside the VPC is not registered again', async () => {
  const first = await rig.start();
  await first.apply(rig.model());
  const outside = [{ id: '10.9.1.5', port: 80 }];
  await syncTargets(first.context, { arn: arnOf(first) }, outside);
  rig.kept.hashes = {};
  const second = await rig.start();
  rig.aws.calls.zero();
  await syncTargets(second.context, { arn: arnOf(second) }, outside);
  expect(rig.aws.calls.counts().byAction).toEqual({ 'elasticloadbalancing:DescribeTargetHealth': 1 });
});

test('a target that AWS surely refuses costs no call, and is reported', async () => {
  const { sync: apply, calls, troubles } = await start();
  const bad = Array.from({ length: 200 }, (_, index) => ({ id: `8.8.4.${index}`, port: 80 }));
  expect(await apply([{ id: '10.0.48.7', port: 80 }, ...bad, { id: '169.254.1.1', port: 80 }])).toEqual({});
  expect(registered()).toEqual(['10.0.48.7:80']);
  expect(calls()).toEqual({ [register]: 1 });
  const unfit = [...bad.map(({ id }) => `${id}:80`), '169.254.1.1:80'];
  expect(troubles()).toEqual([{ kind: 'targets-unfit', service: 'shop/api', targets: unfit }]);
  await apply([{ id: '10.0.48.7', port: 80 }]);
  expect(troubles()).toEqual([]);
});

test('a subnet that was made since is looked up before an address is taken for none of the VPC', async () => {
  const ages: (number | undefined)[] = [];
  const { sync: apply } = await start({
    where: (maxAgeMs) => {
      ages.push(maxAgeMs);
      return Promise.resolve(() => (maxAgeMs === undefined ? 'public' : 'inside'));
    },
  });
  await apply([{ id: '10.0.48.7', port: 80 }]);
  expect(registered()).toEqual(['10.0.48.7:80']);
  await apply([{ id: '10.0.48.7', port: 80 }]);
  expect(ages).toEqual([undefined, 60_000, undefined]);
});

test('targets that AWS names are left out with a call or two; the others are registered', async () => {
  const { sync: apply, calls, troubles } = await start({ where: () => Promise.resolve(() => 'inside') });
  const good = targets(300).slice(10, 290);
  const bad = ['8.8.8.8', '9.9.9.9'].map((id) => ({ id, port: 80 }));
  expect(await apply([...bad, ...good])).toEqual({ retryAfterMs: 15_000 });
  expect(registered()).toHaveLength(good.length);
  expect(calls()).toEqual({ [register]: 4 });
  expect(troubles()).toMatchObject([{ kind: 'targets-refused', targets: ['8.8.8.8:80', '9.9.9.9:80'] }]);
});

test('a bad target that AWS does not name is found by halves, in a few rounds', async () => {
  const { controller, clock, sync: apply, troubles } = await start();
  const desired = targets(200).slice(10);
  const counted = refuse(controller, (id) => id === '10.0.48.77');
  await apply(desired);
  expect(counted.calls).toBeLessThanOrEqual(9);
  expect(registered().length).toBeGreaterThan(100);
  for (let minute = 0; minute < 3; minute += 1) {
    await clock.advance(60_000);
    await apply(desired);
  }
  expect(registered()).toHaveLength(desired.length - 1);
  expect(troubles()).toMatchObject([{ kind: 'targets-refused', targets: ['10.0.48.77:8080'] }]);
});

test('hundreds of targets that AWS refuses are tried ever more rarely, and keep no other one out or in', async () => {
  const { controller, clock, sync: apply, troubles } = await start();
  const bad = targets(230).slice(30);
  const [gone, fresh] = [
    { id: '10.0.64.1', port: 8080 },
    { id: '10.0.64.2', port: 8080 },
  ];
  await apply([gone]);
  const ids = new Set(bad.map(({ id }) => id));
  const counted = refuse(controller, (id) => ids.has(id));
  await apply(bad);
  expect(registered()).toEqual([]);
  expect(counted.calls).toBeLessThanOrEqual(9);
  expect(troubles()?.flatMap((trouble) => ('targets' in trouble ? trouble.targets : []))).toHaveLength(200);
  // The next pod of the same Service is registered with one call.
  counted.calls = 0;
  const end = await apply([...bad, fresh]);
  expect(counted.calls).toBe(1);
  expect(registered()).toEqual(['10.0.64.2:8080']);
  expect(end.retryAfterMs).toBe(15_000);
  // Passes during one hour, each at the time that the last pass asked for.
  let [rounds, at] = [0, 0];
  for (let wait = end.retryAfterMs ?? 0; at < 3_600_000; rounds += 1) {
    await clock.advance(wait);
    at += wait;
    wait = (await apply([...bad, fresh])).retryAfterMs ?? 3_600_000;
  }
  expect(rounds).toBeLessThan(15);
  expect(counted.calls).toBeLessThan(100);
});

test('a target that AWS takes after all is registered when its time has come', async () => {
  const { controller, clock, sync: apply, troubles } = await start();
  let isBad = true;
  refuse(controller, (id) => isBad && id === '10.0.48.77');
  await apply([{ id: '10.0.48.77', port: 80 }]);
  isBad = false;
  await apply([{ id: '10.0.48.77', port: 80 }]);
  expect(registered()).toEqual([]);
  await clock.advance(15_000);
  expect(await apply([{ id: '10.0.48.77', port: 80 }])).toEqual({});
  expect(registered()).toEqual(['10.0.48.77:80']);
  expect(troubles()).toEqual([]);
});

test('who is gone is deregistered though the others can’t be registered, and what was done is remembered', async () => {
  const { sync: apply, calls } = await start();
  const [gone, fresh] = [
    { id: '10.0.48.1', port: 80 },
    { id: '10.0.48.2', port: 80 },
  ];
  await apply([gone]);
  const denied = { kind: 'error', action: 'RegisterTargets', status: 403, code: 'AccessDenied' };
  rig.aws.faults.set(readFaultPlan({ rules: [denied] }));
  await expect(apply([fresh])).rejects.toMatchObject({ kind: 'access-denied' });
  expect(registered()).toEqual([]);
  rig.aws.faults.set(readFaultPlan({}));
  calls();
  await apply([fresh]);
  expect(calls()).toEqual({ [register]: 1 });
});
