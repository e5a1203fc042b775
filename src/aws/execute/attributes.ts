import {
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Attributes, attributesDelta, defaultsOf } from '../attribute-defaults.ts';
import type { AwsClients } from '../clients.ts';
import type { Step } from '../diff/step.ts';
import { readAttributes } from '../inventory/describe.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { TargetGroupRecord } from '../inventory/records.ts';
import { toTagList } from '../tags.ts';
import type { Run } from './run.ts';
import { writeTags } from './tagging.ts';

type SetAttributes = Extract<Step, { kind: 'set-attributes' }>;
type Kind = SetAttributes['desired']['kind'];

export async function setAttributes(run: Run, { desired, fresh, tags }: SetAttributes): Promise<void> {
  const { clients, inventory } = run.context;
  const { kind, attributes } = desired;
  const arn = run.arnOf(desired.id);
  const delta = fresh
    ? attributes
    : attributesDelta(attributes, await readAttributes(clients, kind, arn), defaultsOf(desired));
  // If the answer gets lost, nobody knows whether they were set.
  remember(inventory, arn, { attributes: 'unknown' });
  if (Object.keys(delta).length > 0) await modify(clients, kind, arn, delta);
  const present = inventory.get(arn)?.tags ?? {};
  if (Object.entries(tags).some(([key, value]) => present[key] !== value)) await writeTags(run, arn, tags);
  remember(inventory, arn, {});
}

function remember(inventory: Inventory, arn: string, known: Pick<TargetGroupRecord, 'attributes'>): void {
  const record = inventory.get(arn);
  if (record?.kind !== 'target-group') return;
  const { attributes: _, ...others } = record;
  inventory.put({ ...others, ...known });
}

async function modify({ elbv2 }: AwsClients, kind: Kind, arn: string, delta: Attributes): Promise<void> {
  const list = toTagList(delta);
  if (kind === 'load-balancer') {
    await elbv2.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes: list }));
  } else {
    await elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes: list }));
  }
}
