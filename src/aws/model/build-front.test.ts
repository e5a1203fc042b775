import { expect, test } from 'vitest';
import { routeId } from '../../gateway/route-id.ts';
import { objectKey } from '../../kube/object.ts';
import { LeaseLostError } from '../errors.ts';
import { cluster, eachTestOnAws } from '../testing/aws-under-test.ts';
import type { AwsTopology } from '../translation.ts';
import { buildModel } from './build.ts';
import { resourceId } from './naming.ts';
import { DEFAULT_QUOTAS } from './options.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import type { Model } from './resources.ts';
import { NOTHING_STANDS, type Standing } from './standing.ts';
import { entry, forward, httpPort, listener, options, topology } from './testing/sample.ts';

const rig = eachTestOnAws();

const route = { kind: 'TCPRoute', key: objectKey({ namespace: 'shop', name: 'db' }) } as const;
const tcp = { port: 5432, serves: { kind: 'tcp' }, listeners: [listener('db', { routes: [routeId(route)] })] } as const;

/** The model of a Gateway with an HTTP listener and a TCP listener, in the demo VPC. */
function mixed(
  standing: Partial<Standing> = {},
  settings: Partial<AwsTopology['settings']> = {},
  planes: AwsTopology['planes'] = ['alb', 'nlb'],
) {
  const { seed } = rig;
  const asked = topology([httpPort([entry()])]);
  const rules = [{ rule: 0, matches: [], action: forward('db'), backends: [] }];
  const given = {
    ...asked,
    settings: { ...asked.settings, ...settings },
    planes,
    ports: [...asked.ports, ...(planes.includes('nlb') ? [tcp] : [])],
    routes: [...asked.routes, { route, hostnames: [], rules }],
  };
  const subnets = PLACEHOLDER_NETWORK.subnets
    .filter((subnet) => !subnet.public)
    .map((subnet, index) => ({ ...subnet, id: seed.privateSubnetIds[index] ?? '' }));
  const network = { region: seed.region, vpcId: seed.vpcId, subnets, backendSecurityGroupId: seed.nodeSecurityGroupId };
  return buildModel(given, network, { ...cluster, quotas: DEFAULT_QUOTAS }, { ...NOTHING_STANDS, ...standing });
}

test('AWS takes the NLB and the ALB behind it as they are, and nothing is left to do', async () => {
  rig.kept.targets = rig.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
  const { model, problems } = mixed();
  expect(problems).toEqual([]);
  const controller = await rig.start();
  expect(await controller.apply(model)).toMatchObject({ problems: [], pending: [] });
  expect(controller.plan(model)).toMatchObject({ steps: [], pending: [] });
  const { loadBalancers, targetGroups } = rig.aws.world().elbv2;
  const alb = [...loadBalancers.values()].find(({ type }) => type === 'application');
  const behind = [...targetGroups.values()].find(({ targetType }) => targetType === 'alb');
  expect([...(behind?.targets.values() ?? [])].map(({ id }) => id)).toEqual([alb?.arn]);
});

const lacks = { kind: 'attributes-without-effect', plane: 'alb' } as const;

test('for an NLB and an ALB behind it, settings of target groups that an ALB replaces are said', () => {
  const healthCheck = { protocol: 'TCP', path: '/up', matcher: { httpCode: '200-599' } } as const;
  const loadBalancerAttributes = { 'idle_timeout.timeout_seconds': '90', 'dns_record.client_routing_policy': 'any' };
  const targetGroupAttributes = { 'proxy_protocol_v2.enabled': 'true' };
  const { problems } = mixed({}, { healthCheck, loadBalancerAttributes, targetGroupAttributes });
  const attributes = ['matcher.httpCode 200-599', 'protocol TCP'];
  expect(problems).toEqual([{ ...lacks, setting: 'targetGroupHealthCheck', attributes }]);
});

test('settings of target groups that no target group of an NLB and the ALB behind it has are said', () => {
  const front = { subnets: [], addresses: [], certificates: new Map(), ports: new Set<never>(), forwards: new Map() };
  const loadBalancers = new Set([resourceId('load-balancer/internal'), resourceId('load-balancer/nlb-internal')]);
  const targetGroupAttributes = { 'proxy_protocol_v2.enabled': 'true' };
  const { model, problems } = mixed({ front, loadBalancers }, { targetGroupAttributes }, ['alb']);
  expect(model?.resources).toContainEqual(expect.objectContaining({ id: 'load-balancer/nlb-internal' }));
  expect(problems).toEqual([{ ...lacks, setting: 'targetGroupAttributes', attributes: ['proxy_protocol_v2.enabled'] }]);
});

/** Whom the ALB admits, and its security groups. */
function doorsOf(model: Model | undefined) {
  const alb = model?.resources.find((each) => each.kind === 'load-balancer' && each.spec.type === undefined);
  const group = model?.resources.find(({ id }) => id === 'security-group/frontend');
  return {
    ingress: group?.kind === 'security-group' ? group.ingress.map(({ source }) => source) : [],
    groups: alb?.kind === 'load-balancer' ? alb.spec.securityGroups : [],
  };
}

const nlb = { kind: 'group', group: 'security-group/nlb-frontend' };

test('an ALB that clients know stays open to them while the NLB takes over, and is closed then', () => {
  const { model } = mixed({ isHandingOver: true });
  expect(doorsOf(model).ingress).toEqual([{ kind: 'cidr', cidr: '0.0.0.0/0' }, nlb]);
  expect(model?.resources).toContainEqual(
    expect.objectContaining({ id: 'load-balancer/nlb-internal', replaces: 'load-balancer/internal' }),
  );
  expect(doorsOf(mixed().model).ingress).toEqual([nlb]);
});

test('while the NLB takes over, an ALB keeps the security groups of its user', () => {
  const backend = { groupId: rig.seed.nodeSecurityGroupId };
  const own = ['sg-1', 'sg-2', 'sg-3', 'sg-4'];
  const doors = (securityGroups: readonly string[]) =>
    doorsOf(mixed({ isHandingOver: true }, { securityGroups }).model).groups;
  expect(doors(['sg-1'])).toEqual([{ groupId: 'sg-1' }, { group: 'security-group/frontend' }, backend]);
  expect(doors(own)).toEqual([...own.map((groupId) => ({ groupId })), backend]);
});

test('the rules for clients and for the NLB fit into five security groups while the NLB takes over', () => {
  const sourceRanges = Array.from({ length: 10 }, (_, index) => `198.51.${index}.0/24`);
  const ports = Array.from({ length: 22 }, (_, index) => httpPort([], { port: 8000 + index }));
  const standing = { ...NOTHING_STANDS, isHandingOver: true };
  const { model } = buildModel(
    topology([...ports, { ...tcp, entries: [] }], { sourceRanges }),
    PLACEHOLDER_NETWORK,
    options,
    standing,
  );
  expect(doorsOf(model).groups).toHaveLength(5);
  const group = model?.resources.find(({ id }) => id === 'security-group/frontend');
  const rules = group?.kind === 'security-group' ? group.ingress.filter(({ source }) => source.kind === 'group') : [];
  expect(rules).toMatchObject([{ fromPort: 8000, toPort: 8021, source: nlb }]);
});

test('TCP listeners for which an NLB has no room are left out, and the ALB takes all other changes', () => {
  const sourceRanges = Array.from({ length: 10 }, (_, index) => `198.51.${index}.0/24`);
  const http = Array.from({ length: 24 }, (_, index) => httpPort([], { port: 8000 + index }));
  const built = (...ports: Parameters<typeof topology>[0]) => {
    const serving = new Set(http.map(({ port }) => `http/${port}` as const));
    const standing = {
      ...NOTHING_STANDS,
      loadBalancers: new Set([resourceId('load-balancer/internal')]),
      ports: serving,
    };
    return buildModel(topology(ports, { sourceRanges }), PLACEHOLDER_NETWORK, options, standing);
  };
  const more = { ...tcp, entries: [] };
  const { model, problems } = built(...http, more);
  expect(model).toEqual(built(...http).model);
  expect(problems).toMatchObject([{ kind: 'too-many-ingress-rules', listener: 'db', ports: 23 }]);
  const { model: fewer } = built(...http.slice(2), more);
  expect(fewer?.resources.map(({ id }) => id)).toContain('load-balancer/nlb-internal');
});

/** Plans until nothing is left to do. Each time, the controller dies one call later. @param check called after each death */
async function withDeaths(desired: Model | undefined, check: () => void): Promise<void> {
  for (let round = 1; round < 80; round += 1) {
    let allowed = round;
    const controller = await rig.start();
    if (controller.plan(desired).steps.length === 0) return;
    rig.kept.mayCall = () => {
      if (allowed <= 0) throw new LeaseLostError('gone');
      allowed -= 1;
    };
    await controller.apply(desired);
    rig.kept.mayCall = () => undefined;
    check();
  }
  throw new Error('Expected an end');
}

/** The blocks and the security groups that the ALB admits, and its listeners. */
function albInAws() {
  const { elbv2, ec2 } = rig.aws.world();
  const alb = [...elbv2.loadBalancers.values()].find(({ type }) => type === 'application');
  const own = [...ec2.securityGroups.values()].filter(({ id }) => alb?.securityGroups.includes(id));
  const rules = own.flatMap(({ ruleIds }) => [...ruleIds].flatMap((id) => ec2.securityGroupRules.get(id) ?? []));
  const admitted = rules.filter(({ isEgress, fromPort }) => !isEgress && fromPort === 80).map(({ peer }) => peer);
  const listeners = [...elbv2.listeners.values()].filter(({ loadBalancerArn }) => loadBalancerArn === alb?.arn);
  return { admitted, listeners: listeners.map(({ arn }) => arn) };
}

test('an ALB stays open through a controller that dies between any two calls, and is closed in the end', async () => {
  rig.kept.targets = rig.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
  await (await rig.start()).apply(mixed({}, {}, ['alb']).model);
  const before = albInAws();
  expect(before).toMatchObject({ admitted: [{ cidr: '0.0.0.0/0' }], listeners: [expect.any(String)] });
  await withDeaths(mixed({ isHandingOver: true }).model, () => {
    const { admitted, listeners } = albInAws();
    expect(listeners).toEqual(before.listeners);
    expect(admitted).toEqual(expect.arrayContaining(before.admitted));
  });
  expect(albInAws().admitted).toHaveLength(2);
  await withDeaths(mixed().model, () => {
    expect(albInAws().listeners).toEqual(before.listeners);
    expect(albInAws().admitted).toContainEqual(expect.objectContaining({ groupId: expect.any(String) }));
  });
  expect(albInAws().admitted).toEqual([expect.objectContaining({ groupId: expect.any(String) })]);
}, 60_000);
