import { expect, test } from 'vitest';
import type { EndpointSlice, Service } from '../api/core.ts';
import { objectKey } from '../kube/object.ts';
import { backendService } from './backends.ts';

/** What a Service's TCP port is for its UDP port. @param numbers the TCP and the UDP port of each EndpointSlice's pods */
function besideUdp(
  tcp: number | string,
  udp: number | string,
  ...numbers: readonly (readonly [number | undefined, number | undefined])[]
) {
  const ports = [
    { name: 'tcp', port: 53, protocol: 'TCP', targetPort: tcp },
    { name: 'udp', port: 53, protocol: 'UDP', targetPort: udp },
  ] as const;
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'dns' },
    spec: { ports },
  };
  const slices = numbers.map(
    ([ofTcp, ofUdp], index): EndpointSlice => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'shop', name: `dns-${index}` },
      addressType: 'IPv4',
      endpoints: [],
      ports: [
        ...(ofTcp === undefined ? [] : [{ name: 'tcp', port: ofTcp }]),
        ...(ofUdp === undefined ? [] : [{ name: 'udp', port: ofUdp, protocol: 'UDP' }]),
      ],
    }),
  );
  return backendService(objectKey(service.metadata), service, ports[1], slices).tcp?.[0];
}

test.each([
  ['the same number', 5353, true],
  ['another number', 53, false],
])('a UDP port and a TCP port have the same targets if their target port is %s', (_, udp, sameTarget) => {
  expect(besideUdp(5353, udp)).toEqual({ port: 53, sameTarget, targetPort: 5353 });
});

test.each([
  ['the same', 'dns-udp', [[5353, 5353]], { sameTarget: true, targetPort: 5353 }],
  ['others', 'dns-udp', [[5353, 53]], { sameTarget: false, targetPort: 5353 }],
  ['those of a target port without a name', 5353, [[5353, 5353]], { sameTarget: true, targetPort: 5353 }],
  [
    'the same during an update to another number',
    'dns-udp',
    [
      [5353, 5353],
      [5454, 5454],
    ],
    { sameTarget: true },
  ],
  [
    'others in some of the pods',
    'dns-udp',
    [
      [5353, 5353],
      [5353, 53],
    ],
    { sameTarget: false, targetPort: 5353 },
  ],
] as const)('the numbers of named target ports are those of the pods: %s', (_, udp, numbers, expected) => {
  expect(besideUdp('dns', udp, ...numbers)).toEqual({ port: 53, ...expected });
});

test.each([
  ['there are no pods', []],
  ['the EndpointSlice of no replicas has no ports', [[undefined, undefined]]],
] as const)('nobody knows whether named target ports are the same if %s', (_, numbers) => {
  expect(besideUdp('dns', 'dns-udp', ...numbers)).toEqual({ port: 53, sameTarget: false, isUnknown: true });
});

test('a target port with a number has it without pods, too, though that of UDP is a name', () => {
  expect(besideUdp(5353, 'dns')).toEqual({ port: 53, sameTarget: false, isUnknown: true, targetPort: 5353 });
});
