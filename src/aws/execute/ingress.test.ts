import { AuthorizeSecurityGroupIngressCommand, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { atOnce } from '../inventory/audit.ts';
import { resourceId } from '../model/naming.ts';
import type { IngressRule, Model, Resource, SecurityGroupResource } from '../model/resources.ts';
import { type Controller, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { executePlan } from './execute.ts';

const rig = eachTestOnAws();

const frontend = resourceId('security-group', 'frontend');
const second = resourceId('security-group', 'frontend', 2);

const rule = (cidr: string, port = 80): IngressRule => ({
  protocol: 'tcp',
  fromPort: port,
  toPort: port,
  source: { kind: 'cidr', cidr },
  description: `Listener port ${port}`,
});

/** The model with these rules. If one group has too little room for them, it has a second group. */
function model(cidrs: readonly string[], ports: readonly number[] = [80]): Model {
  const ingress = ports.flatMap((port) => cidrs.map((cidr) => rule(cidr, port)));
  const { gateway: key, resources } = rig.model();
  const changed = resources.flatMap((resource): Resource[] => {
    if (resource.kind === 'security-group') {
      if (ingress.length <= 60) return [{ ...resource, ingress }];
      const name = `${resource.spec.name.slice(0, -2)}-2`;
      const overflow: SecurityGroupResource = {
        ...resource,
        id: second,
        spec: { ...resource.spec, name },
        ingress: [],
      };
      return [overflow, { ...resource, ingress, overflow: [second] }];
    }
    if (resource.kind !== 'load-balancer' || ingress.length <= 60) return [resource];
    return [{ ...resource, spec: { ...resource.spec, securityGroups: [{ group: frontend }, { group: second }] } }];
  });
  return { gateway: key, resources: changed };
}

const ownGroups = () =>
  [...rig.aws.world().ec2.securityGroups.values()].filter(({ groupName }) => groupName.startsWith('gh-'));

/** The sources and ports that the load balancer's groups admit, as `CIDR PORT`. */
function admitted(): readonly string[] {
  const { elbv2, ec2 } = rig.aws.world();
  const carried = new Set([...elbv2.loadBalancers.values()].flatMap(({ securityGroups }) => [...securityGroups]));
  return [...ec2.securityGroupRules.values()]
    .filter(({ groupId, isEgress }) => carried.has(groupId) && !isEgress)
    .map(({ peer, fromPort }) => `${'cidr' in peer ? peer.cidr : peer.kind} ${fromPort}`)
    .toSorted();
}

const blocks = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}.${index + 1}/32`);

async function applied(controller: Controller, desired: Model): Promise<void> {
  expect(await controller.apply(desired)).toMatchObject({ problems: [], pending: [] });
  expect(controller.plan(desired).steps).toEqual([]);
}

test('20 source ranges on two ports are replaced by 20 others', async () => {
  const controller = await rig.start();
  await applied(controller, model(blocks('203.0.113', 20), [80, 8080]));
  const others = blocks('198.51.100', 20);
  await applied(controller, model(others, [80, 8080]));
  expect(admitted()).toEqual(others.flatMap((cidr) => [`${cidr} 80`, `${cidr} 8080`]).toSorted());
  expect(ownGroups()).toHaveLength(1);
});

test('a list in forms that AWS does not store can be changed, shortened, and has not drifted', async () => {
  const controller = await rig.start();
  const first = model(['100.68.0.18/18', '203.0.113.7/32', '2001:0DB8:0::/32']);
  await applied(controller, first);
  expect(admitted()).toEqual(['100.68.0.0/18 80', '2001:db8::/32 80', '203.0.113.7/32 80']);
  expect(await controller.audit(atOnce(first))).toEqual([]);
  await applied(controller, model(['100.68.0.18/18', '203.0.113.7/32', '198.51.100.9/32', '2001:0DB8:0::/32']));
  expect(admitted()).toHaveLength(4);
  await applied(controller, model(['100.68.0.18/18']));
  expect(admitted()).toEqual(['100.68.0.0/18 80']);
});

test('31 source ranges on two ports are in two groups, go back into one, and no client loses access meanwhile', async () => {
  const controller = await rig.start();
  const all = blocks('198.51.100', 31);
  const first = model(all, [80, 8080]);
  await applied(controller, first);
  expect(admitted()).toHaveLength(62);
  expect(ownGroups()).toHaveLength(2);
  expect(await controller.audit(atOnce(first))).toEqual([]);
  // Some of the remaining rules are in the second group. They are moved before that group is deleted.
  const fewer = model(all.slice(-25), [80, 8080]);
  const lost: number[] = [];
  const watched = await Promise.all([
    applied(controller, fewer),
    (async () => {
      for (let look = 0; look < 50; look++) {
        const now = new Set(admitted());
        lost.push(all.slice(-25).filter((cidr) => !now.has(`${cidr} 8080`)).length);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })(),
  ]);
  expect(watched).toHaveLength(2);
  expect(Math.max(...lost)).toBe(0);
  expect(admitted()).toHaveLength(50);
  expect(ownGroups()).toHaveLength(1);
});

test('a second group that someone has deleted comes back with its rules', async () => {
  const controller = await rig.start();
  const desired = model(blocks('198.51.100', 31), [80, 8080]);
  await applied(controller, desired);
  const { elbv2, ec2 } = rig.aws.world();
  const gone = controller.inventory.find(second, gateway)[0]?.arn ?? '';
  for (const [arn, loadBalancer] of elbv2.loadBalancers) {
    const securityGroups = loadBalancer.securityGroups.filter((id) => id !== gone);
    elbv2.loadBalancers.set(arn, { ...loadBalancer, securityGroups });
  }
  for (const id of ec2.securityGroups.get(gone)?.ruleIds ?? []) ec2.securityGroupRules.delete(id);
  ec2.securityGroups.delete(gone);
  const drift = await controller.audit(atOnce(desired));
  expect(drift.map(({ aspect }) => aspect)).toContain('missing');
  await applied(controller, desired);
  expect(admitted()).toHaveLength(62);
});

/** Runs `happens` right before the first call with this name. */
function justBefore(controller: Controller, commandName: string, happens: () => Promise<unknown>): void {
  let done = false;
  controller.clients.ec2.middlewareStack.add(
    (next, context) => async (args) => {
      if (context['commandName'] === commandName && !done) {
        done = true;
        await happens();
      }
      return await next(args);
    },
    { step: 'initialize', name: 'justBefore' },
  );
}

test('rules that someone else has added meanwhile keep no other one out', async () => {
  const controller = await rig.start();
  await applied(controller, model(blocks('203.0.113', 10)));
  const plan = controller.plan(model([...blocks('203.0.113', 10), ...blocks('198.51.100', 10)]));
  const { ec2 } = (await rig.start()).clients;
  const GroupId = ownGroups()[0]?.id;
  const IpRanges = ['198.51.100.3/32', '198.51.100.4/32'].map((CidrIp) => ({ CidrIp }));
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges }];
  justBefore(controller, 'AuthorizeSecurityGroupIngressCommand', () =>
    ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions })),
  );
  expect((await executePlan(plan, controller.context)).problems).toEqual([]);
  expect(admitted()).toHaveLength(20);
});

test('rules that someone else has revoked meanwhile keep no other one in', async () => {
  const controller = await rig.start();
  await applied(controller, model(blocks('203.0.113', 10)));
  const plan = controller.plan(model(['192.0.2.0/24']));
  const { ec2 } = (await rig.start()).clients;
  const GroupId = ownGroups()[0]?.id;
  const IpRanges = [{ CidrIp: '203.0.113.4/32' }];
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges }];
  justBefore(controller, 'RevokeSecurityGroupIngressCommand', () =>
    ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions })),
  );
  expect((await executePlan(plan, controller.context)).problems).toEqual([]);
  expect(admitted()).toEqual(['192.0.2.0/24 80']);
});

test("an account's limit that is lower than AWS's default is met by revoking first", async () => {
  await rig.reopen({ quotas: { 'inbound-rules-per-security-group': 20 } });
  const controller = await rig.start();
  await applied(controller, model(blocks('203.0.113', 15)));
  await applied(controller, model(blocks('198.51.100', 15)));
  expect(admitted()).toEqual(
    blocks('198.51.100', 15)
      .map((cidr) => `${cidr} 80`)
      .toSorted(),
  );
  const outcome = await controller.apply(model(blocks('198.51.100', 21)));
  expect(outcome.problems).toMatchObject([{ kind: 'quota-reached', resource: frontend }]);
});
