import type { ObjectKey } from '../../kube/object.ts';
import { TAG } from '../observed.ts';
import { hashJson } from './hash.ts';
import type { ModelOptions } from './options.ts';
import type { ResourceId, Tags } from './resources.ts';

const MAX_TAG_VALUE = 256;

/** The value of the gateway tag: the key itself, or `sha256:HEX` of it where that is too long for a tag. */
export function gatewayTagValue(gateway: ObjectKey): string {
  return gateway.length <= MAX_TAG_VALUE ? gateway : `sha256:${hashJson(gateway)}`;
}

/** The tags of what the whole cluster shares. */
export function clusterTags(options: ModelOptions, id: ResourceId): Tags {
  return { [TAG.cluster]: options.clusterName, [TAG.clusterUid]: options.clusterUid, [TAG.resource]: id };
}

/** The tags of what belongs to one Gateway: the user's, and those that carry ownership. Hash tags are the diff's. */
export function gatewayTags(options: ModelOptions, gateway: ObjectKey, user: Tags, id: ResourceId): Tags {
  return { ...user, ...clusterTags(options, id), [TAG.gateway]: gatewayTagValue(gateway) };
}
