import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { downloadModule } from './go.ts';

const module = 'sigs.k8s.io/gateway-api';

/** Releases of the Gateway API that a cluster can have: the newest that Gatehouse supports, and the oldest. */
export type GatewayApiVersion = 'v1.7.0' | 'v1.4.0';

/**
 * Paths of the YAML files of the Gateway API's standard channel: its CRDs, and since v1.5 the admission policy for their
 * upgrades. They are downloaded once per machine from the Go module proxy.
 */
export async function gatewayApiCrds(
  version: GatewayApiVersion = 'v1.7.0',
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const folder = await cached(`gateway-api-${version}`, async (path) => {
    await cp(join(await downloadModule(module, version, signal), 'config', 'crd', 'standard'), path, {
      recursive: true,
    });
  });
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => join(folder, name));
}
