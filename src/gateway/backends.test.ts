import { expect, test } from 'vitest';
import type { Service } from '../api/core.ts';
import { objectKey } from '../kube/object.ts';
import { backendService } from './backends.ts';

test.each([
  ['the same number', 5353, 5353, true],
  ['another number', 5353, 53, false],
  ['a name, because it may be another number for UDP', 'dns', 'dns', false],
] as const)('a UDP port and a TCP port have the same targets if their target port is %s', (_, tcp, udp, expected) => {
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
  const backend = backendService(objectKey(service.metadata), service, ports[1]);
  expect(backend.tcp?.map(({ sameTarget }) => sameTarget)).toEqual([expected]);
});
