// What a pure function has read of its input. Its result stays right until one of these is another object. All objects are frozen,
// so two equal identities mean equal content.
import { hash } from 'node:crypto';

/** An object has a number for its whole life. A list has those of its elements. Anything else is a text. */
type Identity = string | number;

interface Read {
  readonly field: string;
  /** Of a map; absent if the whole value was read. */
  readonly key?: unknown;
  readonly identity: Identity;
}

const identities = new WeakMap<object, Identity>();
let last = 0;

function identityOf(value: unknown): Identity {
  if (typeof value === 'function') throw new TypeError('Expected data, got a function');
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`;
  const known = identities.get(value);
  if (known !== undefined) return known;
  const identity = isIterable(value) ? ofAll(value) : (last += 1);
  identities.set(value, identity);
  return identity;
}

const isIterable = (value: object): value is Iterable<unknown> => Symbol.iterator in value;

/** A hash, because a list may be long, and each of its readers compares it. */
const ofAll = (values: Iterable<unknown>): string =>
  hash('sha256', [...values].map((value) => identityOf(value)).join('\n'), 'base64');

/** All that was read. It keeps no object alive. */
export class Reads {
  readonly #reads = new Map<string, Read>();

  note(read: Read): void {
    this.#reads.set(`${read.field} ${String(read.key)}`, read);
  }

  /** Whether all that was read is the same in another input. */
  areSame(other: object): boolean {
    for (const { field, key, identity } of this.#reads.values()) {
      const value = valueOf(other, field);
      const current = key !== undefined && value instanceof Map ? value.get(key) : value;
      if (identityOf(current) !== identity) return false;
    }
    return true;
  }
}

/** The same input, whose readers are noted. Of a map, single values are noted if no more is read. */
export function noting<Input extends object>(input: Input, reads: Reads): Input {
  // A copy, because a proxy of a frozen object may answer nothing else than the object.
  return new Proxy(
    { ...input },
    {
      get: (_, name) => {
        const field = String(name);
        const value = valueOf(input, field);
        if (value instanceof Map) return notingMap(field, value, reads);
        reads.note({ field, identity: identityOf(value) });
        return value;
      },
    },
  );
}

function notingMap(field: string, map: ReadonlyMap<unknown, unknown>, reads: Reads): unknown {
  const get = (key: unknown): unknown => {
    const value = map.get(key);
    reads.note({ field, key, identity: identityOf(value) });
    return value;
  };
  return new Proxy(new Map(), {
    get: (_, name) => {
      if (name === 'get') return get;
      if (name === 'has') return (key: unknown) => get(key) !== undefined;
      reads.note({ field, identity: identityOf(map) });
      const value: unknown = Reflect.get(map, name);
      return typeof value === 'function' ? value.bind(map) : value;
    },
  });
}

const valueOf = (input: object, field: string): unknown => Reflect.get(input, field);
