// The network of nodes and pods: one bridge with the nodes' addresses, and one network namespace per pod behind it. It is
// created in a sandbox, and ends with it. It has no packet filter, and no address translation.
import { mkdir, writeFile } from 'node:fs/promises';
import { AddressPool } from '../../aws/dataplane/address-pool.ts';
import { isInSandbox } from '../../sandbox.ts';
import { run } from '../run.ts';

/** A node's place in the network. Blocks and addresses are IPv4. */
export interface NodePlace {
  readonly address: string;
  /** The block of the node and its pods. Within it no router is needed. */
  readonly subnet: string;
  /** The block in `subnet` for the pods' addresses. */
  readonly podRange: string;
}

export interface PodAttachment {
  readonly address: string;
  /** The name of its network namespace, for `ip netns exec`. */
  readonly namespace: string;
  detach(): Promise<void>;
}

export interface PodNetwork {
  attach(node: NodePlace): Promise<PodAttachment>;
  /** Removes the network after all pods are detached. The sandbox may create another one. */
  remove(): Promise<void>;
}

const bridge = 'pods';

/** @throws an Error outside of a sandbox. */
export async function createPodNetwork(nodes: readonly NodePlace[]): Promise<PodNetwork> {
  if (!isInSandbox()) throw new Error('Expected a sandbox (enterSandbox) around a cluster whose pods run');
  // Names of network namespaces are mounts. Our own file system keeps them out of the machine's.
  await mkdir('/run/netns', { recursive: true });
  await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run/netns']);
  await ip([
    `link add ${bridge} type bridge`,
    `link set ${bridge} up`,
    ...nodes.map(({ address, subnet }) => `addr add ${address}/${prefixOf(subnet)} dev ${bridge}`),
  ]);
  // Pods reach pods of other subnets, cluster addresses and load balancers through their node.
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  await writeFile(`/proc/sys/net/ipv4/conf/${bridge}/send_redirects`, '0');
  await writeFile('/proc/sys/net/ipv4/conf/all/send_redirects', '0');

  const pools = new Map(nodes.map((node) => [node.address, new AddressPool(node.podRange)]));
  let attached = 0;
  return {
    attach: async (node) => {
      const pool = pools.get(node.address);
      const address = pool?.take();
      if (pool === undefined || address === undefined) throw new Error(`${node.podRange} has no free address`);
      attached += 1;
      const namespace = `pod-${attached}`;
      const detach = async (): Promise<void> => {
        pool.release(address);
        await run('ip', ['netns', 'delete', namespace]);
      };
      try {
        await connectPod(namespace, `pod${attached}`, address, node);
      } catch (error) {
        await detach().catch(() => {});
        throw error;
      }
      return { address, namespace, detach };
    },
    remove: async () => {
      await run('ip', ['link', 'delete', bridge]);
      await run('umount', ['/run/netns']);
    },
  };
}

/** Adds every address of a block to this machine, so that programs can listen there. */
export const ownBlock = (cidr: string): Promise<void> => ip([`route replace local ${cidr} dev lo`]);

async function connectPod(namespace: string, link: string, address: string, node: NodePlace): Promise<void> {
  await ip([
    `netns add ${namespace}`,
    `link add ${link} type veth peer name eth0 netns ${namespace}`,
    `link set ${link} master ${bridge} up`,
  ]);
  await ip(
    [
      'link set lo up',
      'link set eth0 up',
      `addr add ${address}/${prefixOf(node.subnet)} dev eth0`,
      `route add default via ${node.address}`,
    ],
    ['-n', namespace],
  );
}

async function ip(commands: readonly string[], where: readonly string[] = []): Promise<void> {
  await run('ip', [...where, '-batch', '-'], commands.join('\n'));
}

const prefixOf = (block: string): string => block.replace(/^.*\//, '');
