import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { metallbFinding } from './findings.ts';
import type { Objection } from './objection.ts';
import type { MetallbProblem } from './problem.ts';

const field = 'addresses[0].value';
const service = objectKey({ namespace: 'shop', name: 'web-0a1b2c3d' });
const near = objectKey({ namespace: 'shop', name: 'dns' });

test.each<[MetallbProblem, string, string]>([
  [
    { kind: 'address-malformed', field, value: '10.0.0' },
    'AddressNotUsable always',
    'spec.addresses[0].value: "10.0.0" is not an IP address. Write an IPv4 or IPv6 address.',
  ],
  [
    { kind: 'pool-not-allowed', field, pool: 'secret', allowed: ['edge', 'lab'] },
    'AddressNotUsable always',
    'spec.addresses[0].value: the GatewayClass does not allow the pool "secret". It allows edge, lab. Use one of these pools, or leave value empty.',
  ],
  [
    { kind: 'address-refused', metallb: true, field, address: '10.0.0.5', said: 'Failed to allocate IP' },
    'AddressNotUsable always',
    'spec.addresses[0].value: the address 10.0.0.5 cannot be assigned. MetalLB says: Failed to allocate IP',
  ],
  [
    { kind: 'address-refused', metallb: false, field, address: '10.0.0.5', said: 'no room' },
    'AddressNotUsable always',
    'spec.addresses[0].value: the address 10.0.0.5 cannot be assigned. The load balancer controller says: no room',
  ],
  [
    { kind: 'address-refused', metallb: true, field, pool: 'edge', said: 'no available IPs' },
    'AddressNotUsable always',
    'spec.addresses[0].value: an address of the pool "edge" cannot be assigned. MetalLB says: no available IPs',
  ],
  [
    { kind: 'address-refused', metallb: true, why: { kind: 'no-pools' } },
    'AddressNotAssigned always',
    'An address cannot be assigned. MetalLB has no IPAddressPool. Create one.',
  ],
  [
    { kind: 'address-pending', field, address: '10.0.0.5' },
    'AddressNotAssigned at-first',
    'spec.addresses[0].value: the address 10.0.0.5 is not assigned yet.',
  ],
  [{ kind: 'address-pending' }, 'AddressNotAssigned at-first', 'An address is not assigned yet.'],
  [
    { kind: 'service-unclaimed', service, metallb: true },
    'AddressNotAssigned always',
    "No load balancer controller has claimed Service shop/web-0a1b2c3d. Check that MetalLB's controller runs. If it has the flag --lb-class, set loadBalancerClass to the same value in a ProxyConfiguration.",
  ],
  [
    { kind: 'service-unclaimed', service, metallb: true, loadBalancerClass: 'lab' },
    'AddressNotAssigned always',
    'No load balancer controller has claimed Service shop/web-0a1b2c3d. MetalLB ignores the loadBalancerClass "lab" unless its flag --lb-class has the same value. Check the flag, and that MetalLB\'s controller runs.',
  ],
  [
    { kind: 'service-unclaimed', service, metallb: false, loadBalancerClass: 'lab' },
    'AddressNotAssigned always',
    'No load balancer controller has claimed Service shop/web-0a1b2c3d. Install one for the loadBalancerClass "lab", such as MetalLB.',
  ],
  [
    { kind: 'configuration-invalid', part: 'controller', detail: 'pools overlap', isFelt: true },
    'AddressNotAssigned at-first',
    "MetalLB's controller does not accept its configuration: pools overlap. Correct MetalLB's objects.",
  ],
  [
    { kind: 'configuration-invalid', part: 'speaker-a', detail: '', isFelt: false },
    'remark',
    "MetalLB's speaker-a does not accept its configuration. Correct MetalLB's objects.",
  ],
  [
    { kind: 'change-held', service, why: { kind: 'pool-excludes', pool: 'edge', by: 'labels' } },
    'Invalid undefined',
    'Service shop/web-0a1b2c3d stays as it is, because it would lose its address with the change: the serviceAllocation of IPAddressPool "edge" does not admit the labels of the Gateway\'s infrastructure. Change it, or use another pool.',
  ],
  [
    { kind: 'class-kept', service, wanted: 'lab' },
    'Invalid undefined',
    'Service shop/web-0a1b2c3d has no loadBalancerClass, and "lab" is asked for. Kubernetes does not allow the change, and a new Service would lose the address. Create another Gateway, or delete the Service.',
  ],
  [
    { kind: 'class-kept', service, loadBalancerClass: 'lab' },
    'Invalid undefined',
    'Service shop/web-0a1b2c3d has the loadBalancerClass "lab", and none is asked for. Kubernetes does not allow the change, and a new Service would lose the address. Create another Gateway, or delete the Service.',
  ],
])('%j', (problem, effect, words) => {
  const { words: said, effect: found } = metallbFinding(problem);
  expect(said).toBe(words);
  expect(found.kind === 'hindrance' ? `${found.programmed} ${found.unprograms}` : found.kind).toBe(effect);
});

test.each<[Objection, string]>([
  [{ kind: 'no-pools' }, 'MetalLB has no IPAddressPool. Create one.'],
  [{ kind: 'pool-missing', pool: 'edge' }, 'MetalLB has no IPAddressPool "edge". Create it, or name another pool.'],
  [
    { kind: 'not-in-pools', address: '10.0.0.5' },
    'No IPAddressPool has the address 10.0.0.5. Add it to a pool, or use another address.',
  ],
  [
    { kind: 'avoided', address: '10.0.0.0', pool: 'edge' },
    'The IPAddressPool "edge" does not give the address 10.0.0.0, because avoidBuggyIPs is set. Use another address.',
  ],
  [
    { kind: 'pool-excludes', pool: 'edge', by: 'namespace' },
    'The serviceAllocation of IPAddressPool "edge" does not admit this namespace. Change it, or use another pool.',
  ],
  [
    { kind: 'of-other-pool', address: '10.0.0.5', pool: 'default', wanted: 'edge' },
    'The address 10.0.0.5 is in the IPAddressPool "default", but the addresses must be in "edge". Use an address of that pool.',
  ],
  [
    { kind: 'taken', address: '10.0.0.5', because: 'key', service: near },
    'Service shop/dns has the address 10.0.0.5. Use another address.',
  ],
  [
    { kind: 'taken', address: '10.0.0.5', because: 'policy' },
    'A Service of another namespace shares the address 10.0.0.5. With externalTrafficPolicy Local, only Services with the same selector can share it. Use the policy Cluster, or another address.',
  ],
  [
    { kind: 'taken', address: '10.0.0.5', because: { port: 'TCP 53' }, service: near },
    'Service shop/dns shares the address 10.0.0.5 and has port TCP 53, too. Use another port or address.',
  ],
])('%j', (why, words) => {
  const finding = metallbFinding({ kind: 'address-refused', metallb: true, field, address: '10.0.0.5', why });
  expect(finding.words).toBe(`spec.addresses[0].value: the address 10.0.0.5 cannot be assigned. ${words}`);
});
