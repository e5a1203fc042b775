// docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html

import { z } from 'zod';
import { AwsError, type Input, type Output } from '../service.ts';
import type { IndexEntry, LaggingIndex } from './lagging-index.ts';
import { invalidParameter, parse } from './requests.ts';
import { isOfType } from './resources.ts';

const request = z.object({
  PaginationToken: z.string().optional(),
  TagFilters: z
    .array(z.object({ Key: z.string().min(1).max(128), Values: z.array(z.string().max(256)).max(20).default([]) }))
    .max(50)
    .default([]),
  ResourcesPerPage: z.int().min(1).max(100).optional(),
  TagsPerPage: z.int().min(100).max(500).optional(),
  ResourceTypeFilters: z
    .array(z.string().regex(/^[A-Za-z0-9_.-]+(:[A-Za-z0-9_./-]+)?$/))
    .max(100)
    .default([]),
  ResourceARNList: z.array(z.string()).max(100).default([]),
});

type Request = z.infer<typeof request>;

const defaultPerPage = 50;

export function getResources(index: LaggingIndex, input: Input): Output {
  const asked = parse(request, input);
  checkCombination(asked);
  const { entries, token } = page(index.entries(), asked.PaginationToken ?? '', (entry) => isAsked(entry, asked), {
    resources: asked.ResourcesPerPage ?? defaultPerPage,
    tags: asked.TagsPerPage ?? Number.POSITIVE_INFINITY,
  });
  return {
    PaginationToken: token,
    ResourceTagMappingList: entries.map(({ arn, tags }) => ({
      ResourceARN: arn,
      Tags: [...tags].map(([Key, Value]) => ({ Key, Value })),
    })),
  };
}

function checkCombination(asked: Request): void {
  if (asked.ResourceARNList.length === 0) return;
  const isPaged =
    asked.ResourcesPerPage !== undefined || asked.TagsPerPage !== undefined || (asked.PaginationToken ?? '') !== '';
  if (asked.TagFilters.length > 0 || asked.ResourceTypeFilters.length > 0 || isPaged) {
    throw invalidParameter('ResourceARNList cannot be used together with filters or pages');
  }
}

/** Every tag filter must match one of its values. A filter without values matches any value of the key. */
function isAsked({ arn, tags }: IndexEntry, asked: Request): boolean {
  const { ResourceARNList: arns, ResourceTypeFilters: types, TagFilters: filters } = asked;
  if (arns.length > 0 && !arns.includes(arn)) return false;
  if (types.length > 0 && !types.some((type) => isOfType(arn, type))) return false;
  return filters.every(({ Key, Values }) => {
    const value = tags.get(Key);
    return value !== undefined && (Values.length === 0 || Values.includes(value));
  });
}

/** Sorted by ARN, so that changes between two pages hide nothing. The last page's token is empty. */
function page(
  all: Iterable<IndexEntry>,
  token: string,
  isWanted: (entry: IndexEntry) => boolean,
  max: { readonly resources: number; readonly tags: number },
): { readonly entries: readonly IndexEntry[]; readonly token: string } {
  const after = decodeToken(token);
  const rest = [...all]
    .filter((entry) => entry.arn > after && isWanted(entry))
    .toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
  const entries: IndexEntry[] = [];
  let tags = 0;
  for (const entry of rest) {
    tags += entry.tags.size;
    if (entries.length === max.resources || (tags > max.tags && entries.length > 0)) break;
    entries.push(entry);
  }
  const last = entries.at(-1);
  return { entries, token: last !== undefined && entries.length < rest.length ? encodeToken(last.arn) : '' };
}

export function encodeToken(after: string): string {
  return Buffer.from(JSON.stringify({ after })).toString('base64');
}

export function decodeToken(token: string): string {
  if (token === '') return '';
  try {
    return z.object({ after: z.string() }).parse(JSON.parse(Buffer.from(token, 'base64').toString())).after;
  } catch {
    throw new AwsError(
      'PaginationTokenExpiredException',
      'The specified pagination token is not valid or has expired.',
    );
  }
}
