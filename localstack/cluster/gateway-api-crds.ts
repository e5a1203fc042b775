import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { go } from './go.ts';

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
    await cp(join(await moduleFolder(version, signal), 'config', 'crd', 'standard'), path, { recursive: true });
  });
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => join(folder, name));
}

async function moduleFolder(version: GatewayApiVersion, signal: AbortSignal | undefined): Promise<string> {
  const { stdout, stderr } = await go(['mod', 'download', '-json', `${module}@${version}`], { signal });
  const { Dir, Zip }: { readonly Dir?: string; readonly Zip?: string } = JSON.parse(stdout || '{}');
  if (Dir !== undefined) return Dir;
  // If Go is too old to compile the module (it needs 1.27), it reports an error and no folder, but it has downloaded,
  // verified and unpacked the files.
  if (Zip === undefined) throw new Error(`Downloading ${module} ${version} failed: ${stderr || stdout}`);
  const { stdout: moduleCache } = await go(['env', 'GOMODCACHE'], { signal });
  return join(moduleCache.trim(), `${module}@${version}`);
}
