import type { Service } from '../service.ts';
import type { World } from '../world.ts';
import { getResources } from './get-resources.ts';
import type { LaggingIndex } from './lagging-index.ts';
import { getTagKeys, getTagValues } from './tag-keys.ts';
import { tagResources, untagResources } from './tag-resources.ts';

/** Resource Groups Tagging. docs.aws.amazon.com/resourcegroupstagging/latest/APIReference */
export function taggingService(world: World, index: LaggingIndex): Service {
  return {
    name: 'tagging',
    protocol: 'json',
    namespace: 'ResourceGroupsTaggingAPI_20170126',
    actions: {
      GetResources: (input) => getResources(index, input),
      GetTagKeys: (input) => getTagKeys(index, input),
      GetTagValues: (input) => getTagValues(index, input),
      TagResources: (input) => tagResources(world, input),
      UntagResources: (input) => untagResources(world, input),
    },
  };
}
