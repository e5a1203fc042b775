import type { ListenerCapabilities } from './capabilities.ts';
import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';
import type { RequestedAddress } from './topology.ts';

/**
 * Whether the Gateway's fields are supported. No data plane supports client certificates yet, and a Gateway must not be served
 * without them.
 */
export function areGatewayFieldsSupported(
  { gateway: { spec, fault } }: GatewayInput,
  { addressTypes = [] }: Pick<ListenerCapabilities, 'addressTypes'>,
  report: Report,
): boolean {
  if (fault !== undefined) report({ kind: 'gateway-unreadable', fault });
  let supported = fault?.isLast !== false;
  for (const { type, ...address } of addressesOf(spec)) {
    if (addressTypes.includes(type)) continue;
    supported = false;
    report({ kind: 'address-unsupported', type, ...address });
  }
  for (const field of Object.keys(spec.tls ?? {})) {
    supported = false;
    report({ kind: 'gateway-tls-unsupported', field: `tls.${field}` });
  }
  return supported;
}

export const requestedAddresses = (spec: GatewayInput['gateway']['spec']): readonly RequestedAddress[] =>
  addressesOf(spec).map(({ type, ...address }) => ({ ...address, ...(type !== 'IPAddress' && { type }) }));

/** An address without a value means any address. */
const addressesOf = ({ addresses = [] }: GatewayInput['gateway']['spec']) =>
  addresses.flatMap(({ type = 'IPAddress', value = '' }, index) =>
    value === '' ? [] : { type, field: `addresses[${index}].value`, value },
  );
