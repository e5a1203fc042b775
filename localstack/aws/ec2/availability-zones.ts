import type { Input, Output } from '../service.ts';
import { AwsError } from '../service.ts';
import type { World } from '../world.ts';
import { filtered } from './filters.ts';
import { texts } from './parameters.ts';

export interface AvailabilityZone {
  readonly name: string;
  readonly id: string;
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

/** A region's three zones: `us-east-1a` is `use1-az1`. docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html */
export function availabilityZones(region: string): readonly AvailabilityZone[] {
  const short = region
    .split('-')
    .map((word) => directions[word] ?? word)
    .join('');
  return ['a', 'b', 'c'].map((letter, index) => ({ name: `${region}${letter}`, id: `${short}-az${index + 1}` }));
}

export function describeAvailabilityZones(world: World, input: Input): Output {
  const all = availabilityZones(world.region);
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
  const zones = filtered<AvailabilityZone>(
    input,
    {
      'zone-name': (zone) => zone.name,
      'zone-id': (zone) => zone.id,
      'zone-type': () => 'availability-zone',
      'region-name': () => world.region,
      'group-name': () => `${world.region}-zg-1`,
      'opt-in-status': () => 'opt-in-not-required',
      state: () => 'available',
    },
    undefined,
    chosen,
  );
  return {
    availabilityZoneInfo: zones.map((zone) => ({
      zoneName: zone.name,
      zoneId: zone.id,
      zoneState: 'available',
      zoneType: 'availability-zone',
      regionName: world.region,
      groupName: `${world.region}-zg-1`,
      networkBorderGroup: world.region,
      optInStatus: 'opt-in-not-required',
      messageSet: [],
    })),
  };
}
