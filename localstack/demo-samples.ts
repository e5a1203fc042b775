// The samples of deploy/samples, and their Gateways while they come and go.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selfSigned } from './aws/acm/self-signed.ts';
import { deleteObjects, type KubeObject, parseManifest, waitFor } from './cluster/apply.ts';
import type { Connection } from './cluster/connection.ts';
import { say, saying, signal } from './demo-progress.ts';

export const namespace = 'gatehouse-samples';

const folders = join(import.meta.dirname, '..', 'deploy', 'samples');

/** A certificate with its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The manifests for a provider. */
export async function readSamples(provider: 'aws' | 'metallb'): Promise<readonly KubeObject[]> {
  const files = await Promise.all(
    [provider, 'any-class'].map(async (name) => {
      const folder = join(folders, name);
      return (await readdir(folder)).toSorted().map((file) => join(folder, file));
    }),
  );
  const texts = await Promise.all(files.flat().map((file) => readFile(file, 'utf8')));
  return texts.flatMap((text) => parseManifest(text));
}

export async function sampleCertificate(): Promise<Certificate> {
  const names = ['example.com', '*.example.com'];
  const { certificatePem: cert, privateKey } = await selfSigned(names, 'RSA_2048', Date.now(), '01');
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** The Secret that the samples name but do not contain. */
export const certificateSecret = ({ cert, key }: Certificate): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'example-com-cert', namespace },
  type: 'kubernetes.io/tls',
  stringData: { 'tls.crt': cert, 'tls.key': key },
});

export interface GatewayObject extends KubeObject {
  readonly status?: {
    readonly addresses?: readonly { readonly value: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

interface GatewayList {
  readonly items: readonly GatewayObject[];
}

const gatewaysPath = '/apis/gateway.networking.k8s.io/v1/gateways';

export const addressOf = ({ status }: GatewayObject): string => status?.addresses?.[0]?.value ?? '';

const isProgrammed = ({ status }: GatewayObject): boolean =>
  status?.conditions?.find(({ type }) => type === 'Programmed')?.status === 'True';

/** Waits until every Gateway is Programmed. */
export async function programmed(admin: Connection, timeoutMs: number): Promise<readonly GatewayObject[]> {
  const seen = new Set<string>();
  let all = 0;
  const areProgrammed = (list: GatewayList | undefined): boolean => {
    const gateways = list?.items ?? [];
    all = gateways.length;
    for (const gateway of gateways) {
      const { namespace: ns, name } = gateway.metadata;
      if (seen.has(name) || !isProgrammed(gateway)) continue;
      seen.add(name);
      say(`Gateway ${ns}/${name} is Programmed.`);
    }
    return all > 0 && seen.size === all;
  };
  const list = await saying(
    waitFor<GatewayList>(admin, gatewaysPath, areProgrammed, { timeoutMs, signal }),
    () => `${seen.size} of ${all} Gateways are Programmed`,
  );
  return list?.items ?? [];
}

/** Deletes the samples except their namespaces, and waits until the Gateways and the class are gone. */
export async function deleteSamples(
  admin: Connection,
  objects: readonly KubeObject[],
  timeoutMs: number,
): Promise<void> {
  // Without a controller manager, a deleted namespace stays forever.
  // Without a controller manager, a deleted namespace stays forever.
  const deleted = objects.filter(({ kind }) => kind !== 'Namespace');
  say('Deleting the samples …');
  await deleteObjects(admin, deleted);
  for (const path of [gatewaysPath, '/apis/gateway.networking.k8s.io/v1/gatewayclasses']) {
    const gone = waitFor<GatewayList>(admin, path, (list) => list?.items.length === 0, { timeoutMs, signal });
    await saying(gone, () => 'Their load balancers are being removed');
  }
}
