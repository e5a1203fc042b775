import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { beforeEach, expect, test } from 'vitest';
import { readFaultPlan } from '../../../localstack/aws/faults/plan.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { type Controller, eachTestOnAws } from '../testing/aws-under-test.ts';
import { sentence } from '../words.ts';
import { HeldDeletions } from './held-deletions.ts';
import type { Held } from './run.ts';

const rig = eachTestOnAws({ releaseSeconds: 0 });

let controller: Controller;
let clock: FakeClock;
let deletions: HeldDeletions;
beforeEach(async () => {
  controller = await rig.start();
  clock = new FakeClock();
  deletions = new HeldDeletions(controller.clients, clock);
});

/** A deletion that AWS refuses because of another team's rule. */
async function heldByRule(): Promise<{
  readonly held: readonly Held[];
  readonly rule: string;
  readonly group: string;
}> {
  await controller.apply(rig.model());
  const ours = controller.inventory.owned('shop/web').find(({ kind }) => kind === 'security-group');
  const { ec2 } = controller.clients;
  const { GroupId: group = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'db', Description: 'db', VpcId: rig.seed.vpcId }),
  );
  const { SecurityGroupRules: [rule] = [] } = await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: group,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: ours?.arn }] }],
    }),
  );
  const { held } = await controller.apply(undefined);
  return { held, rule: rule?.SecurityGroupRuleId ?? '', group };
}

const words = async (held: readonly Held[]): Promise<string> => (await deletions.explain(held)).map(sentence).join(' ');

test('a deletion that waits names what it waits for, at first in the words of AWS', async () => {
  const { held, rule, group } = await heldByRule();
  rig.aws.calls.zero();
  expect(await words(held)).toMatch(
    /^AWS does not delete the security group sg-[0-9a-f]+ yet: .*sg-[0-9a-f]+ has a depend/,
  );
  // AWS's own use ends within seconds, so it makes no calls to look for other users yet.
  expect(rig.aws.calls.counts().total).toBe(0);
  await clock.advance(12_000);
  expect(await words(held)).toContain(`It is still used by rule ${rule} of security group ${group}.`);
});

test('who holds a deletion up is looked for once a minute, and the deletion tried ever more rarely', async () => {
  const { held } = await heldByRule();
  await deletions.explain(held);
  rig.aws.calls.zero();
  const waits: number[] = [];
  while (clock.monotonic() < 600_000) {
    const wait = deletions.retryMs(held);
    waits.push(wait);
    await clock.advance(wait);
    await deletions.explain(held);
  }
  expect(waits[0]).toBe(3000);
  expect(waits.at(-1)).toBe(60_000);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(rig.aws.calls.counts().total).toBeLessThanOrEqual(4 * 11);
});

test('a role that may not describe resources still gets the refused deletion reported', async () => {
  const { held } = await heldByRule();
  await deletions.explain(held);
  await clock.advance(12_000);
  const denied = {
    kind: 'error',
    status: 403,
    code: 'UnauthorizedOperation',
    service: 'ec2',
    action: 'Describe*',
  } as const;
  rig.aws.faults.set(readFaultPlan({ rules: [denied] }));
  expect(await words(held)).toContain('AWS does not delete the security group');
});
