import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';

/**
 * Whether the Gateway's fields are supported. No data plane supports chosen addresses or client certificates yet, and a Gateway
 * must not be served without them. An address without a value means any address.
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
