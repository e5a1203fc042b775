// The addresses of an NLB by its LoadBalancerConfiguration: made, changed, put right after a change by hand, and left as they are
// where AWS cannot change them.
import { AllocateAddressCommand, EC2Client } from '@aws-sdk/client-ec2';
import { SetSubnetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SubnetMapping as MappingInAws } from '../../localstack/aws/elbv2/state.ts';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import { elbv2Client } from '../../localstack/elbv2-client.ts';
import type { SubnetMapping } from '../../src/api/subnet-mappings.ts';
import { awsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { restartsAndGoes } from './support/lifetime.ts';
import { gateway, http, loadBalancerConfiguration, parametersRef } from './support/objects.ts';
import { programmed, readGateway, removeAndWait, waitForCondition } from './support/status.ts';

vi.setConfig({ testTimeout: 120_000 });

let rig: Rig;
let ec2: EC2Client;
beforeAll(async () => {
  rig = await startRig();
  ec2 = new EC2Client(clientOf(rig.aws));
});
afterAll(async () => {
  ec2.destroy();
  await rig.stop();
});

const tcp = { name: 'db', protocol: 'TCP', port: 5432 };
const udp = { name: 'dns', protocol: 'UDP', port: 53 };

const configured = (ns: string, listeners = [tcp]) =>
  gateway(ns, 'gw', listeners, { infrastructure: { parametersRef: parametersRef('own') } });

const configure = (ns: string, spec: Readonly<Record<string, unknown>>, ...subnetMappings: readonly SubnetMapping[]) =>
  rig.apply([loadBalancerConfiguration(ns, 'own', { ...spec, subnetMappings })]);

const networkOf = (ns: string) => awsOf(rig, `${ns}/gw`).loadBalancers.find(({ type }) => type === 'network');

/** What the NLB has in its subnets, by subnet. */
const placesOf = (ns: string, what: keyof MappingInAws): Readonly<Record<string, unknown>> =>
  Object.fromEntries((networkOf(ns)?.subnets ?? []).map((each) => [each.subnetId, each[what]]));

/** @param expected by subnet */
const eventuallyHas = (ns: string, what: keyof MappingInAws, expected: Readonly<Record<string, unknown>>) =>
  eventually(() => expect(placesOf(ns, what)).toEqual(expected));

async function elasticIp(): Promise<{ readonly eipAllocation: string; readonly ip: string }> {
  const { AllocationId: eipAllocation = '', PublicIp: ip = '' } = await ec2.send(
    new AllocateAddressCommand({ Domain: 'vpc' }),
  );
  return { eipAllocation, ip };
}

const statusOf = async (ns: string) => (await readGateway(rig, ns, 'gw'))?.status;

const addressesOf = async (ns: string) => (await statusOf(ns))?.addresses?.map(({ value }) => value).toSorted();

test('an internet-facing NLB has Elastic IPs; they change zone by zone, and nothing moves for one that is in use', async () => {
  const ns = await rig.freshNamespace('elastic');
  const [a, b, c, d] = [await elasticIp(), await elasticIp(), await elasticIp(), await elasticIp()];
  const [first = '', second = ''] = rig.seed.publicSubnetIds;
  const at = (one: { readonly eipAllocation?: string }, two: { readonly eipAllocation?: string }) =>
    configure(
      ns,
      { scheme: 'internet-facing' },
      { identifier: first, ...(one.eipAllocation !== undefined && { eipAllocation: one.eipAllocation }) },
      { identifier: second, ...(two.eipAllocation !== undefined && { eipAllocation: two.eipAllocation }) },
    );
  const has = (one: string | undefined, two: string | undefined) =>
    eventuallyHas(ns, 'allocationId', { [first]: one, [second]: two });
  await at({}, {});
  await rig.apply([configured(ns)]);
  await programmed(rig, configured(ns));
  const arn = networkOf(ns)?.arn;
  await has(undefined, undefined);

  await at(a, {});
  await has(a.eipAllocation, undefined);
  await at(a, b);
  await has(a.eipAllocation, b.eipAllocation);
  await eventually(async () => expect(await addressesOf(ns)).toEqual([a.ip, b.ip].toSorted()));
  await at(a, c);
  await has(a.eipAllocation, c.eipAllocation);
  await eventually(async () => expect(await addressesOf(ns)).toEqual([a.ip, c.ip].toSorted()));

  // Another NLB has `d`.
  const other = await rig.freshNamespace('other');
  await configure(other, { scheme: 'internet-facing' }, { identifier: first, eipAllocation: d.eipAllocation });
  await rig.apply([configured(other)]);
  await programmed(rig, configured(other));
  await at(a, d);
  await eventually(async () =>
    expect((await statusOf(ns))?.conditions?.map((each) => each.message).join(' ')).toContain(
      `${d.eipAllocation} is in use by`,
    ),
  );
  await has(a.eipAllocation, c.eipAllocation);
  await programmed(rig, configured(ns));
  // The other NLB has only one zone, which it cannot leave.
  await configure(other, { scheme: 'internet-facing' }, { identifier: first, eipAllocation: b.eipAllocation });
  const { message } = await waitForCondition(rig, configured(other), 'gatehouse.dev/UpToDate', 'False', 'Refused');
  expect(message).toContain('If there is only one zone, first add a second one.');
  expect(placesOf(other, 'allocationId')).toEqual({ [first]: d.eipAllocation });
  await removeAndWait(rig, configured(other));
  await has(a.eipAllocation, d.eipAllocation);
  expect(networkOf(ns)?.arn).toBe(arn);
  await restartsAndGoes(rig, configured(ns));
});

test('an internal NLB has private addresses, also in front of an ALB, which covers its zone and others', async () => {
  const ns = await rig.freshNamespace('private');
  const [first = '', second = ''] = rig.seed.privateSubnetIds.toSorted();
  const addressIn = (subnet: string, last: number): string => {
    const { cidrBlock = '' } = rig.aws.world().ec2.subnets.get(subnet) ?? {};
    return cidrBlock.replace(/\.\d+\.0\/\d+$/, (end) => `.${Number(end.split('.')[1]) + 15}.${last}`);
  };
  const at = (...addresses: readonly string[]) =>
    configure(
      ns,
      {},
      ...addresses.map((privateIPv4Allocation, index) => ({
        identifier: [first, second][index] ?? '',
        privateIPv4Allocation,
      })),
    );
  const [one, two, three] = [addressIn(first, 11), addressIn(second, 12), addressIn(second, 13)];
  const gw = configured(ns, [http(), tcp]);
  await at(one);
  await rig.apply([gw]);
  await programmed(rig, gw);
  await eventuallyHas(ns, 'privateIPv4Address', { [first]: one });
  const alb = () => awsOf(rig, `${ns}/gw`).loadBalancers.find(({ type }) => type === 'application');
  expect(new Set(alb()?.subnets.map(({ subnetId }) => subnetId))).toEqual(new Set(rig.seed.privateSubnetIds));
  await at(one, two);
  await eventuallyHas(ns, 'privateIPv4Address', { [first]: one, [second]: two });
  await at(one, three);
  await eventuallyHas(ns, 'privateIPv4Address', { [first]: one, [second]: three });
  await eventually(async () => expect(await addressesOf(ns)).toEqual([one, three].toSorted()));
  await at(one, '192.0.2.1');
  const { message } = await waitForCondition(rig, gw, 'gatehouse.dev/UpToDate', 'False', 'Refused');
  expect(message).toContain(`192.0.2.1 in subnet ${second}`);
  expect(placesOf(ns, 'privateIPv4Address')).toEqual({ [first]: one, [second]: three });
  await at(one, three);
  await waitForCondition(rig, gw, 'gatehouse.dev/UpToDate', 'True');
  await restartsAndGoes(rig, gw);
});

test('a dual-stack NLB has IPv6 addresses and prefixes, which change in place, also back after a change by hand', async () => {
  const ns = await rig.freshNamespace('dual');
  const [first = '', second = ''] = rig.seed.privateSubnetIds.toSorted();
  const block = (subnet: string): string =>
    rig.aws
      .world()
      .ec2.subnets.get(subnet)
      ?.ipv6?.cidrBlock.replace(/::\/64$/, '') ?? '';
  const at = (last: number) =>
    configure(
      ns,
      { ipAddressType: 'dualstack' },
      {
        identifier: first,
        ipv6Allocation: `${block(first)}::${last}`,
        sourceNatIPv6Prefix: `${block(first)}:${last}::/80`,
      },
      { identifier: second, sourceNatIPv6Prefix: 'auto_assigned' },
    );
  const has = async (last: number) => {
    await eventually(() => expect(placesOf(ns, 'iPv6Address')[first]).toBe(`${block(first)}::${last}`));
    await eventually(() =>
      expect(String(placesOf(ns, 'sourceNatIpv6Prefix')[first])).toMatch(`${block(first)}:${last}:`),
    );
  };
  const gw = configured(ns, [tcp, udp]);
  await at(11);
  await rig.apply([gw]);
  await programmed(rig, gw);
  await has(11);
  const arn = networkOf(ns)?.arn;
  await at(12);
  await has(12);
  await rig.restart({ flags: { 'audit-period': '5s' } });
  const byHand = elbv2Client(rig.aws.url, rig.seed.region);
  await byHand.send(
    new SetSubnetsCommand({
      LoadBalancerArn: arn,
      EnablePrefixForIpv6SourceNat: 'on',
      SubnetMappings: [
        { SubnetId: first, IPv6Address: `${block(first)}::13`, SourceNatIpv6Prefix: `${block(first)}:13::/80` },
        { SubnetId: second },
      ],
    }),
  );
  byHand.destroy();
  expect(placesOf(ns, 'iPv6Address')[first]).toBe(`${block(first)}::13`);
  await has(12);
  expect(networkOf(ns)?.arn).toBe(arn);
  // Without further audits.
  await rig.restart();
  await restartsAndGoes(rig, gw);
});

test('the API server refuses mappings that name a subnet or an Elastic IP twice, and mappings beside subnets', async () => {
  const ns = await rig.freshNamespace('refused');
  const mapping = { identifier: 'subnet-0a', eipAllocation: 'eipalloc-0a' };
  await expect(configure(ns, {}, mapping, { identifier: 'subnet-0a' })).rejects.toThrow('each identifier');
  await expect(configure(ns, {}, mapping, { ...mapping, identifier: 'subnet-0b' })).rejects.toThrow(
    'each eipAllocation',
  );
  await expect(configure(ns, { subnets: ['subnet-0a'] }, mapping)).rejects.toThrow('together with subnets');
  await expect(configure(ns, {}, { identifier: 'subnet-0a', privateIPv4Allocation: '10.0.0' })).rejects.toThrow(
    'privateIPv4Allocation',
  );
});
