import { expect, test } from 'vitest';
import type { Node } from '../../api/core.ts';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from '../model/naming.ts';
import { sentence } from '../words.ts';
import { unusedTargets, zonesOf } from './unused-targets.ts';

const service = objectKey({ namespace: 'shop', name: 'dns' });
const subnets = [
  { availabilityZone: 'us-east-1a', cidrBlocks: ['10.0.0.0/20', '2001:db8:0:1::/64'] },
  { availabilityZone: 'us-east-1b', cidrBlocks: ['10.0.16.0/20'] },
];
const node = (zone: string, instance: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: instance },
  spec: { providerID: `aws:///${zone}/${instance}` },
});
const zoneOf = zonesOf(subnets, [node('us-east-1a', 'i-0a'), node('us-east-1b', 'i-0b')]);

/** The zones that are reported as missing if the NLB is in us-east-1a. */
function missing(targetType: 'ip' | 'instance', local: boolean, ...ids: readonly string[]): readonly string[] {
  const backend = { service, port: 53, portName: '', protocol: 'HTTP1', local, ipFamily: 'IPv4' } as const;
  const group = { id: resourceId('target-group', 'nlb-internal', 'dns'), backend, spec: { targetType } };
  const members = ids.map((id) => ({ id, port: 53 }));
  const troubles = unusedTargets({ group, members }, new Set(['us-east-1a']), zoneOf);
  return troubles.flatMap((each) => (each.kind === 'targets-in-other-zones' ? each.zones : []));
}

test('pods in zones that the NLB does not have are said to get nothing, and those outside the VPC are not', () => {
  expect(missing('ip', false, '10.0.0.7', '2001:db8:0:1::7', '192.168.0.1')).toEqual([]);
  expect(missing('ip', false, '10.0.0.7', '10.0.16.7', '10.0.16.8')).toEqual(['us-east-1b']);
});

test('a node of its zones is enough for the pods of all zones, but not with the policy Local', () => {
  expect(missing('instance', false, 'i-0a', 'i-0b')).toEqual([]);
  expect(missing('instance', false, 'i-0b')).toEqual(['us-east-1b']);
  expect(missing('instance', true, 'i-0a', 'i-0b')).toEqual(['us-east-1b']);
});

test('the words name the zones', () => {
  const route = { kind: 'UDPRoute', key: service } as const;
  const place = { route, rule: 0, field: 'backendRefs' };
  expect(sentence({ ...place, kind: 'targets-in-other-zones', service, zones: ['us-east-1b'] })).toBe(
    'targets of Service shop/dns are in zones that the load balancer does not have: us-east-1b. They get no connections. Give the load balancer subnets, or addresses, in these zones.',
  );
});
