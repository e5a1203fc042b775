// Parts that many messages of Envoy's API have.
import { create, type DescMessage, type Message, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack, type Duration, durationFromMs } from '@bufbuild/protobuf/wkt';
import { type AddressSchema, SocketAddress_Protocol } from '../xds/envoy/config/core/v3/address_pb.ts';
import type { RuntimeFractionalPercentSchema } from '../xds/envoy/config/core/v3/base_pb.ts';
import { ApiVersion, type ConfigSource, ConfigSourceSchema } from '../xds/envoy/config/core/v3/config_source_pb.ts';
import { FractionalPercent_DenominatorType } from '../xds/envoy/type/v3/percent_pb.ts';

/** The fields of a message, written as an object. Those that have their default may be absent. */
export type Init<D extends DescMessage> = Exclude<MessageInitShape<D>, Message>;

export const packed = <D extends DescMessage>(schema: D, message: MessageInitShape<D>): Any =>
  anyPack(schema, create(schema, message));

/** An extension by its well-known name. */
export const extension = <D extends DescMessage>(name: string, schema: D, message: MessageInitShape<D>) => ({
  name,
  configType: { case: 'typedConfig' as const, value: packed(schema, message) },
});

export const seconds = (count: number): Duration => durationFromMs(count * 1_000);

/** A part of all requests. */
export const millionths = (numerator: number): Init<typeof RuntimeFractionalPercentSchema> => ({
  defaultValue: { numerator, denominator: FractionalPercent_DenominatorType.MILLION },
});

/** The resource comes on the same stream. Envoy waits for it without end: without its table, a listener would answer 404. */
export const FROM_ADS: ConfigSource = create(ConfigSourceSchema, {
  configSourceSpecifier: { case: 'ads', value: {} },
  resourceApiVersion: ApiVersion.V3,
  initialFetchTimeout: durationFromMs(0),
});

export const socketAddress = (
  address: string,
  port: number,
  { protocol = 'TCP', ipv4Compat = false }: { readonly protocol?: 'TCP' | 'UDP'; readonly ipv4Compat?: boolean } = {},
): Init<typeof AddressSchema> => ({
  address: {
    case: 'socketAddress',
    value: {
      protocol: SocketAddress_Protocol[protocol],
      address,
      portSpecifier: { case: 'portValue', value: port },
      ipv4Compat,
    },
  },
});
