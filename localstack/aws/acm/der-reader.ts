// Reads ASN.1's DER. ITU-T X.690.

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag and length included. */
  readonly whole: Buffer;
}

/** The first element of a buffer. @throws RangeError if it is incomplete. */
export function read(der: Buffer): Element {
  const tag = der.readUInt8(0);
  const first = der.readUInt8(1);
  const bytes = first < 0x80 ? 0 : first & 0x7f;
  const length = bytes === 0 ? first : der.readUIntBE(2, bytes);
  const begin = 2 + bytes;
  if (der.length < begin + length) throw new RangeError(`Expected ${length} bytes, got ${der.length - begin}`);
  return { tag, content: der.subarray(begin, begin + length), whole: der.subarray(0, begin + length) };
}

/** The elements of a sequence's or set's content, one after the other. */
export function children(content: Buffer): readonly Element[] {
  const found: Element[] = [];
  for (let rest = content; rest.length > 0; ) {
    const element = read(rest);
    found.push(element);
    rest = rest.subarray(element.whole.length);
  }
  return found;
}
