// docs.aws.amazon.com/service-authorization/latest/reference/list_amazonresourcegrouptaggingapi.html
import { isRecord } from '../wire/record.ts';
import { ask, type Call, everything, type Needs, type RequestTags, type TagContext, texts } from './call.ts';
import type { Asked } from './evaluate.ts';

interface TagActions {
  readonly TagResources: string;
  readonly UntagResources: string;
}

/** Tagging through this API also needs the service's own permission. */
const own: Readonly<Record<string, TagActions>> = {
  elasticloadbalancing: { TagResources: 'AddTags', UntagResources: 'RemoveTags' },
  ec2: { TagResources: 'CreateTags', UntagResources: 'DeleteTags' },
  acm: { TagResources: 'AddTagsToCertificate', UntagResources: 'RemoveTagsFromCertificate' },
};

function onEach({ world, input }: Call, action: keyof TagActions, tags: TagContext): readonly Asked[] {
  const each = texts(input, 'ResourceARNList').map((arn) => {
    const [, , service = ''] = arn.split(':');
    return ask(world, `${service}:${own[service]?.[action] ?? action}`, arn, tags);
  });
  return [ask(world, `tag:${action}`, '*', tags), ...each];
}

function tagsGiven({ input }: Call): RequestTags {
  const tags = input['Tags'];
  return new Map(isRecord(tags) ? Object.entries(tags).map(([key, value]) => [key, String(value)]) : []);
}

export const taggingResources: Readonly<Record<string, Needs>> = {
  TagResources: (call) => onEach(call, 'TagResources', { requestTags: tagsGiven(call) }),
  UntagResources: (call) => onEach(call, 'UntagResources', { tagKeys: texts(call.input, 'TagKeys') }),
};

/** The reads have no narrower scope. */
export const taggingOthers: Needs = everything('tag');
