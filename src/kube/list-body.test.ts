import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readListBody } from './list-body.ts';

async function* inChunks(text: string, length: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

const item = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue());

test('a list in pieces is read like a whole list', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(item),
      fc.jsonValue(),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(undefined, 2),
      async (items, metadata, length, indent) => {
        for (const list of [
          { kind: 'List', metadata, items },
          { items, metadata },
        ]) {
          const text = JSON.stringify(list, undefined, indent);
          expect(await readListBody(inChunks(text, length))).toEqual(JSON.parse(text));
        }
      },
    ),
  );
});

test('an empty list has no items, in every notation', async () => {
  for (const text of ['{"metadata":{"resourceVersion":"1"},"items":null}', '{"metadata":{"resourceVersion":"1"}}']) {
    expect(await readListBody(inChunks(text, 7))).toEqual({ metadata: { resourceVersion: '1' }, items: [] });
  }
});

test('a body that is not JSON is refused', async () => {
  for (const text of ['', '<html>welcome</html>', '{"items":[{"metadata":{}}', '{"items":[{"a":1,}]}']) {
    await expect(readListBody(inChunks(text, 5))).rejects.toThrow(SyntaxError);
  }
});
