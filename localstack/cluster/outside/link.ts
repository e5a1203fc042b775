// A link between the nodes and a machine outside of the cluster. The machine, named client, is a network namespace. It reaches
// a load balancer's address only while somebody answers its ARP requests: the kernel of the nodes does not.
import { writeFile } from 'node:fs/promises';
import { added, ip, ownBlock } from '../nodes/network.ts';

/** The name of the client's network namespace. */
export const clientNamespace = 'client';
/** Blocks of the link for load balancers: one of each family. */
const loadBalancerBlocks: readonly string[] = ['10.249.0.128/25', 'fd00:10:249::1:0/112'];
/** The part of these blocks that is MetalLB's default pool. The rest is for other pools. */
export const defaultPool: readonly string[] = ['10.249.0.128/26', 'fd00:10:249::1:0/120'];

const families = [
  { subnet: '10.249.0.0/24', router: '10.249.0.1', client: '10.249.0.2', ipVersion: 'ipv4' },
  { subnet: 'fd00:10:249::/64', router: 'fd00:10:249::1', client: 'fd00:10:249::2', ipVersion: 'ipv6' },
] as const;

const edge = 'edge';
/** After three requests without an answer, an address counts as unreachable. */
const arpRetryMs = 250;

/** Makes the link, in the sandbox of the nodes. @returns a function that removes it */
export async function createLink(): Promise<() => Promise<void>> {
  await ip([
    `netns add ${clientNamespace}`,
    `link add ${edge} type veth peer name eth0 netns ${clientNamespace}`,
    ...families.map((family) => added(family.router, family, edge)),
    `link set ${edge} up`,
  ]);
  // The nodes answer for the router's address, not for the addresses of load balancers.
  await writeFile(`/proc/sys/net/ipv4/conf/${edge}/arp_ignore`, '1');
  for (const block of loadBalancerBlocks) await ownBlock(block);
  await ip(
    [
      'link set lo up',
      'link set eth0 up',
      ...families.flatMap((family) => [added(family.client, family, 'eth0'), `route add default via ${family.router}`]),
      ...families.map(({ ipVersion }) => `ntable change name ${neighbours[ipVersion]} dev eth0 retrans ${arpRetryMs}`),
    ],
    ['-n', clientNamespace],
  );
  return () => ip([`netns delete ${clientNamespace}`]);
}

const neighbours = { ipv4: 'arp_cache', ipv6: 'ndisc_cache' } as const;
