// What the Services of a Gateway are made from.
import type { Service } from '../api/core.ts';
import type { ServiceSettings } from '../api/proxy-configuration.ts';
import type { RequestedAddress } from '../gateway/topology.ts';

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
