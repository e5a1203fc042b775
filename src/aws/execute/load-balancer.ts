import {
  CreateLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  IpAddressType,
  type LoadBalancer,
  SetIpAddressTypeCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
  type SetSubnetsCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError, isAlreadyExists, isInUse, isRefused } from '../errors.ts';
import { keepsZonesUntil } from '../handover.ts';
import { loadBalancerRecord, withPlaces } from '../inventory/read.ts';
import type { LoadBalancerResource, Tags } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import { toTagList } from '../tags.ts';
import { adopt } from './adopt.ts';
import { checkFree, checkMoves } from './free-addresses.ts';
import type { Run, StepEnd } from './run.ts';
import { movesElasticIp, type Placement, placement, placementsBack, placementsTo } from './subnet-changes.ts';
import { writeTags } from './tagging.ts';

const ipAddressType = ({ spec }: LoadBalancerResource): IpAddressType | undefined =>
  Object.values(IpAddressType).find((type) => type === spec.ipAddressType);

const groupsOf = (run: Run, { spec }: LoadBalancerResource): string[] =>
  spec.securityGroups.map((use) => ('group' in use ? run.arnOf(use.group) : use.groupId));

/** Whether `off` is desired. AWS's default is on, and the create call cannot change it. */
const passesPrivateLink = ({ spec }: LoadBalancerResource): boolean => spec.enforceOnPrivateLink === 'off';

export async function createLoadBalancer(run: Run, desired: LoadBalancerResource, tags: Tags): Promise<StepEnd> {
  const { clients, inventory } = run.context;
  const { name, type = 'application', scheme, prefixForIpv6SourceNat } = desired.spec;
  // The tag says that the whole spec is set. If a second call is needed, the tag is written after it.
  const { [TAG.spec]: spec = '', ...others } = tags;
  const isWhole = !passesPrivateLink(desired);
  const all = run.tags(desired.id, isWhole ? tags : others);
  try {
    // AWS answers a repeated request, equal also in its tags, with the existing resource. So it is ours.
    const { LoadBalancers: [made] = [] } = await clients.elbv2.send(
      new CreateLoadBalancerCommand({
        Name: name,
        Type: type,
        Scheme: scheme,
        IpAddressType: ipAddressType(desired),
        ...placement(desired.spec),
        SecurityGroups: groupsOf(run, desired),
        ...(prefixForIpv6SourceNat !== undefined && { EnablePrefixForIpv6SourceNat: prefixForIpv6SourceNat }),
        Tags: toTagList(all),
      }),
    );
    const arn = made?.LoadBalancerArn;
    if (made === undefined || arn === undefined) throw new Error(`AWS gave no ARN for load balancer ${name}`);
    inventory.put(loadBalancerRecord(made, desired.id, all));
    run.bind(desired.id, arn);
    if (isWhole) return { kind: 'done' };
    await setSecurityGroups(run, desired, arn);
    await writeTags(run, arn, { [TAG.spec]: spec });
    return { kind: 'done' };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { LoadBalancers: [found] = [] } = await clients.elbv2.send(
      new DescribeLoadBalancersCommand({ Names: [name] }),
    );
    const arn = found?.LoadBalancerArn;
    if (found === undefined || arn === undefined) throw error;
    const record = (id: typeof desired.id, own: Tags) => loadBalancerRecord(found, id, own);
    const wanted = { id: desired.id, tags: run.tags(desired.id, tags) };
    return await adopt(run, { arn, name, record }, wanted, () => changeTo(run, desired, found));
  }
}

/** The tag says that the whole spec is set, so it is not written while the NLB keeps an old zone. */
export async function changeLoadBalancer(
  run: Run,
  desired: LoadBalancerResource,
  arn: string,
  tags: Tags,
): Promise<StepEnd> {
  const { clients, inventory, clock, handover } = run.context;
  const { LoadBalancers: [current] = [] } = await clients.elbv2.send(
    new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }),
  );
  const { tags: present = {} } = inventory.get(arn) ?? {};
  const keeps = keepsZonesUntil({ tags: present }, clock.now(), handover) !== undefined;
  const isWhole = current === undefined || (await changeTo(run, desired, current, keeps));
  if (isWhole) await writeTags(run, arn, tags, TAG.entered in present ? [TAG.entered] : []);
  return isWhole || keeps ? { kind: 'done' } : { kind: 'done', again: true };
}

/**
 * Sets only differences, because each of these calls may move network interfaces.
 * @param keeps whether its subnets and addresses stay for now
 * @returns whether all is set
 */
async function changeTo(
  run: Run,
  desired: LoadBalancerResource,
  current: LoadBalancer,
  keeps = false,
): Promise<boolean> {
  const { elbv2 } = run.context.clients;
  const { LoadBalancerArn = '' } = current;
  const type = ipAddressType(desired);
  const groups = groupsOf(run, desired);
  const otherType = current.IpAddressType !== type;
  const { calls, isWhole } = keeps ? { calls: [], isWhole: false } : placementsTo(desired, current);
  checkMoves(current, calls);
  if (calls.length > 0 && (calls.length > 1 || !isWhole)) await checkFree(run.context.clients, desired.spec, current);
  const place = () => setSubnets(run, desired, current, calls, otherType);
  if (calls.length > 0) await (isWhole ? place() : noteEntered(run, LoadBalancerArn, place));
  else if (otherType) await elbv2.send(new SetIpAddressTypeCommand({ LoadBalancerArn, IpAddressType: type }));
  const enforces = current.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic === 'off';
  if (!sameSet(current.SecurityGroups ?? [], groups) || enforces !== passesPrivateLink(desired)) {
    await setSecurityGroups(run, desired, LoadBalancerArn);
  }
  return isWhole;
}

/** The tag is written first. Otherwise a process that stopped in between would let the next one leave the old zone at once. */
async function noteEntered(run: Run, arn: string, place: () => Promise<void>): Promise<void> {
  await writeTags(run, arn, { [TAG.entered]: String(run.context.clock.now()) });
  try {
    await place();
  } catch (error) {
    if (isRefused(error)) await writeTags(run, arn, {}, [TAG.entered]);
    throw error;
  }
}

/** If AWS refuses a call after the first one, the NLB gets back what it had, because it has left zones. */
async function setSubnets(
  run: Run,
  { spec, ...desired }: LoadBalancerResource,
  { LoadBalancerArn = '', AvailabilityZones: before = [] }: LoadBalancer,
  placements: readonly Placement[],
  otherType: boolean,
): Promise<void> {
  const { clients, inventory } = run.context;
  const { prefixForIpv6SourceNat } = spec;
  const others: Pick<SetSubnetsCommandInput, 'IpAddressType' | 'EnablePrefixForIpv6SourceNat'> = {
    ...(otherType ? { IpAddressType: ipAddressType({ spec, ...desired }) } : {}),
    // Prefixes stay after the last UDP listener, because AWS refuses to remove them while a UDP listener still exists.
    ...(prefixForIpv6SourceNat !== undefined && { EnablePrefixForIpv6SourceNat: prefixForIpv6SourceNat }),
  };
  let present = before;
  const place = async (each: Placement, more = {}): Promise<void> => {
    const { AvailabilityZones = [] } = await clients.elbv2.send(
      new SetSubnetsCommand({ LoadBalancerArn, ...each, ...more }),
    );
    present = AvailabilityZones;
    const record = inventory.get(LoadBalancerArn);
    if (record?.kind === 'load-balancer') inventory.put(withPlaces(record, AvailabilityZones));
  };
  try {
    for (const each of placements) await place(each, others);
  } catch (error) {
    // An Elastic IP that moves is in use until AWS has taken it from its old subnet. The next pass asks again.
    const isPassing = isInUse(error) && movesElasticIp(spec, before);
    if (present === before || !isRefused(error) || isPassing) throw error;
    try {
      for (const each of placementsBack(before, present)) await place(each);
    } catch (refusal) {
      if (!(refusal instanceof AwsError)) throw refusal;
    }
    throw error;
  }
}

async function setSecurityGroups(run: Run, desired: LoadBalancerResource, LoadBalancerArn: string): Promise<void> {
  const enforce = passesPrivateLink(desired) ? 'off' : 'on';
  await run.context.clients.elbv2.send(
    new SetSecurityGroupsCommand({
      LoadBalancerArn,
      SecurityGroups: groupsOf(run, desired),
      ...(desired.spec.type === 'network' && { EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: enforce }),
    }),
  );
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  new Set(a).symmetricDifference(new Set(b)).size === 0;
