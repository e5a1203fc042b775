// Elastic IP addresses: an internet-facing Network Load Balancer can use them instead of addresses that AWS chooses.
import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { parseBlock4, toAddress } from './addresses.ts';
import { usableZones } from './availability-zones.ts';
import { answer, select } from './describe.ts';
import { invalidValue } from './errors.ts';
import { find, idKinds, newId } from './ids.ts';
import { flag, requiredText, text, texts } from './parameters.ts';
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
  const networkBorderGroup = text(input, 'NetworkBorderGroup') ?? world.region;
  if (!usableZones(world).some((zone) => zone.networkBorderGroup === networkBorderGroup)) {
    throw invalidValue(`Value (${networkBorderGroup}) for parameter networkBorderGroup is invalid.`);
  }
  const made: ElasticIp = {
    id: newId(ec2, 'eipalloc'),
    publicIp: freePublicIp(ec2),
    networkBorderGroup,
    networkInterfaceId: undefined,
    tags,
  };
  ec2.elasticIps.set(made.id, made);
  return { allocationId: made.id, publicIp: made.publicIp, networkBorderGroup, domain: 'vpc' };
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

/** docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html */
export function associateAddress({ ec2 }: World, input: Input): Output {
  const elasticIp = find(idKinds.elasticIp, ec2.elasticIps, requiredText(input, 'AllocationId'));
  const networkInterface = find(
    idKinds.networkInterface,
    ec2.networkInterfaces,
    requiredText(input, 'NetworkInterfaceId'),
  );
  const holder = elasticIp.networkInterfaceId;
  checkNotOfService(ec2, elasticIp);
  if (holder !== undefined && holder !== networkInterface.id && flag(input, 'AllowReassociation') === false) {
    throw new AwsError(
      'Resource.AlreadyAssociated',
      `resource ${elasticIp.id} is already associated with associate-id ${associationId(elasticIp)}`,
    );
  }
  elasticIp.networkInterfaceId = networkInterface.id;
  return { return: true, associationId: associationId(elasticIp) };
}

export function disassociateAddress({ ec2 }: World, input: Input): Output {
  const id = requiredText(input, 'AssociationId');
  const elasticIp = [...ec2.elasticIps.values()].find(
    (each) => each.networkInterfaceId !== undefined && associationId(each) === id,
  );
  if (!elasticIp) {
    throw new AwsError('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
  }
  checkNotOfService(ec2, elasticIp);
  elasticIp.networkInterfaceId = undefined;
  return { return: true };
}

/** A load balancer keeps its address until it is deleted. */
function checkNotOfService(ec2: Ec2State, { networkInterfaceId }: ElasticIp): void {
  if (ec2.networkInterfaces.get(networkInterfaceId ?? '')?.requesterManaged === true) {
    throw new AwsError('AuthFailure', 'You do not have permission to access the specified resource.', 403);
  }
}

const associationId = ({ id }: ElasticIp): string => id.replace('eipalloc-', 'eipassoc-');

export function describeAddresses(world: World, input: Input): Output {
  const publicIps = texts(input, 'PublicIp');
  const known = [...world.ec2.elasticIps.values()];
  for (const address of publicIps) {
    if (known.some(({ publicIp }) => publicIp === address)) continue;
    throw new AwsError('InvalidAddress.NotFound', `Address '${address}' not found.`);
  }
  const named = known.filter(({ publicIp }) => publicIps.length === 0 || publicIps.includes(publicIp));
  const page = select<ElasticIp>(input, {
    kind: idKinds.elasticIp,
    idParameter: 'AllocationId',
    records: new Map(named.map((each) => [each.id, each])),
    filters: {
      'allocation-id': ({ id }) => id,
      'public-ip': ({ publicIp }) => publicIp,
      'network-border-group': ({ networkBorderGroup }) => networkBorderGroup,
      'network-interface-id': ({ networkInterfaceId }) => networkInterfaceId,
      domain: () => 'vpc',
    },
  });
  return answer('addressesSet', page, (elasticIp) => view(world.ec2, elasticIp));
}

function view(ec2: Ec2State, elasticIp: ElasticIp): Output {
  const { id, publicIp, networkBorderGroup, networkInterfaceId, tags } = elasticIp;
  const used = ec2.networkInterfaces.get(networkInterfaceId ?? '');
  return {
    allocationId: id,
    publicIp,
    domain: 'vpc',
    networkBorderGroup,
    associationId: used && associationId(elasticIp),
    instanceId: used?.attachment?.instanceId,
    networkInterfaceId: used?.id,
    privateIpAddress: used?.privateIpAddresses[0],
    tagSet: tagSet(tags),
  };
}
