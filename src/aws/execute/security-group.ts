import { CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { isAlreadyExists } from '../errors.ts';
import { securityGroups } from '../inventory/describe.ts';
import { securityGroupCandidate } from '../inventory/read.ts';
import type { SecurityGroupResource, Tags } from '../model/resources.ts';
import { fromTagList, toTagList } from '../tags.ts';
import { adopt } from './adopt.ts';
import type { Run, StepEnd } from './run.ts';

export async function createSecurityGroup(run: Run, desired: SecurityGroupResource, tags: Tags): Promise<StepEnd> {
  const { clients, inventory } = run.context;
  const { name, description, vpcId } = desired.spec;
  const all = run.tags(desired.id, tags);
  try {
    const { GroupId } = await clients.ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: name,
        Description: description,
        VpcId: vpcId,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: toTagList(all) }],
      }),
    );
    if (GroupId === undefined) throw new Error(`AWS gave no id for security group ${name}`);
    inventory.put({ kind: 'security-group', arn: GroupId, id: desired.id, tags: all, name });
    run.bind(desired.id, GroupId);
    return { kind: 'done' };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const [found] = await securityGroups(clients, [
      { Name: 'group-name', Values: [name] },
      { Name: 'vpc-id', Values: [vpcId] },
    ]);
    const [candidate] = found === undefined ? [] : securityGroupCandidate(found);
    if (found === undefined || candidate === undefined) throw error;
    const own = { ...candidate, name, tags: fromTagList(found.Tags) };
    // The spec cannot be changed in place. It is part of the name.
    return await adopt(run, own, { id: desired.id, tags: all }, async () => undefined);
  }
}
