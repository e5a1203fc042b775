import { expect, test } from 'vitest';
import { resourceId } from '../aws/model/naming.ts';
import type { Model, TargetGroupResource } from '../aws/model/resources.ts';
import type { OwnedResource } from '../aws/observed.ts';
import { objectKey } from '../kube/object.ts';
import { Bindings } from './bindings.ts';

const gateway = objectKey({ namespace: 'shop', name: 'web' });
const service = objectKey({ namespace: 'shop', name: 'cart' });
const id = resourceId('target-group', 'cart');
const arn = 'arn:aws:elasticloadbalancing:::targetgroup/cart/1';
const owned: readonly OwnedResource[] = [{ kind: 'target-group', id, arn, name: 'cart', tags: {}, ready: true }];

const model = (backend: TargetGroupResource['backend']): Model => ({
  gateway,
  resources: [
    {
      kind: 'target-group',
      id,
      spec: {
        name: 'cart',
        targetType: 'instance',
        protocol: 'HTTP',
        protocolVersion: 'HTTP1',
        port: 80,
        vpcId: 'vpc-1',
        ipAddressType: 'ipv4',
        healthCheck: {
          protocol: 'HTTP',
          path: '/',
          port: 'traffic-port',
          intervalSeconds: 15,
          timeoutSeconds: 5,
          healthyThreshold: 2,
          unhealthyThreshold: 2,
          matcher: { httpCode: '200' },
        },
      },
      attributes: {},
      ...(backend && { backend }),
      tags: {},
    },
  ],
});

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
  expect(bindings.bind(gateway, model(backend), owned)).toEqual([service]);
  expect(bindings.bind(gateway, model(backend), owned)).toEqual([]);
  expect(bindings.bind(gateway, model({ ...backend, nodePort: 30_081 }), owned)).toEqual([service]);
  expect(bindings.ofService(service)).toMatchObject([{ arn, group: { backend: { nodePort: 30_081 } } }]);
});

test('a Service that a route no longer names keeps its targets up to date while its group still stands', () => {
  const bindings = new Bindings();
  bindings.bind(gateway, model(backend), owned);
  expect(bindings.bind(gateway, { gateway, resources: [] }, owned)).toEqual([]);
  expect(bindings.ofService(service)).toMatchObject([{ arn }]);
  bindings.bind(gateway, { gateway, resources: [] }, []);
  expect(bindings.ofService(service)).toEqual([]);
});
