import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { LastPairs } from './last-pairs.ts';

const key = (name: string) => objectKey({ namespace: 'shop', name });
const [web, api, tls, other] = [key('web'), key('api'), key('tls'), key('other')];
const pair = (chain: string) => ({ chain, key: 'a key' });

test('a pair is kept while a Gateway uses its Secret, and the newest counts', () => {
  const pairs = new LastPairs();
  pairs.use(web, new Map([[tls, pair('old')]]));
  pairs.use(api, new Map([[tls, pair('old')]]));
  pairs.use(web, new Map([[tls, pair('new')]]));
  expect(pairs.get(tls)).toEqual(pair('new'));
  pairs.use(web, new Map([[other, pair('other')]]));
  expect(pairs.get(tls)).toBeDefined();
  pairs.use(api, new Map());
  expect(pairs.get(tls)).toBeUndefined();
  expect(pairs.get(other)).toEqual(pair('other'));
});
