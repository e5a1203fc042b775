// Messages that are put together from encoded parts, so that a part is encoded once, however often it occurs.
import { create, type DescField, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export const encoded = <D extends DescMessage>(schema: D, message: MessageInitShape<D>): Uint8Array =>
  toBinary(schema, create(schema, message));

/** An encoded message as the value of a field. */
export const asField = ({ number }: DescField, value: Uint8Array): Uint8Array =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(value).finish();

/** The fields of a message, in any order. */
export const joined = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
