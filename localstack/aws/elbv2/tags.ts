import { type Action, AwsError, type Input } from '../service.ts';
import { addTags, type Tag } from '../tags.ts';
import type { World } from '../world.ts';
import { arnKind } from './arns.ts';
import { validationError } from './errors.ts';
import { findListener, findLoadBalancer, findRule, findTargetGroup, findTrustStore } from './find.ts';
import { nonEmpty, records, requiredText, text, texts } from './input.ts';
import type { Elbv2State, Taggable } from './state.ts';

const refusals = {
  invalid: validationError,
  tooMany: (message: string) => new AwsError('TooManyTags', message),
  duplicate: (message: string) => new AwsError('DuplicateTagKeys', message),
  malformed: validationError,
};

function readTags(input: Input): readonly Tag[] {
  return (records(input, 'Tags') ?? []).map((tag) => ({
    key: requiredText(tag, 'Key'),
    value: text(tag, 'Value') ?? '',
  }));
}

/** Checks and returns the tags of a call that creates a resource. */
export function tagsOf(input: Input): Map<string, string> {
  const tags = new Map<string, string>();
  addTags(tags, readTags(input), refusals);
  return tags;
}

export function sameTags(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function taggable(state: Elbv2State, arn: string): Taggable {
  const kind = arnKind(arn);
  switch (kind) {
    case 'load balancer':
      return findLoadBalancer(state, arn);
    case 'listener':
      return findListener(state, arn);
    case 'listener rule':
      return findRule(state, arn);
    case 'target group':
      return findTargetGroup(state, arn);
    case 'trust store':
      return findTrustStore(state, arn);
    case undefined:
      throw validationError(`'${arn}' is not a valid ARN`);
  }
  return kind satisfies never;
}

const maxDescribed = 20;

export function tagActions(world: World): Record<string, Action> {
  const state = world.elbv2;
  const resources = (input: Input) =>
    nonEmpty(texts(input, 'ResourceArns'), 'ResourceArns').map((arn) => taggable(state, arn));
  return {
    AddTags(input) {
      const tags = nonEmpty(readTags(input), 'Tags');
      const onto = resources(input);
      // Copies are tried first, so that all resources get the tags, or none.
      for (const resource of onto) addTags(new Map(resource.tags), tags, refusals);
      for (const resource of onto) addTags(resource.tags, tags, refusals);
      return {};
    },
    RemoveTags(input) {
      const keys = nonEmpty(texts(input, 'TagKeys'), 'TagKeys');
      for (const resource of resources(input)) for (const key of keys) resource.tags.delete(key);
      return {};
    },
    DescribeTags(input) {
      if ((texts(input, 'ResourceArns') ?? []).length > maxDescribed) {
        throw validationError(`At most ${maxDescribed} resource ARNs can be specified`);
      }
      const described = resources(input).map(({ arn, tags }) => ({
        ResourceArn: arn,
        Tags: [...tags].map(([Key, Value]) => ({ Key, Value })),
      }));
      return { TagDescriptions: described };
    },
  };
}
