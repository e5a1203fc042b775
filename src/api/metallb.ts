// metallb.io, v1beta1, with only the fields that Gatehouse reads, and the annotations of Services.
import type { KubeObject } from '../kube/object.ts';
import type { LabelSelector } from './gateway-api.ts';

/** The type of an address in a Gateway's spec: any address of the pool that the value names. */
export const POOL_ADDRESS_TYPE = 'metallb.io/IPAddressPool';

/** The annotations of a Service. `metallb.universe.tf/…` is their old name; MetalLB warns about it. */
export const METALLB_ANNOTATION = {
  pool: 'metallb.io/address-pool',
  addresses: 'metallb.io/loadBalancerIPs',
  sharingKey: 'metallb.io/allow-shared-ip',
  /** MetalLB itself writes it. */
  allocatedFrom: 'metallb.io/ip-allocated-from-pool',
} as const;

export interface IpAddressPool extends KubeObject {
  readonly kind: 'IPAddressPool';
  readonly spec: {
    /** CIDR blocks, or ranges such as `10.0.0.1-10.0.0.9`. */
    readonly addresses: readonly string[];
    /** Absent means true. */
    readonly autoAssign?: boolean;
    /** No address that ends in .0 or .255 is given. */
    readonly avoidBuggyIPs?: boolean;
    /** The Services that may have its addresses. Absent means all. */
    readonly serviceAllocation?: {
      readonly namespaces?: readonly string[];
      readonly namespaceSelectors?: readonly LabelSelector[];
      readonly serviceSelectors?: readonly LabelSelector[];
    };
  };
}

/** Says that a node announces the addresses of a Service: by ARP or NDP, or by BGP. */
export interface ServiceAnnouncement extends KubeObject {
  readonly kind: 'ServiceL2Status' | 'ServiceBGPStatus';
  readonly status?: { readonly node?: string; readonly serviceName?: string; readonly serviceNamespace?: string };
}

/** Whether a part of MetalLB accepts the configuration: the controller, or the speaker of a node. */
export interface ConfigurationState extends KubeObject {
  readonly kind: 'ConfigurationState';
  readonly status?: { readonly result?: 'Valid' | 'Invalid' | 'Unknown'; readonly errorSummary?: string };
}
