// TagResources and UntagResources: each resource succeeds or fails by itself.
// docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html

import { z } from 'zod';
import { AwsError, type Input, type Output } from '../service.ts';
import { addTags, type TagErrors } from '../tags.ts';
import type { World } from '../world.ts';
import { invalidParameter, parse } from './requests.ts';
import { taggableResources } from './resources.ts';

const arns = z.array(z.string().regex(/^arn:/)).min(1).max(20);
const tagRequest = z.object({ ResourceARNList: arns, Tags: z.record(z.string(), z.string()) });
const untagRequest = z.object({ ResourceARNList: arns, TagKeys: z.array(z.string()).min(1).max(50) });

const errors: TagErrors = { invalid: invalidParameter, duplicate: invalidParameter, tooMany: invalidParameter };

export function tagResources(world: World, input: Input): Output {
  const { ResourceARNList, Tags } = parse(tagRequest, input);
  const tags = Object.entries(Tags).map(([key, value]) => ({ key, value }));
  if (tags.length === 0) throw invalidParameter('Tags: at least one is needed');
  return each(world, ResourceARNList, (onto) => addTags(onto, tags, errors));
}

export function untagResources(world: World, input: Input): Output {
  const { ResourceARNList, TagKeys } = parse(untagRequest, input);
  return each(world, ResourceARNList, (tags) => {
    for (const key of TagKeys) tags.delete(key);
  });
}

function each(world: World, wanted: readonly string[], change: (tags: Map<string, string>) => void): Output {
  const byArn = new Map([...taggableResources(world)].map(({ arn, tags }) => [arn, tags]));
  const failed: Record<string, Output> = {};
  for (const arn of wanted) {
    try {
      const tags = byArn.get(arn);
      if (tags === undefined) throw invalidParameter(`The resource ${arn} does not exist`);
      change(tags);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      failed[arn] = { StatusCode: error.status, ErrorCode: error.code, ErrorMessage: error.message };
    }
  }
  return { FailedResourcesMap: failed };
}
