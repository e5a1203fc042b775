import type { ProxySettings } from '../../api/proxy-configuration.ts';
import type { IpFamily } from '../../gateway/backend-service.ts';

/** How Envoys call the configuration service. */
export interface AdsClient {
  /** `host:port`. */
  readonly address: string;
  /** The name in the service's certificate. */
  readonly serverName: string;
  /** Of the tokens of Envoys. */
  readonly audience: string;
  /** PEM certificates that Envoys trust. */
  readonly authorities: string;
}

export interface FleetOptions {
  readonly gateway: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** Of all objects. */
  readonly name: string;
  /** Of all objects and of the pods: ours, and those of the Gateway's infrastructure. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly settings: ProxySettings;
  readonly ads: AdsClient;
  /** Of the addresses in the pods. */
  readonly families: readonly IpFamily[];
}

/** The label that selects the pods of one Gateway. Its value is the name of the Gateway's objects. */
export const GATEWAY_LABEL = 'gatehouse.dev/gateway';
