// How Envoys call the configuration service.
import type { Config } from '../config.ts';
import type { AdsClient } from '../envoy/fleet/options.ts';

/** The name of its Service, and of the Secret with its authorities; in Gatehouse's namespace. */
export const ADS_NAME = 'gatehouse-ads';

/** Of the tokens of Envoys. */
export const audience = 'gatehouse.dev/ads';

/** The port of the Service. */
const PORT = 18_000;

/**
 * @param namespace Gatehouse's own
 * @returns all but the authorities that Envoys trust
 */
export function adsClient(
  namespace: string,
  { adsAddress }: Pick<Config, 'adsAddress'>,
): Omit<AdsClient, 'authorities'> {
  const serverName = `${ADS_NAME}.${namespace}.svc`;
  return { address: adsAddress ?? `${serverName}:${PORT}`, serverName, audience };
}
