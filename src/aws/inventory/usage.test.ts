import { expect, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { resourceId } from '../model/naming.ts';
import type { Forward } from '../observed.ts';
import type { ListenerRecord, OwnedRecord, TargetGroupRecord } from './records.ts';
import { Usage } from './usage.ts';

const group = (arn: string): TargetGroupRecord => ({
  kind: 'target-group',
  arn,
  id: resourceId('target-group', 'nlb-internal', arn),
  tags: {},
  name: arn,
  targetType: 'ip',
  ipAddressType: 'ipv4',
});

const listener = (forwards: readonly Forward[]): ListenerRecord => ({
  kind: 'listener',
  arn: 'listener',
  id: resourceId('listener', 'nlb-internal', 53),
  tags: {},
  loadBalancerArn: 'nlb',
  port: 53,
  protocol: 'UDP',
  forwards,
});

function usage(records: readonly OwnedRecord[]) {
  const clock = new FakeClock();
  const all = new Usage(clock, { members: () => [{ id: '10.0.0.1', port: 53 }] });
  all.update(records);
  return {
    all,
    after: async (ms: number) => {
      await clock.advance(ms);
      return all.observe(group('new'), clock.now());
    },
  };
}

const joined = [
  group('old'),
  group('new'),
  listener([
    { arn: 'old', weight: 1 },
    { arn: 'new', weight: 0 },
  ]),
];

test('an NLB waits ten minutes for a first healthy target, because AWS needs up to five to register it', async () => {
  const { after } = usage(joined);
  expect(await after(599_000)).toMatchObject({ serves: false, proven: false });
  expect(await after(1000)).toMatchObject({ proven: true });
});

test('a group has been registered for a while half a minute after AWS has shown it', async () => {
  const { all, after } = usage(joined);
  all.saw('new', { healthy: false, registered: false });
  expect((await after(60_000)).registered).toBeUndefined();
  all.saw('new', { healthy: false, registered: true });
  expect((await after(29_000)).registered).toBeUndefined();
  expect(await after(1000)).toMatchObject({ registered: true, proven: false });
});

test('what a listener forwards to is in use, and rests when the listener is gone', async () => {
  const { all, after } = usage([group('new'), listener([{ arn: 'new', weight: 1 }])]);
  expect(await after(0)).toMatchObject({ serves: true });
  expect((await after(0)).unusedSince).toBeUndefined();
  all.update([group('new')]);
  expect(await after(0)).toMatchObject({ serves: false, unusedSince: expect.any(Number) });
});
