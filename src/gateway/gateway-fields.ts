import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';

/**
 * Whether the Gateway as a whole asks for nothing that no data plane has yet: an address of its choice, or client
 * certificates, without which it must not be served. An address without a value is any that we have.
 */
export function areGatewayFieldsSupported({ gateway: { spec, fault } }: GatewayInput, report: Report): boolean {
  if (fault !== undefined) report({ kind: 'gateway-unreadable', fault });
  let supported = fault?.isLast !== false;
  for (const [index, { value = '' }] of (spec.addresses ?? []).entries()) {
    if (value === '') continue;
    supported = false;
    report({ kind: 'address-unsupported', field: `addresses[${index}].value`, value });
  }
  for (const field of Object.keys(spec.tls ?? {})) {
    supported = false;
    report({ kind: 'gateway-tls-unsupported', field: `tls.${field}` });
  }
  return supported;
}
