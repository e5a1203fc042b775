import type { NodePlan } from './node.ts';

/** The nodes of a cluster without a VPC. */
export const plainNodes = [1, 2, 3].map(
  (index): NodePlan => ({
    name: `node-${index}`,
    address: `10.250.${index}.1`,
    subnet: `10.250.${index}.0/24`,
    podRange: `10.250.${index}.128/25`,
    ipv6: {
      address: `fd00:10:250:${index}::1`,
      subnet: `fd00:10:250:${index}::/64`,
      podRange: `fd00:10:250:${index}::1:0/112`,
    },
  }),
);
