import {
  CreateTargetGroupCommand,
  DescribeTargetGroupsCommand,
  ModifyTargetGroupCommand,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { isAlreadyExists } from '../errors.ts';
import { targetGroupRecord } from '../inventory/read.ts';
import { isNlbProtocol } from '../model/nlb/protocol.ts';
import type { HealthCheck, ResourceId, Tags, TargetGroupResource } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import { toTagList } from '../tags.ts';
import { adopt } from './adopt.ts';
import type { Run, StepEnd } from './run.ts';

const matcherInput = (matcher: NonNullable<HealthCheck['matcher']>) =>
  'httpCode' in matcher ? { HttpCode: matcher.httpCode } : { GrpcCode: matcher.grpcCode };

const healthCheckInput = (check: HealthCheck) => ({
  HealthCheckEnabled: true,
  HealthCheckProtocol: check.protocol,
  ...(check.path === undefined ? {} : { HealthCheckPath: check.path }),
  HealthCheckPort: check.port,
  HealthCheckIntervalSeconds: check.intervalSeconds,
  HealthCheckTimeoutSeconds: check.timeoutSeconds,
  HealthyThresholdCount: check.healthyThreshold,
  UnhealthyThresholdCount: check.unhealthyThreshold,
  ...(check.matcher === undefined ? {} : { Matcher: matcherInput(check.matcher) }),
});

/** An ALB reaches instances and an NLB reaches an ALB by IPv4, which is AWS's default. */
const hasFamily = ({ spec: { targetType, protocol } }: TargetGroupResource): boolean =>
  targetType === 'ip' || (targetType === 'instance' && isNlbProtocol(protocol));

export async function createTargetGroup(run: Run, desired: TargetGroupResource, tags: Tags): Promise<StepEnd> {
  const { clients, inventory, membership } = run.context;
  const { name, targetType, protocol, protocolVersion, port, vpcId, ipAddressType, healthCheck } = desired.spec;
  const all = run.tags(desired.id, tags);
  try {
    // AWS answers a repeated request, equal also in its tags, with the existing resource. So it is ours.
    const { TargetGroups: [made] = [] } = await clients.elbv2.send(
      new CreateTargetGroupCommand({
        Name: name,
        TargetType: targetType,
        Protocol: protocol,
        ...(protocolVersion === undefined ? {} : { ProtocolVersion: protocolVersion }),
        Port: port,
        VpcId: vpcId,
        ...(hasFamily(desired) ? { IpAddressType: ipAddressType } : {}),
        ...healthCheckInput(healthCheck),
        Tags: toTagList(all),
      }),
    );
    if (made?.TargetGroupArn === undefined) throw new Error(`AWS gave no ARN for target group ${name}`);
    inventory.put(recordOf(made, desired.id, all, 'default'));
    // A new group has no members. Without this line its members would be read once without need.
    if (membership.members(made.TargetGroupArn) === undefined) membership.confirm(made.TargetGroupArn, []);
    run.bind(desired.id, made.TargetGroupArn);
    return { kind: 'done' };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { TargetGroups: [found] = [] } = await clients.elbv2.send(new DescribeTargetGroupsCommand({ Names: [name] }));
    const arn = found?.TargetGroupArn;
    if (found === undefined || arn === undefined) throw error;
    const record = (id: ResourceId, own: Tags) => recordOf(found, id, own, 'unknown');
    return await adopt(run, { arn, name, record }, { id: desired.id, tags: all }, () =>
      changeTargetGroup(run, desired, arn),
    );
  }
}

/** @param attributes what they are until they are set. Nothing is to be set if there is no tag of attributes. */
const recordOf = (found: TargetGroup, id: ResourceId, tags: Tags, attributes: 'default' | 'unknown') => ({
  ...targetGroupRecord(found, id, tags),
  ...(TAG.attributes in tags && { attributes }),
});

/** Only the health check can differ, because everything else is part of the name, and so of the id. */
export async function changeTargetGroup(run: Run, desired: TargetGroupResource, arn: string): Promise<void> {
  const { clients, inventory } = run.context;
  const { healthCheck } = desired.spec;
  await clients.elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn: arn, ...healthCheckInput(healthCheck) }));
  const record = inventory.get(arn);
  if (record?.kind === 'target-group') inventory.put({ ...record, checkPort: healthCheck.port });
}
