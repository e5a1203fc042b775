// What the Services of a Gateway are made from.
import type { ExternalTrafficPolicy, IpFamilyPolicy, Service } from '../api/core.ts';
import type { RequestedAddress } from '../gateway/topology.ts';

/** How the Services are to be. Only the class decides who may choose what. */
export interface ServiceSettings {
  /** The pool of all addresses. Absent means any pool that MetalLB chooses. */
  readonly pool?: string;
  /** The pools that addresses in a Gateway's spec may name. */
  readonly pools?: readonly string[];
  readonly sharingKey?: string;
  readonly loadBalancerClass?: string;
  readonly externalTrafficPolicy: ExternalTrafficPolicy;
  readonly ipFamilyPolicy?: IpFamilyPolicy;
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly sourceRanges: readonly string[];
}

export interface ServiceOptions {
  readonly gateway: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** The name of the Gateway's objects, and the value of the label that selects its Envoys. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly settings: ServiceSettings;
  readonly addresses: readonly RequestedAddress[];
  readonly ports: readonly ServedPort[];
  /** The Services that the Gateway has now. */
  readonly live: readonly Service[];
}

export interface ServedPort {
  /** Of the listeners. */
  readonly port: number;
  readonly transport: 'TCP' | 'UDP';
  /** Of Envoy, in its pod. */
  readonly target: number;
}
