import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from '../model/naming.ts';
import type { TargetSelection } from '../model/resources.ts';
import type { OwnedResource } from '../observed.ts';
import { Bindings } from './bindings.ts';

const gateway = objectKey({ namespace: 'shop', name: 'web' });
const service = objectKey({ namespace: 'shop', name: 'cart' });
const id = resourceId('target-group', 'cart');
const arn = 'arn:aws:elasticloadbalancing:::targetgroup/cart/1';
const group = { name: 'cart', tags: {}, targetType: 'ip', ipAddressType: 'ipv4', serves: true, proven: true };
const owned: readonly OwnedResource[] = [{ kind: 'target-group', id, arn, ...group }];

const groups = (backend: TargetSelection['backend']): readonly TargetSelection[] => [
  { id, spec: { targetType: 'instance' }, ...(backend && { backend }) },
];

const backend = {
  service,
  port: 80,
  portName: 'http',
  nodePort: 30_080,
  protocol: 'HTTP1',
  local: false,
  ipFamily: 'IPv4',
} as const;

test('a Service whose node port changes has its targets moved', () => {
  const bindings = new Bindings();
  expect(bindings.bind(gateway, groups(backend), owned)).toEqual([service]);
  expect(bindings.bind(gateway, groups(backend), owned)).toEqual([]);
  expect(bindings.bind(gateway, groups({ ...backend, nodePort: 30_081 }), owned)).toEqual([service]);
  expect(bindings.ofService(service)).toMatchObject([{ arn, group: { backend: { nodePort: 30_081 } } }]);
});

test('a Service that a route no longer names keeps its targets up to date while its group still stands', () => {
  const bindings = new Bindings();
  bindings.bind(gateway, groups(backend), owned);
  expect(bindings.bind(gateway, [], owned)).toEqual([]);
  expect(bindings.ofService(service)).toMatchObject([{ arn }]);
  bindings.bind(gateway, [], []);
  expect(bindings.ofService(service)).toEqual([]);
});

test('a Service that two Gateways serve has a group of each, until one of them goes', () => {
  const other = objectKey({ namespace: 'shop', name: 'other' });
  const otherArn = `${arn}-other`;
  const bindings = new Bindings();
  bindings.bind(gateway, groups(backend), owned);
  bindings.bind(
    other,
    groups(backend),
    owned.map((each) => ({ ...each, arn: otherArn })),
  );
  expect(bindings.ofService(service).map((binding) => binding.arn)).toEqual([arn, otherArn]);
  bindings.release(gateway);
  expect(bindings.ofService(service).map((binding) => binding.arn)).toEqual([otherArn]);
  expect(bindings.ofGateway(gateway)).toEqual([]);
  bindings.release(other);
  expect(bindings.ofService(service)).toEqual([]);
});

test('a target group that AWS does not have yet is bound to nothing, and one that never has a target to no Service', () => {
  const bindings = new Bindings();
  expect(bindings.bind(gateway, groups(backend), [])).toEqual([]);
  expect(bindings.ofGateway(gateway)).toEqual([]);
  expect(bindings.bind(gateway, groups(undefined), owned)).toEqual([]);
  expect(bindings.ofGateway(gateway)).toHaveLength(1);
  expect(bindings.ofService(service)).toEqual([]);
});

test('a Node concerns only the Services whose target groups point at nodes', () => {
  const bindings = new Bindings();
  bindings.bind(gateway, groups(backend), owned);
  expect(bindings.nodeServices()).toEqual([service]);
  const toPods = groups(backend).map((each) => ({ ...each, spec: { targetType: 'ip' as const } }));
  bindings.bind(gateway, toPods, owned);
  expect(bindings.nodeServices()).toEqual([]);
});
