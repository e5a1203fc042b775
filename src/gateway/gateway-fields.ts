import type { ListenerCapabilities } from './capabilities.ts';
import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';
import { frontendValidations } from './references.ts';
import type { RequestedAddress } from './topology.ts';

/** Whether the Gateway's fields are supported. A Gateway must not be served without the certificates that it asks for. */
export function areGatewayFieldsSupported(
  { gateway }: GatewayInput,
  { addressTypes = [], clientCertificates }: Pick<ListenerCapabilities, 'addressTypes' | 'clientCertificates'>,
  report: Report,
): boolean {
  const { spec, fault } = gateway;
  if (fault !== undefined) report({ kind: 'gateway-unreadable', fault });
  let supported = fault?.isLast !== false;
  for (const { type, ...address } of addressesOf(spec)) {
    if (addressTypes.includes(type)) continue;
    supported = false;
    report({ kind: 'address-unsupported', type, ...address });
  }
  for (const field of Object.keys(spec.tls ?? {})) {
    if (field === 'frontend' && clientCertificates === true) continue;
    supported = false;
    report({ kind: 'gateway-tls-unsupported', field: `tls.${field}` });
  }
  for (const { field, validation } of clientCertificates === true ? frontendValidations(gateway) : []) {
    if (validation?.mode !== 'AllowInsecureFallback') continue;
    report({ kind: 'clients-not-checked', field: `${field}.mode` });
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
