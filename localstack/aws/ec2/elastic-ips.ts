// Elastic IP addresses: an internet-facing Network Load Balancer can use them instead of addresses that AWS chooses.
import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { parseBlock4, toAddress } from './addresses.ts';
import { answer, select } from './describe.ts';
import { find, idKinds, newId } from './ids.ts';
import { requiredText } from './parameters.ts';
import type { Ec2State, ElasticIp } from './state.ts';
import { tagSet, tagsFor } from './tag-specifications.ts';

/** A block that nobody uses on the internet: RFC 2544. */
const firstAddress = parseBlock4('198.18.0.0/15')?.base ?? 0;

function freePublicIp(ec2: Ec2State): string {
  const taken = new Set([...ec2.elasticIps.values()].map(({ publicIp }) => publicIp));
  let offset = 1;
  while (taken.has(toAddress(firstAddress + offset))) offset += 1;
  return toAddress(firstAddress + offset);
}

export function allocateAddress(world: World, input: Input): Output {
  const { ec2 } = world;
  const tags = tagsFor(input, 'elastic-ip');
  const made: ElasticIp = {
    id: newId(ec2, 'eipalloc'),
    publicIp: freePublicIp(ec2),
    networkInterfaceId: undefined,
    tags,
  };
  ec2.elasticIps.set(made.id, made);
  return { allocationId: made.id, publicIp: made.publicIp, domain: 'vpc' };
}

export function releaseAddress(world: World, input: Input): Output {
  const { elasticIps } = world.ec2;
  const found = find(idKinds.elasticIp, elasticIps, requiredText(input, 'AllocationId'));
  if (found.networkInterfaceId !== undefined) {
    throw new AwsError('InvalidIPAddress.InUse', `Address '${found.publicIp}' is in use.`);
  }
  elasticIps.delete(found.id);
  return { return: true };
}

export function describeAddresses(world: World, input: Input): Output {
  const page = select<ElasticIp>(input, {
    kind: idKinds.elasticIp,
    idParameter: 'AllocationId',
    records: world.ec2.elasticIps,
    filters: {
      'allocation-id': ({ id }) => id,
      'public-ip': ({ publicIp }) => publicIp,
      'network-interface-id': ({ networkInterfaceId }) => networkInterfaceId,
      domain: () => 'vpc',
    },
  });
  return answer('addressesSet', page, (elasticIp) => view(world.ec2, elasticIp));
}

function view(ec2: Ec2State, { id, publicIp, networkInterfaceId, tags }: ElasticIp): Output {
  const used = ec2.networkInterfaces.get(networkInterfaceId ?? '');
  return {
    allocationId: id,
    publicIp,
    domain: 'vpc',
    associationId: used && id.replace('eipalloc-', 'eipassoc-'),
    networkInterfaceId: used?.id,
    privateIpAddress: used?.privateIpAddresses[0],
    tagSet: tagSet(tags),
  };
}
