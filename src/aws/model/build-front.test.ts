import { expect, test } from 'vitest';
import { routeId } from '../../gateway/route-id.ts';
import { objectKey } from '../../kube/object.ts';
import { cluster, eachTestOnAws } from '../testing/aws-under-test.ts';
import { buildModel } from './build.ts';
import { DEFAULT_QUOTAS } from './options.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import { entry, forward, httpPort, listener, topology } from './testing/sample.ts';

const rig = eachTestOnAws();

const route = { kind: 'TCPRoute', key: objectKey({ namespace: 'shop', name: 'db' }) } as const;
const tcp = { port: 5432, serves: { kind: 'tcp' }, listeners: [listener('db', { routes: [routeId(route)] })] } as const;

/** The model of a Gateway with an HTTP listener and a TCP listener, in the demo VPC. */
function mixed() {
  const { seed } = rig;
  const asked = topology([httpPort([entry()])]);
  const rules = [{ rule: 0, matches: [], action: forward('db'), backends: [] }];
  const planes = ['alb', 'nlb'] as const;
  const given = {
    ...asked,
    planes,
    ports: [...asked.ports, tcp],
    routes: [...asked.routes, { route, hostnames: [], rules }],
  };
  const subnets = PLACEHOLDER_NETWORK.subnets
    .filter((subnet) => !subnet.public)
    .map((subnet, index) => ({ ...subnet, id: seed.privateSubnetIds[index] ?? '' }));
  const network = { region: seed.region, vpcId: seed.vpcId, subnets, backendSecurityGroupId: seed.nodeSecurityGroupId };
  return buildModel(given, network, { ...cluster, quotas: DEFAULT_QUOTAS });
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
