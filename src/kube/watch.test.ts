import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isGone } from './kube-error.ts';
import { type Widget, widget } from './testing/widgets.ts';
import { decodeWatch, type WatchEvent } from './watch.ts';

async function decode(chunks: readonly Uint8Array[], maxBytes?: number): Promise<WatchEvent<Widget>[]> {
  async function* stream() {
    yield* chunks;
  }
  const events: WatchEvent<Widget>[] = [];
  for await (const event of decodeWatch<Widget>(stream(), 'GET widgets (watch)', maxBytes)) events.push(event);
  return events;
}

test('a watch is read correctly however the network splits it, even within a character', async () => {
  const sent: WatchEvent<Widget>[] = [
    { type: 'ADDED', object: widget('ä', '1', '🟥') },
    { type: 'MODIFIED', object: widget('日本', '2', 'é') },
    { type: 'DELETED', object: widget('日本', '3') },
  ];
  const bytes = Buffer.from(sent.map((event) => `${JSON.stringify(event)}\n`).join(''));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: bytes.length })), async (positions) => {
      const cuts = [0, ...positions.toSorted((a, b) => a - b), bytes.length];
      const chunks = cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
      expect(await decode(chunks)).toEqual(sent);
    }),
  );
});

test('an incomplete event at the end of a broken connection is dropped', async () => {
  const line = `${JSON.stringify({ type: 'ADDED', object: widget('a', '1') })}\n`;
  expect(await decode([Buffer.from(line + line.slice(0, 40))])).toHaveLength(1);
});

test('an event that never ends is refused instead of filling the memory', async () => {
  await expect(decode([Buffer.alloc(600, 'x'), Buffer.alloc(600, 'x')], 1000)).rejects.toThrow(
    'longer than 1000 bytes',
  );
});

test('an ERROR event that says 410 is known as Gone', async () => {
  const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
  const error = await decode([Buffer.from(`${JSON.stringify({ type: 'ERROR', object })}\n`)]).catch((thrown) => thrown);
  expect(isGone(error)).toBe(true);
  expect(String(error)).toContain('too old resource version');
});

test('an event without an object, or not in JSON, is an error but no crash', async () => {
  await expect(decode([Buffer.from('{"type":"ADDED"}\n')])).rejects.toThrow('no object');
  await expect(decode([Buffer.from('<html>\n')])).rejects.toThrow(SyntaxError);
});
