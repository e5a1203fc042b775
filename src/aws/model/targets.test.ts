import { expect, test } from 'vitest';
import type { Endpoint, EndpointSlice, Node } from '../../api/core.ts';
import type { BackendService } from '../../gateway/backend-service.ts';
import type { TargetBackend } from './backends.ts';
import { modelContext } from './context.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import { emptyTargetGroup, targetGroup } from './target-groups.ts';
import { desiredTargets, targetsHash } from './targets.ts';
import { backend, options, topology } from './testing/sample.ts';

const group = (targetType: 'ip' | 'instance', more: Partial<BackendService> = {}) =>
  targetGroup(
    modelContext(topology([], { targetType, ipAddressType: 'dualstack' }), PLACEHOLDER_NETWORK, options),
    backend('api', more),
  );

const slice = (endpoints: readonly Endpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'api-1', namespace: 'shop' },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  endpoints,
  ...more,
});

const node = (name: string, more: Partial<Node['spec']> = {}, labels: Record<string, string> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  spec: { providerID: `aws:///us-east-1a/i-${name}`, ...more },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});

test('the ready endpoints are targets, sorted, each once', () => {
  const slices = [
    slice([{ addresses: ['10.0.0.2'], conditions: { ready: true } }, { addresses: ['10.0.0.1'] }]),
    slice([{ addresses: ['10.0.0.2'] }, { addresses: ['10.0.0.3'], conditions: { ready: false } }]),
  ];
  expect(desiredTargets(group('ip'), slices, [])).toEqual([
    { id: '10.0.0.1', port: 8080 },
    { id: '10.0.0.2', port: 8080 },
  ]);
});

test('only the port of that name, and addresses of that family, are targets', () => {
  const ports = [
    { name: 'http', port: 8080 },
    { name: 'admin', port: 9090 },
    { name: 'http', port: 53, protocol: 'UDP' },
  ];
  const slices = [
    slice([{ addresses: ['10.0.0.1'] }], { ports }),
    slice([{ addresses: ['fd00::1'] }], { ports, addressType: 'IPv6' }),
    slice([{ addresses: ['10.0.0.2'] }], { ports: null, endpoints: null }),
  ];
  expect(desiredTargets(group('ip', { portName: 'http' }), slices, [])).toEqual([{ id: '10.0.0.1', port: 8080 }]);
  expect(desiredTargets(group('ip', { portName: 'http', families: ['IPv6'] }), slices, [])).toEqual([
    { id: 'fd00::1', port: 8080 },
  ]);
});

const over = (
  transport: 'UDP' | 'TCP_UDP',
  more: Partial<TargetBackend> = {},
  targetType: 'ip' | 'instance' = 'ip',
) => {
  const { id, backend: tcp } = group(targetType, { portName: 'dns-tcp', nodePort: 30_053 });
  if (tcp === undefined) throw new Error('it has a backend');
  return { id, spec: { targetType }, backend: { ...tcp, transport, ...more } };
};
const dns = [
  { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  { name: 'dns', port: 53, protocol: 'UDP' },
];

test('a UDP group has the endpoints of the UDP port, and none of the TCP port with its name', () => {
  const ports = [...dns, { name: 'dns', port: 8053, protocol: 'TCP' }];
  const slices = [
    slice([{ addresses: ['10.0.0.1'] }], { ports }),
    slice([{ addresses: ['fd00:0::1'] }], { ports, addressType: 'IPv6' }),
  ];
  const udp = (ipFamily: 'IPv4' | 'IPv6') => desiredTargets(over('UDP', { portName: 'dns', ipFamily }), slices, []);
  expect(udp('IPv4')).toEqual([{ id: '10.0.0.1', port: 53 }]);
  expect(udp('IPv6')).toEqual([{ id: 'fd00::1', port: 53 }]);
});

test('a group of both protocols has the endpoints that have both ports by one number', () => {
  const apart = [
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    { name: 'dns', port: 5353, protocol: 'UDP' },
  ];
  const slices = [
    slice([{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'] }], { ports: dns }),
    slice([{ addresses: ['10.0.0.3'] }], { ports: apart }),
    slice([{ addresses: ['10.0.0.4'] }], { ports: dns.slice(0, 1) }),
    slice([{ addresses: ['10.0.0.4'] }], { ports: dns.slice(1) }),
  ];
  expect(desiredTargets(over('TCP_UDP'), slices, []).map(({ id }) => id)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.4']);
});

test('nodes are the targets of UDP at its node port, with the policy Local those with a UDP endpoint', () => {
  const slices = [
    slice([{ addresses: ['10.0.0.1'], nodeName: 'a' }], { ports: dns }),
    slice([{ addresses: ['10.0.0.2'], nodeName: 'b' }], { ports: dns.slice(0, 1) }),
  ];
  const udp = { portName: 'dns', local: true };
  expect(desiredTargets(over('UDP', udp, 'instance'), slices, [node('a'), node('b')])).toEqual([
    { id: 'i-a', port: 30_053 },
  ]);
});

test('one address may serve on two ports', () => {
  const slices = [
    slice([{ addresses: ['10.0.0.1'] }]),
    slice([{ addresses: ['10.0.0.1'] }], { ports: [{ name: '', port: 8081 }] }),
  ];
  expect(desiredTargets(group('ip'), slices, []).map(({ port }) => port)).toEqual([8080, 8081]);
});

test('while none is ready, those that terminate but still serve are targets', () => {
  const leaving = { addresses: ['10.0.0.1'], conditions: { ready: false, serving: true, terminating: true } };
  const gone = { addresses: ['10.0.0.2'], conditions: { ready: false, serving: false, terminating: true } };
  expect(desiredTargets(group('ip'), [slice([leaving, gone])], [])).toEqual([{ id: '10.0.0.1', port: 8080 }]);
  const ready = { addresses: ['10.0.0.3'], conditions: { ready: true } };
  expect(desiredTargets(group('ip'), [slice([leaving]), slice([ready])], [])).toEqual([{ id: '10.0.0.3', port: 8080 }]);
});

test('nodes that are ready and not excluded are targets, cordoned ones too', () => {
  const nodes = [
    node('a'),
    node('b', { taints: [{ key: 'node.kubernetes.io/unschedulable' }] }),
    node('c', {}, { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }),
    node('d', {}, { 'eks.amazonaws.com/compute-type': 'fargate' }),
    node('e', { providerID: 'aws:///us-east-1a/0123-fargate-ip-10-0-0-1' }),
    { ...node('f'), status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
  ];
  expect(desiredTargets(group('instance', { nodePort: 30080 }), [], nodes)).toEqual([
    { id: 'i-a', port: 30080 },
    { id: 'i-b', port: 30080 },
  ]);
});

test('a node that is about to go takes no more requests, as long as another one can', () => {
  const ids = (nodes: readonly Node[]) => desiredTargets(group('instance', { nodePort: 30080 }), [], nodes);
  const stays = node('a');
  const leaving = [
    'ToBeDeletedByClusterAutoscaler',
    'karpenter.sh/disrupted',
    'karpenter.sh/disruption',
    'aws-node-termination-handler/spot-itn',
    'aws-node-termination-handler/asg-lifecycle-termination',
  ].map((key) => node('b', { taints: [{ key: 'example.org/gpu' }, { key }] }));
  const deleted = { ...node('b'), metadata: { name: 'b', deletionTimestamp: '2026-11-28T00:00:00Z' } };
  for (const going of [...leaving, deleted]) {
    expect(ids([stays, going])).toEqual([{ id: 'i-a', port: 30080 }]);
    // Better than none, until its successor is ready.
    expect(ids([going])).toEqual([{ id: 'i-b', port: 30080 }]);
  }
});

test('with externalTrafficPolicy Local only nodes with an endpoint are targets', () => {
  const slices = [slice([{ addresses: ['10.0.0.1'], nodeName: 'b' }])];
  const local = group('instance', { nodePort: 30080, local: true });
  expect(desiredTargets(local, slices, [node('a'), node('b')])).toEqual([{ id: 'i-b', port: 30080 }]);
});

test('a Service without a node port, and the empty group, have no targets', () => {
  expect(desiredTargets(group('instance'), [], [node('a')])).toEqual([]);
  const empty = emptyTargetGroup(modelContext(topology([]), PLACEHOLDER_NETWORK, options), false);
  expect(desiredTargets(empty, [slice([{ addresses: ['10.0.0.1'] }])], [])).toEqual([]);
});

test('different targets have different hashes', () => {
  expect(targetsHash([{ id: 'a', port: 1 }])).toBe(targetsHash([{ port: 1, id: 'a' }]));
  expect(targetsHash([{ id: 'a', port: 1 }])).not.toBe(targetsHash([{ id: 'a', port: 2 }]));
  expect(targetsHash([])).not.toBe(targetsHash([{ id: 'a', port: 1 }]));
});

test('a local backend is checked at its node health port, others below 500', () => {
  expect(group('instance', { nodePort: 1, local: true, healthCheckNodePort: 31000 }).spec.healthCheck).toMatchObject({
    path: '/healthz',
    port: '31000',
    matcher: { httpCode: '200' },
  });
  expect(group('ip').spec.healthCheck).toMatchObject({
    path: '/',
    port: 'traffic-port',
    matcher: { httpCode: '200-499' },
  });
});
