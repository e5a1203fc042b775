import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';

/** What is asked of the Gateway as a whole, and no data plane has yet. An address without a value is any that we have. */
export function reportUnsupportedFields({ gateway: { spec } }: GatewayInput, report: Report): void {
  for (const [index, { value = '' }] of (spec.addresses ?? []).entries()) {
    if (value !== '') report({ kind: 'address-unsupported', field: `addresses[${index}].value`, value });
  }
  for (const [field, value] of Object.entries(spec.tls ?? {})) {
    if (value !== undefined) report({ kind: 'gateway-tls-unsupported', field: `tls.${field}` });
  }
}
