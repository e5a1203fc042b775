// Reads a list's body object by object, as it arrives. Parsing a whole page at once would block the process, and use twice
// the memory.
import { Turns } from './turns.ts';

/** etcd refuses objects over 1.5 MiB by default; JSON of one may be somewhat larger. */
const maxObjectBytes = 16 * 1024 * 1024;

export interface ListBody<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[];
}

/** @throws SyntaxError if the body is not JSON, or the error that broke the connection */
export async function readListBody<T>(chunks: AsyncIterable<Uint8Array>): Promise<ListBody<T>> {
  const turns = new Turns();
  const splitter = new ListSplitter();
  const items: T[] = [];
  for await (const chunk of chunks) {
    for (const text of splitter.take(chunk)) {
      const item: T = JSON.parse(text);
      items.push(item);
    }
    await turns.yield();
  }
  const rest: Omit<ListBody<T>, 'items'> | null = JSON.parse(splitter.rest());
  return { ...rest, items };
}

const byte = (character: string): number => character.charCodeAt(0);
const [quote, backslash, comma] = [byte('"'), byte('\\'), byte(',')];
const [brace, braceEnd, bracket, bracketEnd] = [byte('{'), byte('}'), byte('['), byte(']')];

/** Extracts the elements of the root's `items` from a JSON text. It looks only at strings and brackets. */
class ListSplitter {
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** Whether the current position is inside `items`. */
  #inItems = false;
  /** Whether the current position is inside an element of `items`. */
  #inItem = false;
  #item = new Pieces();
  readonly #rest = new Pieces();

  /** The elements that end within the chunk. */
  *take(chunk: Uint8Array): Generator<string> {
    let start = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const current = chunk[index];
      if (this.#inString) this.#goOnInString(current);
      else if (current === quote) this.#inString = true;
      else if (current === brace || current === bracket) {
        if (this.#inItems && this.#depth === 2) {
          this.#rest.add(chunk.subarray(start, index));
          start = index;
          this.#inItem = true;
        } else if (current === bracket && this.#depth === 1) {
          this.#rest.add(chunk.subarray(start, index));
          start = index;
          this.#inItems = /"items"\s*:\s*$/.test(this.#rest.text());
        }
        this.#depth += 1;
      } else if (current === braceEnd || current === bracketEnd) {
        this.#depth -= 1;
        if (this.#inItem && this.#depth === 2) {
          this.#item.add(chunk.subarray(start, index + 1));
          start = index + 1;
          yield this.#item.text();
          this.#item = new Pieces();
          this.#inItem = false;
        } else if (this.#depth === 1) this.#inItems = false;
      } else if (current === comma && this.#inItems && this.#depth === 2) {
        this.#rest.add(chunk.subarray(start, index));
        start = index + 1;
      }
    }
    (this.#inItem ? this.#item : this.#rest).add(chunk.subarray(start));
  }

  /** The text without the elements. */
  rest(): string {
    return this.#rest.text();
  }

  #goOnInString(current: number | undefined): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (current === backslash) this.#isEscaped = true;
    else if (current === quote) this.#inString = false;
  }
}

class Pieces {
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    if (this.#bytes > maxObjectBytes) throw new Error(`An object of a list is longer than ${maxObjectBytes} bytes`);
    this.#pieces.push(piece);
  }

  /** Decodes only a whole text, because a character may be split between chunks. */
  text(): string {
    return Buffer.concat(this.#pieces).toString('utf8');
  }
}
