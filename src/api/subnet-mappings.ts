// The subnets of an NLB with its addresses there, as a LoadBalancerConfiguration names them:
// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SubnetMapping.html
import { z } from 'zod';

export const subnetId = z.string().regex(/^subnet-[0-9a-f]+$/, { error: 'must be a subnet id, subnet-…' });

const prefixError = 'must be an IPv6 block of 80 bits, …/80, or auto_assigned';

const subnetMapping = z.strictObject({
  identifier: subnetId.max(64).describe('The id of the subnet.'),
  eipAllocation: z
    .string()
    .max(64)
    .regex(/^eipalloc-[0-9a-f]+$/, { error: 'must be an allocation id, eipalloc-…' })
    .optional()
    .describe('The allocation id of an Elastic IP, if the scheme is internet-facing.'),
  privateIPv4Allocation: z
    .ipv4({ error: 'must be an IPv4 address' })
    .optional()
    .describe('An IPv4 address of the subnet, if the scheme is internal.'),
  ipv6Allocation: z
    .ipv6({ error: 'must be an IPv6 address' })
    .optional()
    .describe('An IPv6 address of the subnet, if the ipAddressType is dualstack.'),
  sourceNatIPv6Prefix: z
    .string()
    .regex(/^(auto_assigned|[0-9a-fA-F:]{2,39}\/80)$/, { error: prefixError })
    .refine((value) => value === 'auto_assigned' || z.cidrv6().safeParse(value).success, { error: prefixError })
    .optional()
    .describe(
      'For UDP, if the ipAddressType is dualstack: the IPv6 block of the subnet from which targets are reached, with 80 bits. The default is auto_assigned: AWS chooses it.',
    ),
});

export type SubnetMapping = z.infer<typeof subnetMapping>;

const unique = (key: 'identifier' | 'eipAllocation') => ({
  isSo: (mappings: readonly SubnetMapping[]): boolean => {
    const values = mappings.flatMap((each) => each[key] ?? []);
    return new Set(values).size === values.length;
  },
  rule: {
    rule: `self.all(a, !has(a.${key}) || self.exists_one(b, has(b.${key}) && b.${key} == a.${key}))`,
    message: `each ${key} may be named only once`,
  },
});

const [subnets, elasticIps] = [unique('identifier'), unique('eipAllocation')];

export const subnetMappings = z
  .array(subnetMapping)
  .min(1)
  .max(16)
  .refine(subnets.isSo, { error: subnets.rule.message })
  .refine(elasticIps.isSo, { error: elasticIps.rule.message })
  .meta({ 'x-kubernetes-validations': [subnets.rule, elasticIps.rule] });
