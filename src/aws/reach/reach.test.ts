import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { whereabouts } from '../model/addresses.ts';
import { DEFAULT_HEALTH_CHECK } from '../model/health-checks.ts';
import { resourceId } from '../model/naming.ts';
import type { HealthCheck } from '../model/resources.ts';
import type { Carried, Found } from './carriers.ts';
import { carriedOf, needOf } from './reach.ts';

const service = objectKey({ namespace: 'shop', name: 'api' });
const backend = { service, port: 80, portName: '', protocol: 'HTTP1', local: false, ipFamily: 'IPv4' } as const;
const group = (targetType: 'ip' | 'instance') => ({
  id: resourceId('target-group', 'internal', targetType),
  backend,
  spec: { targetType },
});
const where = whereabouts(['10.0.48.0/20']);
const instances: Readonly<Record<string, string>> = { one: 'i-1' };

const found: Readonly<Record<string, Found>> = {
  'i-1': { kind: 'group', groupId: 'sg-node' },
  '10.0.48.1': { kind: 'group', groupId: 'sg-node' },
  '10.0.48.2': { kind: 'group', groupId: 'sg-pod' },
  '10.0.48.3': { kind: 'unclear', carrier: 'eni-3', groups: ['sg-a', 'sg-b'] },
  '10.0.48.4': { kind: 'unclear', carrier: 'eni-4', groups: ['sg-a', 'sg-b'] },
  '10.0.48.5': { kind: 'unknown', isSure: true, retryAt: 9000 },
  '10.0.48.6': { kind: 'unknown', isSure: true, retryAt: 5000 },
  '10.0.48.7': { kind: 'unknown', isSure: true },
};
const find = ({ id }: Carried): Found => found[id] ?? { kind: 'unknown', isSure: false };

const needed = (targetType: 'ip' | 'instance', ...ids: readonly string[]) => {
  const members = ids.map((id) => ({ id, port: 8080, node: 'one' }));
  const carried = carriedOf(group(targetType), members, (node) => instances[node], where);
  return needOf(group(targetType), carried, find, 'demo');
};

test('each target is reached through the group that it is behind, at each port once', () => {
  const reach = (groupId: string) => ({ groupId, protocol: 'tcp', port: 8080 });
  expect(needed('ip', '10.0.48.1', '10.0.48.1', '10.0.48.2')).toMatchObject({
    service,
    reaches: [reach('sg-node'), reach('sg-pod')],
    troubles: [],
    complete: true,
  });
  expect(needed('instance', 'i-1').reaches).toEqual([{ groupId: 'sg-node', protocol: 'tcp', port: 8080 }]);
});

test('what is outside the VPC has no group that could be opened', () => {
  const none = { reaches: [], troubles: [], complete: true };
  expect(needed('ip', '10.9.1.5', '192.168.7.7', '8.8.8.8')).toMatchObject(none);
});

test('an address is looked for on the instance of its Node', () => {
  const members = [
    { id: '10.0.48.1', port: 80, node: 'one' },
    { id: '10.0.48.2', port: 80, node: 'fargate' },
    { id: '10.0.48.3', port: 80 },
  ];
  const carried = carriedOf(group('ip'), members, (node) => instances[node], where);
  expect(carried.map(({ id, host }) => [id, host])).toEqual([
    ['10.0.48.1', 'i-1'],
    ['10.0.48.2', undefined],
    ['10.0.48.3', undefined],
  ]);
});

test('what EC2 does not show at first is no trouble yet', () => {
  expect(needed('ip', '10.0.48.9')).toMatchObject({ reaches: [], troubles: [], complete: false });
});

test('if it is not known which group to open, that is reported once for all backends alike', () => {
  expect(needed('ip', '10.0.48.1', '10.0.48.3', '10.0.48.4', '10.0.48.5', '10.0.48.6', '10.0.48.7')).toMatchObject({
    reaches: [{ groupId: 'sg-node' }],
    retryAt: 5000,
    troubles: [
      { kind: 'targets-group-unclear', groups: ['sg-a', 'sg-b'], tag: 'kubernetes.io/cluster/demo' },
      { kind: 'targets-not-located', targets: ['10.0.48.5:8080', '10.0.48.6:8080', '10.0.48.7:8080'] },
    ],
  });
});

const check = (port: string): HealthCheck => ({ ...DEFAULT_HEALTH_CHECK, port });

/** The needed ports of a target at port 53. */
function portsOf(healthCheck: HealthCheck, transport?: 'UDP' | 'TCP_UDP'): readonly string[] {
  const spec = { targetType: 'instance', healthCheck } as const;
  const selected = { ...group('instance'), spec, backend: { ...backend, ...(transport && { transport }) } };
  const { reaches } = needOf(selected, [{ id: 'i-1', port: 53 }], find, 'demo');
  return reaches.map(({ protocol, port }) => `${protocol} ${port}`);
}

test('targets are reached at the port of their health check too, where that is another one', () => {
  expect(portsOf(check('traffic-port'))).toEqual(['tcp 53']);
  expect(portsOf(check('30202'))).toEqual(['tcp 53', 'tcp 30202']);
});

test('targets of UDP are reached by UDP, and by TCP at the port of their health check, if it has one', () => {
  expect(portsOf(check('traffic-port'), 'UDP')).toEqual(['udp 53']);
  expect(portsOf(check('53'), 'UDP')).toEqual(['udp 53', 'tcp 53']);
  expect(portsOf(check('8181'), 'UDP')).toEqual(['udp 53', 'tcp 8181']);
});

test('targets of both protocols are reached by both, and at the port of their health check', () => {
  expect(portsOf(check('traffic-port'), 'TCP_UDP')).toEqual(['tcp 53', 'udp 53']);
  expect(portsOf(check('8181'), 'TCP_UDP')).toEqual(['tcp 53', 'udp 53', 'tcp 8181']);
});
