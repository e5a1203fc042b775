// The network of nodes and pods: one bridge with the nodes' addresses, and one network namespace per pod behind it. It is
// created in a sandbox, and ends with it. It has no packet filter, and no address translation.
import { mkdir, writeFile } from 'node:fs/promises';
import { AddressPool } from '../../aws/dataplane/address-pool.ts';
import { familyOf } from '../../aws/ec2/family.ts';
import { isInSandbox } from '../../sandbox.ts';
import { run } from '../run.ts';

interface FamilyPlace {
  readonly address: string;
  /** The block of the node and its pods, which reach each other without a router. */
  readonly subnet: string;
  /** The block in `subnet` for the pods' addresses. */
  readonly podRange: string;
}

/** A node's place in the network. Blocks and addresses are IPv4, and with `ipv6` also IPv6. */
export interface NodePlace extends FamilyPlace {
  readonly ipv6?: FamilyPlace | undefined;
}

export interface PodAttachment {
  /** One of each family of the node, IPv4 first. */
  readonly addresses: readonly string[];
  /** The name of its network namespace, for `ip netns exec`. */
  readonly namespace: string;
  detach(): Promise<void>;
}

export interface Sysctl {
  /** Such as `net.ipv4.ip_unprivileged_port_start`. */
  readonly name: string;
  readonly value: string;
}

export interface PodNetwork {
  attach(node: NodePlace, sysctls?: readonly Sysctl[]): Promise<PodAttachment>;
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
    ...nodes.flatMap(placesOf).map((place) => added(place.address, place, bridge)),
  ]);
  // Pods reach pods of other subnets, cluster addresses and load balancers through their node.
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  await writeFile('/proc/sys/net/ipv6/conf/all/forwarding', '1');
  await writeFile(`/proc/sys/net/ipv4/conf/${bridge}/send_redirects`, '0');
  await writeFile('/proc/sys/net/ipv4/conf/all/send_redirects', '0');

  const pools = new Map(nodes.flatMap(placesOf).map((place) => [place.address, new AddressPool(place.podRange)]));
  let attached = 0;
  return {
    attach: async (node, sysctls = []) => {
      const taken = placesOf(node).map((place) => ({ place, address: pools.get(place.address)?.take() }));
      attached += 1;
      const namespace = `pod-${attached}`;
      const detach = async (): Promise<void> => {
        for (const { place, address } of taken) if (address !== undefined) pools.get(place.address)?.release(address);
        await run('ip', ['netns', 'delete', namespace]);
      };
      try {
        const own = taken.map(({ place, address }): Own => {
          if (address === undefined) throw new Error(`${place.podRange} has no free address`);
          return { place, address };
        });
        await connectPod(namespace, `pod${attached}`, own);
        for (const sysctl of sysctls) await setIn(namespace, sysctl);
        return { addresses: own.map(({ address }) => address), namespace, detach };
      } catch (error) {
        await detach().catch(() => {});
        throw error;
      }
    },
    remove: async () => {
      await run('ip', ['link', 'delete', bridge]);
      await run('umount', ['/run/netns']);
    },
  };
}

/** Adds every address of a block to this machine, so that programs can listen there. */
export async function ownBlock(cidr: string): Promise<void> {
  await ip([`route replace local ${cidr} dev lo`]);
  // Unlike IPv4, IPv6 lets programs listen only at the interfaces' own addresses.
  await writeFile('/proc/sys/net/ipv6/ip_nonlocal_bind', '1');
}

const placesOf = (node: NodePlace): readonly FamilyPlace[] => (node.ipv6 ? [node, node.ipv6] : [node]);

/** Without the detection of duplicates, an IPv6 address is usable at once. */
export const added = (address: string, { subnet }: Pick<FamilyPlace, 'subnet'>, device: string): string =>
  `addr add ${address}/${prefixOf(subnet)} dev ${device}${familyOf(address) === 'ipv6' ? ' nodad' : ''}`;

/** An address of a pod. */
interface Own {
  readonly place: FamilyPlace;
  readonly address: string;
}

async function connectPod(namespace: string, link: string, own: readonly Own[]): Promise<void> {
  await ip([
    `netns add ${namespace}`,
    `link add ${link} type veth peer name eth0 netns ${namespace}`,
    `link set ${link} master ${bridge} up`,
  ]);
  await ip(
    [
      'link set lo up',
      'link set eth0 up',
      ...own.flatMap(({ place, address }) => [added(address, place, 'eth0'), `route add default via ${place.address}`]),
    ],
    ['-n', namespace],
  );
}

async function setIn(namespace: string, { name, value }: Sysctl): Promise<void> {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  await run('ip', ['netns', 'exec', namespace, 'sh', '-c', 'printf %s "$1" >"$2"', 'sysctl', value, path]);
}

export async function ip(commands: readonly string[], where: readonly string[] = []): Promise<void> {
  await run('ip', [...where, '-batch', '-'], commands.join('\n'));
}

const prefixOf = (block: string): string => block.replace(/^.*\//, '');
