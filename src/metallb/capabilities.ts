// What a Gateway on MetalLB can have: what Envoy can do, and MetalLB's addresses.
import { POOL_ADDRESS_TYPE } from '../api/metallb.ts';
import { ENVOY_CAPABILITIES } from '../envoy/model/capabilities.ts';
import type { Capabilities } from '../gateway/capabilities.ts';

export const METALLB_CAPABILITIES: Capabilities = {
  ...ENVOY_CAPABILITIES,
  addressTypes: ['IPAddress', POOL_ADDRESS_TYPE],
};
