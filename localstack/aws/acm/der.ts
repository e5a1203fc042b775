// The part of ASN.1's DER that a certificate needs. ITU-T X.690.

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  utc: 0x17,
  sequence: 0x30,
  set: 0x31,
};

export function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

function length(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value]);
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => tagged(tags.sequence, ...items);
export const set = (...items: readonly Uint8Array[]): Buffer => tagged(tags.set, ...items);
export const octets = (content: Uint8Array): Buffer => tagged(tags.octets, content);
export const bits = (content: Uint8Array): Buffer => tagged(tags.bits, Buffer.from([0]), content);
export const utf8 = (value: string): Buffer => tagged(tags.utf8, Buffer.from(value));
export const yes = (): Buffer => tagged(tags.boolean, Buffer.from([0xff]));
export const nothing = (): Buffer => tagged(tags.null);

/** @param hex the digits of a positive value; its first bit must be 0 */
export const integer = (hex: string): Buffer => tagged(tags.integer, Buffer.from(hex, 'hex'));

/** A time before 2050, to the second. */
export const utcTime = (date: Date): Buffer =>
  tagged(tags.utc, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(tags.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left % 128) | 0x80);
  return digits;
}
