import { expect, test } from 'vitest';
import { hashTag } from './diff/tags.ts';
import { buildModel } from './model/build.ts';
import { resourceId } from './model/naming.ts';
import { PLACEHOLDER_NETWORK } from './model/placeholder-network.ts';
import { httpPort, options, topology } from './model/testing/sample.ts';
import type { OwnedListener, OwnedLoadBalancer, OwnedSecurityGroup } from './observed.ts';
import { provisioned } from './provisioned.ts';

test('a Gateway of which nothing could be made, as when no subnets are found, does not pass for served', () => {
  expect(provisioned(undefined, [])).toMatchObject({
    addresses: [],
    ports: new Set(),
    admits: false,
    waiting: 'The load balancer does not exist yet.',
    complete: false,
  });
});

const modelOf = (scheme: 'internal' | 'internet-facing') => {
  const { model } = buildModel(topology([httpPort([])], { scheme }), PLACEHOLDER_NETWORK, options);
  if (model === undefined) throw new Error('Expected a model');
  return model;
};

const loadBalancer = (scheme: string, state: OwnedLoadBalancer['state']): OwnedLoadBalancer => ({
  kind: 'load-balancer',
  id: resourceId('load-balancer', scheme),
  arn: `arn:${scheme}`,
  tags: {},
  name: scheme,
  dnsName: `${scheme}.example.com`,
  subnets: ['subnet-1', 'subnet-2'],
  state,
});
const listener = (scheme: string, port: number): OwnedListener => ({
  kind: 'listener',
  id: resourceId('listener', scheme, port),
  arn: `arn:${scheme}/${port}`,
  tags: {},
  loadBalancerArn: `arn:${scheme}`,
  port,
  protocol: 'HTTP',
  forwards: [],
});
const address = (scheme: string) => [{ type: 'Hostname', value: `${scheme}.example.com` }];

test.each([
  ['nothing yet', [], [], [], 'The load balancer does not exist yet.'],
  [
    'a load balancer that AWS provisions',
    [loadBalancer('internal', 'provisioning'), listener('internal', 80)],
    address('internal'),
    [],
    'AWS is still provisioning the load balancer.',
  ],
  ['a load balancer without its listener', [loadBalancer('internal', 'active')], address('internal'), [], ''],
  [
    'a load balancer that failed',
    [loadBalancer('internal', 'failed'), listener('internal', 80)],
    address('internal'),
    [],
    'AWS failed to provision the load balancer; Gatehouse creates it again.',
  ],
  ['all of it', [loadBalancer('internal', 'active'), listener('internal', 80)], address('internal'), [80], ''],
  [
    'all of it, in fewer zones than it should be',
    [loadBalancer('internal', 'active_impaired'), listener('internal', 80)],
    address('internal'),
    [80],
    '',
  ],
] as const)(
  'where there is %s, the status says what works and what is missing',
  (_, owned, addresses, ports, waiting) => {
    expect(provisioned(modelOf('internal'), owned)).toMatchObject({
      addresses,
      ports: new Set(ports.map((port) => `http/${port}`)),
      admits: false,
      waiting,
      complete: ports.length > 0,
    });
  },
);

test('while a load balancer is replaced, clients are still sent to the old one', () => {
  const old = [loadBalancer('internal', 'active'), listener('internal', 80)];
  const replacement = [loadBalancer('internet-facing', 'provisioning'), listener('internet-facing', 80)];
  expect(provisioned(modelOf('internet-facing'), [...old, ...replacement])).toMatchObject({
    addresses: address('internal'),
    ports: new Set(['http/80']),
    admits: false,
    waiting: 'AWS is still provisioning the load balancer.',
    complete: false,
  });
});

test('what stays as it is goes on to serve', () => {
  const owned = [loadBalancer('internal', 'active'), listener('internal', 80)];
  expect(provisioned(undefined, owned)).toMatchObject({
    addresses: address('internal'),
    ports: new Set(['http/80']),
    admits: false,
    waiting: '',
    complete: false,
  });
});

test('clients are admitted once the rules of all security groups are there', () => {
  const model = modelOf('internal');
  const groups = model.resources.filter((resource) => resource.kind === 'security-group');
  const owned = groups.map(({ id, spec, ingress }): OwnedSecurityGroup => {
    return { kind: 'security-group', id, arn: `sg-${id}`, name: spec.name, tags: hashTag('ingress', ingress) };
  });
  expect(owned.length).toBeGreaterThan(0);
  expect(provisioned(model, owned).admits).toBe(true);
  expect(
    provisioned(
      model,
      owned.map((group) => ({ ...group, tags: {} })),
    ).admits,
  ).toBe(false);
});
