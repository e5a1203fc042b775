// The zones of a region: Availability Zones, and a Local Zone and a Wavelength Zone that an account opts in to.
// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AvailabilityZone.html
import type { Input, Output } from '../service.ts';
import { AwsError } from '../service.ts';
import type { World } from '../world.ts';
import { invalidValue } from './errors.ts';
import { filtered } from './filters.ts';
import { flag, requiredText, texts } from './parameters.ts';

export interface AvailabilityZone {
  readonly name: string;
  readonly id: string;
}

export interface Zone extends AvailabilityZone {
  readonly type: 'availability-zone' | 'local-zone' | 'wavelength-zone';
  readonly group: string;
  readonly networkBorderGroup: string;
}

const directions: Readonly<Record<string, string>> = {
  north: 'n',
  south: 's',
  east: 'e',
  west: 'w',
  central: 'c',
  northeast: 'ne',
  northwest: 'nw',
  southeast: 'se',
  southwest: 'sw',
  gov: 'g',
  iso: 'i',
};

const shortName = (region: string): string =>
  region
    .split('-')
    .map((word) => directions[word] ?? word)
    .join('');

/**
 * A region's three zones: `us-east-1a` is `use1-az1`.
 * docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
 */
export function availabilityZones(region: string): readonly AvailabilityZone[] {
  return ['a', 'b', 'c'].map((letter, index) => ({
    name: `${region}${letter}`,
    id: `${shortName(region)}-az${index + 1}`,
  }));
}

/** Every region has a Local Zone in Boston, `us-east-1-bos-1a`, and a Wavelength Zone there. */
function allZones(region: string): readonly Zone[] {
  const short = shortName(region);
  const [local, wavelength] = [`${region}-bos-1`, `${region}-wl1-bos-wlz-1`];
  return [
    ...availabilityZones(region).map(
      (zone): Zone => ({
        ...zone,
        type: 'availability-zone',
        group: `${region}-zg-1`,
        networkBorderGroup: region,
      }),
    ),
    { name: `${local}a`, id: `${short}-bos1-az1`, type: 'local-zone', group: local, networkBorderGroup: local },
    {
      name: wavelength,
      id: `${short}-wl1-bos-wlz1`,
      type: 'wavelength-zone',
      group: wavelength,
      networkBorderGroup: wavelength,
    },
  ];
}

const optInStatus = ({ ec2 }: World, { type, group }: Zone): string =>
  type === 'availability-zone' ? 'opt-in-not-required' : ec2.zoneGroups.has(group) ? 'opted-in' : 'not-opted-in';

/** The zones where the account can have subnets. */
export function usableZones(world: World): readonly Zone[] {
  return allZones(world.region).filter((zone) => optInStatus(world, zone) !== 'not-opted-in');
}

/** The region in a zone's name. */
export function zoneType(world: World, name: string): Zone['type'] {
  return allZones(world.region).find((zone) => zone.name === name)?.type ?? 'availability-zone';
}

/** docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyAvailabilityZoneGroup.html */
export function modifyAvailabilityZoneGroup(world: World, input: Input): Output {
  const group = requiredText(input, 'GroupName');
  const status = requiredText(input, 'OptInStatus');
  const zone = allZones(world.region).find((each) => each.group === group && each.type !== 'availability-zone');
  if (zone === undefined) throw invalidValue(`Value (${group}) for parameter GroupName is invalid.`);
  if (status === 'opted-in') world.ec2.zoneGroups.add(group);
  // "To opt out of a Local Zone or Wavelength Zone group, contact AWS Support."
  else throw invalidValue(`Value (${status}) for parameter OptInStatus is invalid.`);
  return { return: true };
}

export function describeAvailabilityZones(world: World, input: Input): Output {
  const all = flag(input, 'AllAvailabilityZones') === true ? allZones(world.region) : usableZones(world);
  const names = texts(input, 'ZoneName');
  const ids = texts(input, 'ZoneId');
  const unknown = [
    ...names.filter((name) => !all.some((zone) => zone.name === name)),
    ...ids.filter((id) => !all.some((zone) => zone.id === id)),
  ];
  if (unknown.length > 0) {
    throw new AwsError('InvalidParameterValue', `Invalid availability zones: [${unknown.join(', ')}]`);
  }
  const chosen = all.filter(
    (zone) => (names.length === 0 && ids.length === 0) || names.includes(zone.name) || ids.includes(zone.id),
  );
  const zones = filtered<Zone>(
    input,
    {
      'zone-name': (zone) => zone.name,
      'zone-id': (zone) => zone.id,
      'zone-type': (zone) => zone.type,
      'region-name': () => world.region,
      'group-name': (zone) => zone.group,
      'opt-in-status': (zone) => optInStatus(world, zone),
      state: () => 'available',
    },
    undefined,
    chosen,
  );
  return { availabilityZoneInfo: zones.map((zone) => view(world, zone)) };
}

function view(world: World, zone: Zone): Output {
  const [parent] = availabilityZones(world.region);
  return {
    zoneName: zone.name,
    zoneId: zone.id,
    zoneState: 'available',
    zoneType: zone.type,
    regionName: world.region,
    groupName: zone.group,
    networkBorderGroup: zone.networkBorderGroup,
    optInStatus: optInStatus(world, zone),
    ...(zone.type === 'availability-zone' ? {} : { parentZoneName: parent?.name, parentZoneId: parent?.id }),
    messageSet: [],
  };
}
