import { KubeError, type StatusBody } from './kube-error.ts';
import type { KubeObject } from './object.ts';

export interface WatchEvent<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  /** In a BOOKMARK only the resourceVersion is meaningful. */
  readonly object: T;
}

/** etcd refuses objects over 1.5 MiB by default; JSON of one may be somewhat larger. */
const maxLineBytes = 16 * 1024 * 1024;

const newline = 0x0a;

/** The lines of a byte stream, without line ends. An incomplete last line is dropped. */
async function* lines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let partial: Uint8Array[] = [];
  let partialBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      partial.push(chunk.subarray(start, end));
      // Decode only whole lines, because a character may be split between chunks.
      yield Buffer.concat(partial).toString('utf8');
      partial = [];
      partialBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      partial.push(chunk.subarray(start));
      partialBytes += chunk.length - start;
      if (partialBytes > maxBytes) throw new Error(`A watch event is longer than ${maxBytes} bytes`);
    }
  }
}

interface RawEvent<T> {
  readonly type: string;
  readonly object: T & StatusBody & { readonly code?: number };
}

function parseLine<T>(line: string): RawEvent<T> {
  const parsed: RawEvent<T> | null = JSON.parse(line);
  if (typeof parsed?.object !== 'object' || parsed.object === null) throw new Error('A watch event has no object');
  return parsed;
}

/**
 * Decodes the events in the body of a watch: one JSON per line. Throws a KubeError for an ERROR event. Skips unknown types.
 * @param action the watch, for messages
 */
export async function* decodeWatch<T extends KubeObject>(
  chunks: AsyncIterable<Uint8Array>,
  action: string,
  maxBytes: number = maxLineBytes,
): AsyncGenerator<WatchEvent<T>> {
  for await (const line of lines(chunks, maxBytes)) {
    if (line.trim() === '') continue;
    const event = parseLine<T>(line);
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
      case 'BOOKMARK':
        yield { type: event.type, object: event.object };
        break;
      case 'ERROR': {
        const status = event.object;
        throw new KubeError({
          action,
          status: status.code ?? 500,
          reason: status.reason ?? 'Unknown',
          detail: status.message ?? 'The watch reported an error without a message',
        });
      }
      default:
        break;
    }
  }
}
