import { isDeepStrictEqual } from 'node:util';
import { AllocateAddressCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { AwsError, LeaseLostError } from '../errors.ts';
import { TAG } from '../observed.ts';
import { type Controller, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { type NetworkGateway, networkGateway } from '../testing/network-gateway.ts';
import { executePlan } from './execute.ts';

const rig = eachTestOnAws();
const handover = 60_000;

const model = (wanted: NetworkGateway) =>
  networkGateway(rig.seed, { listeners: { 53: 'TCP' }, scheme: 'internet-facing', ...wanted });

/** Of the NLB, by subnet. */
const placesInAws = () =>
  [...rig.aws.world().elbv2.loadBalancers.values()].map(({ subnets }) =>
    Object.fromEntries(subnets.map(({ subnetId, allocationId }) => [subnetId, allocationId])),
  );

async function elasticIp({ clients }: Controller): Promise<string> {
  return (await clients.ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }))).AllocationId ?? '';
}

/** One pass while the old zone serves on. */
const pass = ({ plan, context }: Controller, wanted: NetworkGateway) =>
  executePlan(plan(model(wanted)), { ...context, handover });

const owned = ({ inventory }: Controller) => inventory.owned(gateway).find(({ kind }) => kind === 'load-balancer');

test('an NLB whose zones all change keeps an old one until the new ones are set up, also after a restart', async () => {
  const before = await rig.start();
  const [first = '', second = ''] = rig.seed.publicSubnetIds.toSorted();
  const allocation = await elasticIp(before);
  const wide = { subnets: [first, second] };
  const narrow = { subnets: [first], addresses: [{ subnet: first, allocation }] };
  await before.apply(model(wide));
  expect(await pass(before, narrow)).toMatchObject({ problems: [], again: true });
  const both = { [first]: allocation, [second]: undefined };
  expect(placesInAws()).toEqual([both]);

  const after = await rig.start();
  const since = Number(owned(after)?.tags[TAG.entered]);
  const zones = { kind: 'zones', resource: 'load-balancer/nlb-internet-facing', at: since + 600_000 };
  expect(after.plan(model(narrow)).pending).toContainEqual(zones);
  const outcome = await pass(after, narrow);
  expect(outcome).toMatchObject({ problems: [] });
  expect(outcome).not.toHaveProperty('again');
  expect(placesInAws()).toEqual([both]);

  // The time is over.
  await after.apply(model(narrow));
  expect(placesInAws()).toEqual([{ [first]: allocation }]);
  expect(owned(after)?.tags).not.toHaveProperty(TAG.entered);
  expect(after.plan(model(narrow))).toMatchObject({ steps: [], pending: [] });
});

test('a change that is taken back while an NLB keeps an old zone leaves no zone behind', async () => {
  const controller = await rig.start();
  const [first = '', second = ''] = rig.seed.publicSubnetIds.toSorted();
  const [a, b] = [await elasticIp(controller), await elasticIp(controller)];
  const at = (subnet: string, allocation: string) => ({ subnets: [subnet], addresses: [{ subnet, allocation }] });
  await controller.apply(model(at(first, a)));
  await pass(controller, at(second, b));
  expect(placesInAws()).toEqual([{ [first]: a, [second]: b }]);
  await controller.apply(model(at(first, a)));
  expect(placesInAws()).toEqual([{ [first]: a }]);
  expect(controller.plan(model(at(first, a)))).toMatchObject({ steps: [], pending: [] });
});

test('the model knows the zones of an NLB that moves, and EC2 is not asked for them', async () => {
  const controller = await rig.start();
  const [first = '', second = ''] = rig.seed.publicSubnetIds.toSorted();
  await controller.apply(model({ subnets: [first] }));
  const asked: string[] = [];
  controller.clients.ec2.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        asked.push(commandName);
        return next(args);
      },
    { step: 'initialize', name: 'asked' },
  );
  await pass(controller, { subnets: [second] });
  expect(placesInAws()).toEqual([{ [first]: undefined, [second]: undefined }]);
  expect(asked).not.toContain('DescribeSubnetsCommand');
});

test('a process that stops when an NLB has entered its new zones lets the next one keep the old zone', async () => {
  const before = await rig.start();
  const [first = '', second = ''] = rig.seed.publicSubnetIds.toSorted();
  const allocation = await elasticIp(before);
  const narrow = { subnets: [first], addresses: [{ subnet: first, allocation }] };
  await before.apply(model({ subnets: [first, second] }));
  const both = { [first]: allocation, [second]: undefined };
  rig.kept.mayCall = () => {
    if (isDeepStrictEqual(placesInAws(), [both])) throw new LeaseLostError();
  };
  await pass(before, narrow);
  rig.kept.mayCall = () => undefined;
  expect(placesInAws()).toEqual([both]);
  await pass(await rig.start(), narrow);
  expect(placesInAws()).toEqual([both]);
});

test('if AWS refuses the new zones, the next pass tries again at once', async () => {
  const controller = await rig.start();
  const [first = '', second = ''] = rig.seed.publicSubnetIds.toSorted();
  const allocation = await elasticIp(controller);
  await controller.apply(model({ subnets: [first, second] }));
  refuseOnce(controller, allocation);
  const narrow = { subnets: [first], addresses: [{ subnet: first, allocation }] };
  expect(await pass(controller, narrow)).toMatchObject({ problems: [{ kind: 'cloud-refused' }] });
  expect(placesInAws()).toEqual([{ [first]: undefined, [second]: undefined }]);
  expect(await pass(controller, narrow)).toMatchObject({ problems: [] });
  expect(placesInAws()).toEqual([{ [first]: allocation, [second]: undefined }]);
});

/** AWS refuses the first call that names this Elastic IP, although it is free. */
function refuseOnce({ clients }: Controller, allocation: string): void {
  let isRefused = false;
  clients.elbv2.middlewareStack.add(
    (next) => (args) => {
      if (isRefused || !JSON.stringify(args.input).includes(allocation)) return next(args);
      isRefused = true;
      throw new AwsError({
        action: 'elasticloadbalancing:SetSubnets',
        code: 'ResourceInUse',
        kind: 'in-use',
        detail: 'no',
      });
    },
    { step: 'initialize', name: 'refusing' },
  );
}
