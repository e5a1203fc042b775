// The instances of the demo VPC as nodes of the cluster. Their pods have addresses of the VPC, as with AWS's CNI plugin:
// secondary addresses of the instance's network interface. https://docs.aws.amazon.com/eks/latest/best-practices/vpc-cni.html
import { blockSize, parseBlock4, toAddress } from './aws/ec2/addresses.ts';
import { assignAddresses, assignPrefixes } from './aws/ec2/network-interfaces.ts';
import type { NetworkInterface, Subnet } from './aws/ec2/state.ts';
import type { Seed } from './aws/seed.ts';
import type { World } from './aws/world.ts';
import type { NodePlan } from './cluster/nodes/node.ts';

type Facts = Required<Pick<NodePlan, 'name' | 'labels' | 'providerId'>>;

/** The fields that the cloud's own controller sets on a node. */
export const nodeFacts = ({ region }: Seed, { zone, instanceId }: Seed['nodes'][number], index: number): Facts => ({
  name: `node-${index + 1}`,
  labels: { 'topology.kubernetes.io/region': region, 'topology.kubernetes.io/zone': zone },
  providerId: `aws:///${zone}/${instanceId}`,
});

/**
 * Delegates the instances' subnets to them, as AWS's CNI plugin does prefix by prefix: all addresses except the first ones
 * are for pods.
 */
export function delegateSubnets({ ec2 }: World, seed: Seed): void {
  for (const { instanceId } of seed.nodes) {
    const nic = ec2.networkInterfaces.get(ec2.instances.get(instanceId)?.networkInterfaceIds[0] ?? '');
    const block = parseBlock4(ec2.subnets.get(nic?.subnetId ?? '')?.cidrBlock ?? '');
    if (!nic || !block) throw new Error(`Expected ${instanceId} to be in a subnet`);
    // AWS reserves addresses of the first and the last prefix, and others use some of them.
    assignPrefixes(ec2, nic, [], blockSize(block) / prefixSize - 2);
  }
}

/** Gives each node a /80 prefix of the subnet, as AWS delegates prefixes. The node's own address is the first. */
function placeIn6(nic: NetworkInterface, { ipv6 }: Subnet, index: number): NodePlan['ipv6'] {
  if (!ipv6) return undefined;
  const prefix = ipv6.cidrBlock.replace(/::\/64$/, `:${(index + 1).toString(16)}::`);
  const address = `${prefix}1`;
  nic.ipv6Addresses = [address];
  nic.ipv6Prefixes = [`${prefix}/80`];
  return { address, subnet: ipv6.cidrBlock, podRange: `${prefix}1:0/112` };
}

const prefixSize = 16;

/** At the end of the subnet, because others get their addresses from its beginning. */
const podPrefix = 25;

/** Each instance's place, with its own range for pods. */
export function nodePlans({ ec2 }: World, seed: Seed): readonly NodePlan[] {
  const rangesOf = new Map<string, number>();
  return seed.nodes.map((node, index) => {
    const nic = ec2.networkInterfaces.get(ec2.instances.get(node.instanceId)?.networkInterfaceIds[0] ?? '');
    const subnet = ec2.subnets.get(nic?.subnetId ?? '');
    const block = parseBlock4(subnet?.cidrBlock ?? '');
    if (!nic || !subnet || !block) throw new Error(`Expected ${node.instanceId} to be in a subnet`);
    const taken = (rangesOf.get(subnet.id) ?? 0) + 1;
    rangesOf.set(subnet.id, taken);
    const size = 2 ** (32 - podPrefix);
    const base = block.base + blockSize(block) - taken * size;
    // A pod can't have the subnet's last address, or the ends of the range.
    const addresses = Array.from({ length: size - 2 }, (_, offset) => toAddress(base + 1 + offset));
    assignAddresses(ec2, nic, addresses, 0);
    return {
      ...nodeFacts(seed, node, index),
      address: node.privateIp,
      subnet: subnet.cidrBlock,
      podRange: `${toAddress(base)}/${podPrefix}`,
      ipv6: placeIn6(nic, subnet, index),
    };
  });
}
