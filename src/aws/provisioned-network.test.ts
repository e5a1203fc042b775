import { expect, test } from 'vitest';
import { type NetworkSketch, networkModel } from './diff/testing/network-models.ts';
import { converge, gateway, modelOf } from './diff/testing/resources.ts';
import { SimulatedAws } from './diff/testing/simulated-aws.ts';
import type { Model } from './model/resources.ts';
import type { OwnedResource } from './observed.ts';
import { provisioned } from './provisioned.ts';

function existing(...models: readonly Model[]): readonly OwnedResource[] {
  const aws = new SimulatedAws(gateway);
  for (const model of models) converge(aws, model);
  return aws.observe().resources;
}

const dns: NetworkSketch = { listeners: { 53: { protocol: 'TCP_UDP', to: ['dns'] } } };
const front: NetworkSketch = { ...dns, http: [80] };
const hostname = (name: string) => [{ type: 'Hostname', value: `${name}.example` }];

const changed = (owned: readonly OwnedResource[], change: (each: OwnedResource) => OwnedResource) => owned.map(change);

test.each([
  ['TCP', ['tcp/53', 'tls/53']],
  ['UDP', ['udp/53']],
  ['TCP_UDP', ['tcp/53', 'udp/53']],
  ['TLS', ['tls/53']],
] as const)('a %s listener serves %j', (protocol, ports) => {
  const model = networkModel({ listeners: { 53: { protocol, to: ['dns'] } } });
  expect(provisioned(model, existing(model))).toMatchObject({
    addresses: hostname('nlb-internal'),
    ports: new Set(ports),
    waiting: '',
    complete: true,
  });
});

test('what stays as it is goes on to serve', () => {
  expect(provisioned(undefined, existing(networkModel(front)))).toMatchObject({
    addresses: hostname('nlb-internal'),
    ports: new Set(['tcp/53', 'udp/53', 'tcp/80', 'tls/80', 'http/80']),
  });
});

test('HTTP ports are served by the NLB in front when the ALB behind it has its listener', () => {
  const model = networkModel(front);
  const owned = existing(model);
  expect(provisioned(model, owned)).toMatchObject({ addresses: hostname('nlb-internal'), complete: true });
  expect(provisioned(model, owned).ports).toContain('http/80');
  const without = owned.filter(({ id }) => id !== 'listener/internal/80');
  expect(provisioned(model, without).ports).not.toContain('http/80');
  const provisioning = changed(owned, (each) =>
    each.kind === 'load-balancer' && each.id === 'load-balancer/internal' ? { ...each, state: 'provisioning' } : each,
  );
  expect(provisioned(model, provisioning)).toMatchObject({ complete: false });
  expect(provisioned(model, provisioning).ports).not.toContain('http/80');
  expect(provisioned(model, provisioning).ports).toContain('tcp/53');
});

test('what serves a port is named, also the ALB behind the NLB', () => {
  const model = networkModel(front);
  const { servers } = provisioned(model, existing(model));
  expect(servers?.get('http/80')).toBe(
    'Network Load Balancer nlb-internal, in front of Application Load Balancer internal,',
  );
  expect(servers?.get('udp/53')).toBe('Network Load Balancer nlb-internal');
  const alone = modelOf({ listeners: { 80: [] } });
  expect(provisioned(alone, existing(alone)).servers?.get('http/80')).toBe('Application Load Balancer web-internal');
});

test('static addresses are the addresses of the Gateway', () => {
  const model = networkModel(dns);
  const owned = changed(existing(model), (each) =>
    each.kind === 'load-balancer' ? { ...each, addresses: ['192.0.2.1', '192.0.2.2'] } : each,
  );
  expect(provisioned(model, owned).addresses).toEqual([
    { type: 'IPAddress', value: '192.0.2.1' },
    { type: 'IPAddress', value: '192.0.2.2' },
  ]);
});

const [old, wanted] = [networkModel(dns), networkModel({ ...dns, scheme: 'internet-facing' })];

/** What exists while an NLB of another scheme replaces the old one. @param tags of the old one */
const replacing = (isProven: (group: string) => boolean, tags = {}, desired = wanted): readonly OwnedResource[] => [
  ...changed(existing(old), (each) => ({ ...each, ...(each.kind === 'load-balancer' && { tags }) })),
  ...changed(existing(desired), (each) => ({
    ...each,
    arn: `new-${each.arn}`,
    ...(each.kind === 'target-group' && { proven: isProven(each.id) }),
    ...(each.kind === 'listener' && {
      loadBalancerArn: `new-${each.loadBalancerArn}`,
      forwards: each.forwards.map(({ arn, weight }) => ({ arn: `new-${arn}`, weight })),
    }),
  })),
];
const replaced = { 'gatehouse.dev/replaced': '1' };

test('clients are sent to the old load balancer until the targets of the new one are healthy', () => {
  const cold = () => false;
  expect(provisioned(wanted, replacing(cold)).addresses).toEqual(hostname('nlb-internal'));
  expect(
    provisioned(
      wanted,
      replacing(() => true),
    ).addresses,
  ).toEqual(hostname('nlb-internet-facing'));
  expect(provisioned(wanted, replacing(cold, replaced)).addresses).toEqual(hostname('nlb-internet-facing'));
  // Clients came back, for example because the new load balancer failed.
  const back = provisioned(wanted, replacing(cold, replaced), ['nlb-internal.example']);
  expect(back).toMatchObject({ addresses: hostname('nlb-internal'), replacing: true });
});

test('the address does not wait for the targets of a port that the old load balancer does not have', () => {
  const listeners = { ...dns.listeners, 7000: { protocol: 'TCP', to: ['dead'] } } as const;
  const more = networkModel({ scheme: 'internet-facing', listeners });
  const addresses = (name: string) =>
    provisioned(
      more,
      replacing((group) => !group.includes(name), {}, more),
    ).addresses;
  expect(addresses('dead')).toEqual(hostname('nlb-internet-facing'));
  expect(addresses('dns')).toEqual(hostname('nlb-internal'));
});

test('without a model, the address in the status stays, and a load balancer that has been replaced comes last', () => {
  const addresses = (owned: readonly OwnedResource[], ...announced: readonly string[]) =>
    provisioned(undefined, owned, announced).addresses;
  const both = replacing(() => true, replaced);
  expect(addresses(both)).toEqual(hostname('nlb-internet-facing'));
  expect(addresses(both, 'nlb-internet-facing.example')).toEqual(hostname('nlb-internet-facing'));
  expect(addresses(both, 'nlb-internal.example')).toEqual(hostname('nlb-internal'));
  const coming = changed(existing(networkModel(front)), (each) =>
    each.id === 'load-balancer/nlb-internal' ? { ...each, tags: { 'gatehouse.dev/handover': 'pending' } } : each,
  );
  expect(addresses(coming, 'nlb-internal.example')).toEqual(hostname('nlb-internal'));
});

test('an ALB that clients know stays their address until the NLB in front of it serves', () => {
  const alb = existing(modelOf({ listeners: { 80: [] } }));
  const model = networkModel({ ...front, handingOver: true });
  expect(provisioned(model, alb)).toMatchObject({
    addresses: hostname('web-internal'),
    complete: false,
    replacing: true,
  });
});

test('the address moves to an NLB only when it has the ports of the ALB, and then it stays there', () => {
  const model = networkModel({ ...front, handingOver: true });
  const owned = changed(existing(networkModel(front)), (each) =>
    each.id === 'load-balancer/nlb-internal' ? { ...each, tags: { 'gatehouse.dev/handover': 'pending' } } : each,
  );
  expect(provisioned(model, owned)).toMatchObject({ addresses: hostname('nlb-internal'), replacing: false });
  const without = owned.filter(({ id }) => id !== 'listener/nlb-internal/80');
  expect(provisioned(model, without)).toMatchObject({ addresses: hostname('internal'), replacing: true });
  expect(provisioned(undefined, without)).toMatchObject({ addresses: hostname('internal') });
  const named = provisioned(model, without, ['nlb-internal.example']);
  expect(named).toMatchObject({ addresses: hostname('nlb-internal'), replacing: false });
  const moved = changed(without, (each) =>
    each.id === 'load-balancer/nlb-internal' ? { ...each, tags: { 'gatehouse.dev/handover': '1' } } : each,
  );
  expect(provisioned(model, moved)).toMatchObject({ addresses: hostname('nlb-internal') });
});

test('an ALB that only the NLB reaches is never the address', () => {
  const model = networkModel(front);
  const provisioning = changed(existing(model), (each) =>
    each.kind === 'load-balancer' && each.id === 'load-balancer/nlb-internal'
      ? { ...each, state: 'provisioning' }
      : each,
  );
  expect(provisioned(model, provisioning)).toMatchObject({ addresses: hostname('nlb-internal'), ports: new Set() });
});
