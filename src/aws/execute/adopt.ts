// AWS answers "already exists" when the answer to our first create was lost, or when no list shows its result yet. The
// existing resource is ours if its tags say so, and then counts as created. Resources of others are never changed.
import { describeTags } from '../inventory/describe.ts';
import type { OwnedRecord } from '../inventory/records.ts';
import type { ResourceId, Tags } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import { ownerOf } from '../tags.ts';
import type { Run, StepEnd } from './run.ts';
import { writeTags } from './tagging.ts';

export interface Found {
  readonly arn: string;
  /** Its name in AWS. */
  readonly name: string;
  /** Present if AWS's list has shown them; otherwise they are read. */
  readonly tags?: Tags;
  readonly record: (id: ResourceId, tags: Tags) => OwnedRecord;
}

/**
 * @param desired its logical id, and the tags that it should have, with the hash of its spec
 * @param change updates the spec; called only if that hash differs
 */
export async function adopt(
  run: Run,
  found: Found,
  desired: { readonly id: ResourceId; readonly tags: Tags },
  change: (arn: string) => Promise<unknown>,
): Promise<StepEnd> {
  const { clients, cluster, inventory } = run.context;
  const { arn, name } = found;
  const tags = found.tags ?? (await describeTags(clients, [arn])).get(arn) ?? {};
  const owner = ownerOf(tags, cluster);
  if (owner.kind !== 'ours' || owner.gateway !== run.gateway || owner.id !== desired.id) {
    return { kind: 'failed', problems: [{ kind: 'name-taken', resource: desired.id, name, arn }] };
  }
  inventory.put(found.record(desired.id, tags));
  run.bind(desired.id, arn);
  if (tags[TAG.spec] !== desired.tags[TAG.spec]) {
    await change(arn);
    await writeTags(run, arn, desired.tags);
  }
  return { kind: 'done' };
}
