import { DeleteCertificateCommand } from '@aws-sdk/client-acm';
import { DeleteSecurityGroupCommand } from '@aws-sdk/client-ec2';
import {
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { asHashed } from '../attribute-defaults.ts';
import { AwsError, isInUse, isNotFound } from '../errors.ts';
import { readAttributes } from '../inventory/describe.ts';
import { hash } from '../model/hash.ts';
import { isNetworkLoadBalancer } from '../network-arn.ts';
import { type OwnedResource, TAG } from '../observed.ts';
import type { Run, StepEnd } from './run.ts';

/** A resource that is already gone counts as deleted. A resource that is still in use has to wait. */
export async function deleteResource(run: Run, existing: OwnedResource): Promise<StepEnd> {
  try {
    if (existing.kind === 'load-balancer') await deleteLoadBalancer(run, existing);
    else await remove(run, existing);
  } catch (error) {
    if (isInUse(error)) {
      return { kind: 'in-use', held: { resource: existing.id, arn: existing.arn, detail: error.detail } };
    }
    if (!isNotFound(error)) throw error;
  }
  run.context.inventory.remove(existing.arn);
  return { kind: 'done' };
}

async function remove({ context: { clients } }: Run, { kind, arn }: OwnedResource): Promise<unknown> {
  switch (kind) {
    case 'load-balancer':
      return await clients.elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
    case 'listener':
      return await clients.elbv2.send(new DeleteListenerCommand({ ListenerArn: arn }));
    case 'rule':
      return await clients.elbv2.send(new DeleteRuleCommand({ RuleArn: arn }));
    case 'target-group':
      return await clients.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
    case 'security-group':
      return await clients.ec2.send(new DeleteSecurityGroupCommand({ GroupId: arn }));
    case 'certificate':
      return await clients.acm.send(new DeleteCertificateCommand({ CertificateArn: arn }));
    default:
      return kind satisfies never;
  }
}

/**
 * If the Gateway's configuration asked for deletion protection, we remove it with the Gateway. If someone else set it, it
 * stays, and the status reports it. The hash of the attributes that we set shows which case it is.
 */
async function deleteLoadBalancer(run: Run, existing: OwnedResource): Promise<void> {
  const { clients } = run.context;
  try {
    await remove(run, existing);
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'OperationNotPermitted') throw error;
    const current = await readAttributes(clients, 'load-balancer', existing.arn);
    const balancer = { isNetwork: isNetworkLoadBalancer(existing.arn), isInternal: existing.id.endsWith('internal') };
    const isOurs = existing.tags[TAG.attributes] === hash(asHashed(current, balancer));
    if (!isOurs) throw error;
    await clients.elbv2.send(
      new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: existing.arn,
        Attributes: [{ Key: 'deletion_protection.enabled', Value: 'false' }],
      }),
    );
    await remove(run, existing);
  }
}
