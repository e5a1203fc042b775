import { AddTagsToCertificateCommand, RemoveTagsFromCertificateCommand } from '@aws-sdk/client-acm';
import { CreateTagsCommand, DeleteTagsCommand } from '@aws-sdk/client-ec2';
import { AddTagsCommand, RemoveTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Tags } from '../model/resources.ts';
import { toTagList } from '../tags.ts';
import type { Run } from './run.ts';

/** Writes tags of an existing resource, and remembers them. */
export async function writeTags(run: Run, arn: string, add: Tags, remove: readonly string[] = []): Promise<void> {
  const added = toTagList(add);
  if (added.length > 0) await addTags(run, arn, added);
  if (remove.length > 0) await removeTags(run, arn, remove);
  run.context.inventory.retag(arn, add, remove);
}

async function addTags(
  { context: { clients } }: Run,
  arn: string,
  Tags: { Key: string; Value: string }[],
): Promise<unknown> {
  const service = serviceOf(arn);
  switch (service) {
    case 'ec2':
      return await clients.ec2.send(new CreateTagsCommand({ Resources: [arn], Tags }));
    case 'acm':
      return await clients.acm.send(new AddTagsToCertificateCommand({ CertificateArn: arn, Tags }));
    case 'elasticloadbalancing':
      return await clients.elbv2.send(new AddTagsCommand({ ResourceArns: [arn], Tags }));
    default:
      return service satisfies never;
  }
}

async function removeTags({ context: { clients } }: Run, arn: string, keys: readonly string[]): Promise<unknown> {
  const Tags = keys.map((Key) => ({ Key }));
  const service = serviceOf(arn);
  switch (service) {
    case 'ec2':
      return await clients.ec2.send(new DeleteTagsCommand({ Resources: [arn], Tags }));
    case 'acm':
      return await clients.acm.send(new RemoveTagsFromCertificateCommand({ CertificateArn: arn, Tags }));
    case 'elasticloadbalancing':
      return await clients.elbv2.send(new RemoveTagsCommand({ ResourceArns: [arn], TagKeys: [...keys] }));
    default:
      return service satisfies never;
  }
}

/** Security groups are known by their id, not by an ARN. */
function serviceOf(arn: string): 'ec2' | 'acm' | 'elasticloadbalancing' {
  if (arn.startsWith('sg-')) return 'ec2';
  return arn.split(':')[2] === 'acm' ? 'acm' : 'elasticloadbalancing';
}
