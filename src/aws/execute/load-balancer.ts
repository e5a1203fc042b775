import {
  CreateLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  IpAddressType,
  type LoadBalancer,
  SetIpAddressTypeCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { isAlreadyExists } from '../errors.ts';
import { loadBalancerRecord } from '../inventory/read.ts';
import type { LoadBalancerResource, Tags } from '../model/resources.ts';
import { toTagList } from '../tags.ts';
import { adopt } from './adopt.ts';
import type { Run, StepEnd } from './run.ts';

const ipAddressType = ({ spec }: LoadBalancerResource): IpAddressType | undefined =>
  Object.values(IpAddressType).find((type) => type === spec.ipAddressType);

const groupsOf = (run: Run, { spec }: LoadBalancerResource): string[] =>
  spec.securityGroups.map((use) => ('group' in use ? run.arnOf(use.group) : use.groupId));

export async function createLoadBalancer(run: Run, desired: LoadBalancerResource, tags: Tags): Promise<StepEnd> {
  const { clients, inventory } = run.context;
  const { name, scheme, subnets } = desired.spec;
  const all = run.tags(desired.id, tags);
  try {
    // AWS answers a repeated request, equal also in its tags, with the existing resource. So it is ours.
    const { LoadBalancers: [made] = [] } = await clients.elbv2.send(
      new CreateLoadBalancerCommand({
        Name: name,
        Type: 'application',
        Scheme: scheme,
        IpAddressType: ipAddressType(desired),
        Subnets: [...subnets],
        SecurityGroups: groupsOf(run, desired),
        Tags: toTagList(all),
      }),
    );
    if (made?.LoadBalancerArn === undefined) throw new Error(`AWS gave no ARN for load balancer ${name}`);
    inventory.put(loadBalancerRecord(made, desired.id, all));
    run.bind(desired.id, made.LoadBalancerArn);
    return { kind: 'done' };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { LoadBalancers: [found] = [] } = await clients.elbv2.send(
      new DescribeLoadBalancersCommand({ Names: [name] }),
    );
    const arn = found?.LoadBalancerArn;
    if (found === undefined || arn === undefined) throw error;
    const record = (id: typeof desired.id, own: Tags) => loadBalancerRecord(found, id, own);
    return await adopt(run, { arn, name, record }, { id: desired.id, tags: all }, () => changeTo(run, desired, found));
  }
}

export async function changeLoadBalancer(run: Run, desired: LoadBalancerResource, arn: string): Promise<void> {
  const { LoadBalancers: [current] = [] } = await run.context.clients.elbv2.send(
    new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }),
  );
  if (current !== undefined) await changeTo(run, desired, current);
}

/** Only what differs is set, because each of these calls may move network interfaces. */
async function changeTo(run: Run, desired: LoadBalancerResource, current: LoadBalancer): Promise<void> {
  const { elbv2 } = run.context.clients;
  const { LoadBalancerArn } = current;
  const type = ipAddressType(desired);
  const groups = groupsOf(run, desired);
  const subnets = [...desired.spec.subnets];
  const otherType = current.IpAddressType !== type;
  const zones = (current.AvailabilityZones ?? []).flatMap(({ SubnetId }) => SubnetId ?? []);
  if (!sameSet(zones, subnets)) {
    await elbv2.send(
      new SetSubnetsCommand({ LoadBalancerArn, Subnets: subnets, ...(otherType ? { IpAddressType: type } : {}) }),
    );
    const record = run.context.inventory.get(LoadBalancerArn ?? '');
    if (record?.kind === 'load-balancer') run.context.inventory.put({ ...record, subnets });
  } else if (otherType) {
    await elbv2.send(new SetIpAddressTypeCommand({ LoadBalancerArn, IpAddressType: type }));
  }
  if (!sameSet(current.SecurityGroups ?? [], groups)) {
    await elbv2.send(new SetSecurityGroupsCommand({ LoadBalancerArn, SecurityGroups: groups }));
  }
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  new Set(a).symmetricDifference(new Set(b)).size === 0;
