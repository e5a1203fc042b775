import { expect, test } from 'vitest';
import type { Pod } from './objects.ts';
import { type ContainerReport, type ContainerState, notMade, podStatus } from './status.ts';

const pod = (rest: Partial<Pod> = {}): Pod => ({
  metadata: { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '1' },
  spec: { containers: [] },
  ...rest,
});

const now = Date.parse('2026-11-23T09:00:00Z');

const container = (state: ContainerState, rest: Partial<ContainerReport> = {}): ContainerReport => ({
  ...notMade('web', 'echo', undefined),
  willRestart: false,
  state,
  ...rest,
});

const running: ContainerState = { kind: 'running', startedAt: now };
const exited = (exitCode: number): ContainerState => ({
  kind: 'terminated',
  reason: exitCode === 0 ? 'Completed' : 'Error',
  exitCode,
  startedAt: now,
  finishedAt: now,
});

const statusOf = (containers: readonly ContainerReport[], of = pod()) =>
  podStatus(of, { hostAddress: '10.0.48.4', podAddresses: ['10.0.63.130'], startedAt: now, containers }, now).status;

const conditions = (containers: readonly ContainerReport[], of = pod()) =>
  Object.fromEntries(
    statusOf(containers, of).conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );

test('a pod is Pending until each container has run once, Running while one runs or will, and then Succeeded or Failed', () => {
  const phase = (...containers: readonly ContainerReport[]) => statusOf(containers).phase;
  expect(phase(container(running), notMade('b', 'echo', undefined))).toBe('Pending');
  expect(phase(container(running), container(exited(0)))).toBe('Running');
  expect(phase(container(exited(1), { willRestart: true }))).toBe('Running');
  expect(phase(container(exited(0)))).toBe('Succeeded');
  expect(phase(container(exited(0)), container(exited(137)))).toBe('Failed');
});

test('a pod is Ready when its containers are, and its readiness gates are open', () => {
  expect(conditions([container(running)])).toMatchObject({ Ready: 'False ContainersNotReady' });
  const ready = [container(running, { ready: true })];
  expect(conditions(ready)).toMatchObject({ ContainersReady: 'True null', Ready: 'True null' });
  const gated = pod({ spec: { containers: [], readinessGates: [{ conditionType: 'example.com/lb' }] } });
  expect(conditions(ready, gated)).toMatchObject({
    ContainersReady: 'True null',
    Ready: 'False ReadinessGatesNotReady',
  });
  const open = { ...gated, status: { conditions: [{ type: 'example.com/lb', status: 'True' } as const] } };
  expect(conditions(ready, open)).toMatchObject({ Ready: 'True null' });
});

test('a condition that stays keeps the time since when it holds', () => {
  const since = '2026-11-23T08:00:00Z';
  const before = pod({ status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: since }] } });
  const timeOf = (ready: boolean) =>
    statusOf([container(running, { ready })], before).conditions.find(({ type }) => type === 'Ready')
      ?.lastTransitionTime;
  expect(timeOf(true)).toBe(since);
  expect(timeOf(false)).toBe('2026-11-23T09:00:00Z');
});

test('a pod of an image that is not there says so, and what it waits for before it is made', () => {
  const waiting: ContainerState = { kind: 'waiting', reason: 'ErrImagePull', message: 'No image "nginx" here' };
  expect(statusOf([container(waiting)]).containerStatuses).toMatchObject([
    { state: { waiting: { reason: 'ErrImagePull', message: 'No image "nginx" here' } } },
  ]);
  expect(statusOf([notMade('web', 'echo', 'Secret "tls" not found')]).containerStatuses).toMatchObject([
    { state: { waiting: { reason: 'ContainerCreating', message: 'Secret "tls" not found' } } },
  ]);
});
