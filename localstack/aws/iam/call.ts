// A call as IAM sees it: its resources and tags. If a request is malformed, its action refuses it later.
import { taggedKinds } from '../ec2/tags.ts';
import type { Input } from '../service.ts';
import { isRecord } from '../wire/record.ts';
import type { World } from '../world.ts';
import type { Asked } from './evaluate.ts';

export interface Call {
  readonly world: World;
  readonly action: string;
  readonly input: Input;
}

/** The permissions that a call needs. */
export type Needs = (call: Call) => readonly Asked[];

export type RequestTags = ReadonlyMap<string, string>;

export function text(input: Input, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function texts(input: Input, name: string): readonly string[] {
  return list(input[name]).filter((value) => typeof value === 'string');
}

export function records(input: Input, name: string): readonly Input[] {
  return list(input[name]).filter(isRecord);
}

/** The tags of a list of `{ Key, Value }`. */
export function tagsIn(input: Input, name: string): RequestTags {
  return new Map(records(input, name).map((tag) => [text(tag, 'Key') ?? '', text(tag, 'Value') ?? '']));
}

/** The tags of the resource; undefined if the resource does not exist (yet). */
function tagsOf({ elbv2, acm, ec2 }: World, arn: string): RequestTags | undefined {
  const known =
    elbv2.loadBalancers.get(arn) ??
    elbv2.listeners.get(arn) ??
    elbv2.rules.get(arn) ??
    elbv2.targetGroups.get(arn) ??
    acm.certificates.get(arn);
  if (known) return known.tags;
  const [, service, type, id = ''] = /^arn:[\w-]+:(\w+):[^:]*:[^:]*:([\w-]+)\/(.+)$/.exec(arn) ?? [];
  if (service !== 'ec2') return undefined;
  return taggedKinds(ec2)
    .find((kind) => kind.type === type)
    ?.records.get(id)?.tags;
}

/** The tags in a request. */
export interface TagContext {
  readonly requestTags?: RequestTags;
  /** Set if the request has only keys. */
  readonly tagKeys?: readonly string[];
  /** The action that creates the tagged resource. */
  readonly createAction?: string;
}

/**
 * @param action with its service: `ec2:CreateTags`
 * @param resource an ARN or `*`
 */
export function ask(world: World, action: string, resource: string, tags: TagContext = {}): Asked {
  const [service = ''] = action.split(':');
  const context = new Map<string, readonly string[]>();
  const put = (key: string, ...values: readonly string[]) => context.set(key.toLowerCase(), values);
  put('aws:RequestedRegion', world.region);
  for (const [key, value] of tagsOf(world, resource) ?? []) {
    put(`aws:ResourceTag/${key}`, value);
    put(`${service}:ResourceTag/${key}`, value);
  }
  for (const [key, value] of tags.requestTags ?? []) put(`aws:RequestTag/${key}`, value);
  const keys = [...(tags.requestTags?.keys() ?? []), ...(tags.tagKeys ?? [])];
  if (keys.length > 0) put('aws:TagKeys', ...keys);
  if (tags.createAction !== undefined) put(`${service}:CreateAction`, tags.createAction);
  return { action, resource, context };
}

/** For an action that can only be allowed for all resources. */
export const everything =
  (service: string): Needs =>
  ({ world, action }) => [ask(world, `${service}:${action}`, '*')];
