// LoadBalancerConfiguration, gatehouse.dev/v1alpha1: the parametersRef of a GatewayClass or a Gateway points to it. Types and
// CRD (`gatehouse crds`) are derived from the zod schema here.
import { z } from 'zod';
import type { KubeObject } from '../kube/object.ts';
import { type HealthCheckSettings, targetGroupHealthCheck } from './health-check.ts';
import { subnetId, subnetMappings } from './subnet-mappings.ts';
import { targetGroupAttributes } from './target-group-attributes.ts';

export const GATEHOUSE_GROUP = 'gatehouse.dev';

/** Whether the tag is AWS's own or ours: users may not set it. */
export const isReservedTag = (key: string): boolean => /^(aws:|gatehouse\.dev\/)/i.test(key);

export const sslPolicyName = z
  .string()
  .regex(/^ELBSecurityPolicy-[A-Za-z0-9-]+$/, { error: 'must be an ELBSecurityPolicy-…' });

/** Whether an object has the key `__proto__`, which zod silently drops from a record. */
export const hasDroppedKey = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__');

/** The characters that ELB and ACM allow in tags (their API_Tag). EC2 allows all. */
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const tagCharacters = 'may have letters, digits, spaces and _ . : / = + - @ only';

// `meta` goes into the CRD unchanged: zod can't turn a refinement into JSON schema.
export const userTags = z
  .record(
    z.string().min(1).max(128),
    z
      .string()
      .max(256)
      .regex(tagText, { error: `values ${tagCharacters}` }),
  )
  .superRefine((value, context) => {
    for (const key of Object.keys(value).filter((each) => !tagText.test(each))) {
      context.addIssue({ code: 'custom', path: [key], message: `keys ${tagCharacters}` });
    }
  })
  .refine((value) => !Object.keys(value).some(isReservedTag), {
    error: 'keys that begin with aws: or gatehouse.dev/ are reserved',
  })
  .refine((value) => Object.keys(value).length <= 40, { error: 'must be at most 40 tags' })
  .meta({
    maxProperties: 40,
    'x-kubernetes-validations': [
      { rule: "self.all(key, key != '' && size(key) <= 128)", message: 'keys have 1 to 128 characters' },
      {
        rule: "self.all(key, key.matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+\\\\-@]*$'))",
        message: `keys ${tagCharacters}`,
      },
      {
        rule: "!self.exists(key, key.matches('^(?i)(aws:|gatehouse[.]dev/)'))",
        message: 'keys that begin with aws: or gatehouse.dev/ are reserved',
      },
    ],
  });

export const loadBalancerConfigurationSpec = z
  .strictObject({
    mergingMode: z
      .enum(['prefer-gateway', 'prefer-gateway-class'])
      .optional()
      .describe(
        'On the configuration of a GatewayClass: whose field wins if both set it. The default is prefer-gateway.',
      ),
    scheme: z.enum(['internal', 'internet-facing']).optional().describe('Where the load balancer is reachable from.'),
    ipAddressType: z
      .enum(['ipv4', 'dualstack', 'dualstack-without-public-ipv4'])
      .optional()
      .describe('The kinds of IP addresses for clients. The default is ipv4.'),
    subnets: z
      .array(subnetId)
      .min(1)
      .max(16)
      .optional()
      .describe(
        'The ids of the subnets: two or more, one per availability zone; one or more in Local Zones; or one on an Outpost. The default: subnets in availability zones, found by tag, else by route.',
      ),
    subnetMappings: subnetMappings
      .optional()
      .describe(
        'The subnets of a Network Load Balancer, one per availability zone, with its addresses there. Where no address is named, AWS chooses it. Not together with subnets.',
      ),
    securityGroups: z
      .array(z.string().regex(/^sg-[0-9a-f]+$/, { error: 'must be a security group id, sg-…' }))
      .min(1)
      .max(4)
      .optional()
      .describe('Your own security groups for the load balancer, instead of the one that Gatehouse creates.'),
    sourceRanges: z
      .array(
        z.union([z.cidrv4(), z.cidrv6()], {
          error: 'must be a CIDR block such as 203.0.113.0/24 or 2001:db8::/32',
        }),
      )
      .min(1)
      .max(240)
      .optional()
      .describe(
        'Who may reach the listeners, as CIDR blocks. The default is everyone. Not together with securityGroups.',
      ),
    targetType: z
      .enum(['ip', 'instance'])
      .optional()
      .describe('Whether target groups point at pod IPs or at node ports.'),
    sslPolicy: sslPolicyName.optional().describe('The security policy of HTTPS and TLS listeners.'),
    loadBalancerAttributes: z
      .record(z.string().min(1).max(256), z.string().max(1024))
      .refine((value) => Object.keys(value).length <= 20, { error: 'must be at most 20 attributes' })
      .meta({
        maxProperties: 20,
        'x-kubernetes-validations': [
          { rule: "self.all(key, key != '' && size(key) <= 256)", message: 'keys have 1 to 256 characters' },
        ],
      })
      .optional()
      .describe('Attributes of the load balancer, by key, such as idle_timeout.timeout_seconds.'),
    targetGroupAttributes: targetGroupAttributes
      .optional()
      .describe(
        'Attributes of the target groups of a Network Load Balancer, by key, such as preserve_client_ip.enabled. A target group gets those that its protocol has.',
      ),
    targetGroupHealthCheck: targetGroupHealthCheck
      .optional()
      .describe(
        'How the load balancer checks the health of its targets. Between the configurations of the class and of the Gateway, one wins as a whole.',
      ),
    enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: z
      .enum(['on', 'off'])
      .optional()
      .describe(
        'Whether the security groups of a Network Load Balancer also apply to traffic through AWS PrivateLink. The default is on.',
      ),
    tags: userTags.optional().describe('Tags on everything that Gatehouse creates in AWS.'),
  })
  .meta({
    'x-kubernetes-validations': [
      {
        rule: '!(has(self.sourceRanges) && has(self.securityGroups))',
        message: 'sourceRanges cannot be used together with securityGroups',
      },
      {
        rule: '!(has(self.subnets) && has(self.subnetMappings))',
        message: 'subnetMappings cannot be used together with subnets',
      },
    ],
  });

export type LoadBalancerConfigurationSpec = z.infer<typeof loadBalancerConfigurationSpec>;

export interface LoadBalancerConfiguration extends KubeObject {
  readonly kind: 'LoadBalancerConfiguration';
  /** Not validated here: a spec that passes the CRD's schema may still be invalid. */
  readonly spec?: unknown;
}

/** What an NLB has in one subnet. AWS changes its Elastic IP and private address there only if it leaves the subnet meanwhile. */
export interface SubnetAddresses {
  readonly subnet: string;
  /** `eipalloc-…`, of an internet-facing NLB. */
  readonly allocation?: string;
  /** Of an internal NLB. */
  readonly privateIpv4?: string;
  /** Of a dual-stack NLB. */
  readonly ipv6?: string;
  /** A block of 80 bits, or `auto_assigned`. */
  readonly sourceNatIpv6Prefix?: string;
}

/** The settings of one Gateway, merged from its own configuration, its class's, and the flags' defaults. */
export interface LoadBalancerSettings {
  readonly scheme: 'internal' | 'internet-facing';
  readonly ipAddressType: 'ipv4' | 'dualstack' | 'dualstack-without-public-ipv4';
  readonly subnets?: readonly string[];
  /** For an NLB only, instead of `subnets`: its subnets, each once, with its addresses there. */
  readonly subnetMappings?: readonly SubnetAddresses[];
  readonly securityGroups?: readonly string[];
  /** CIDR blocks; empty means everyone. */
  readonly sourceRanges: readonly string[];
  readonly targetType: 'ip' | 'instance';
  readonly sslPolicy: string;
  readonly loadBalancerAttributes: Readonly<Record<string, string>>;
  /** The attributes of an NLB's target groups. */
  readonly targetGroupAttributes: Readonly<Record<string, string>>;
  /** The health check of all target groups with targets. Absent: our defaults. */
  readonly healthCheck?: HealthCheckSettings;
  /** For an NLB only. Absent means AWS's default, which is on. */
  readonly enforceOnPrivateLink?: 'on' | 'off';
  readonly tags: Readonly<Record<string, string>>;
}
