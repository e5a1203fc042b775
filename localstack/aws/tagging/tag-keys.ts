// docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetTagKeys.html, API_GetTagValues.html

import { z } from 'zod';
import type { Input, Output } from '../service.ts';
import { decodeToken, encodeToken } from './get-resources.ts';
import type { LaggingIndex } from './lagging-index.ts';
import { parse } from './requests.ts';

const keysRequest = z.object({ PaginationToken: z.string().default('') });
const valuesRequest = keysRequest.extend({ Key: z.string().min(1).max(128) });

const perPage = 100;

export function getTagKeys(index: LaggingIndex, input: Input): Output {
  const { PaginationToken } = parse(keysRequest, input);
  const keys = [...index.entries()].flatMap(({ tags }) => [...tags.keys()]);
  const { found, token } = page(keys, PaginationToken);
  return { PaginationToken: token, TagKeys: found };
}

export function getTagValues(index: LaggingIndex, input: Input): Output {
  const { PaginationToken, Key } = parse(valuesRequest, input);
  const values = [...index.entries()].flatMap(({ tags }) => tags.get(Key) ?? []);
  const { found, token } = page(values, PaginationToken);
  return { PaginationToken: token, TagValues: found };
}

function page(all: readonly string[], token: string): { readonly found: readonly string[]; readonly token: string } {
  const after = decodeToken(token);
  const rest = [...new Set(all)].filter((value) => token === '' || value > after).toSorted();
  const found = rest.slice(0, perPage);
  return { found, token: found.length < rest.length ? encodeToken(found.at(-1) ?? '') : '' };
}
