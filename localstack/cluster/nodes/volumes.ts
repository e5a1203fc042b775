// The volumes of a pod are folders. They are filled when the pod starts, and do not change later: to see a Secret's new
// content, a pod must be recreated.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { get } from '../apply.ts';
import type { Connection } from '../connection.ts';
import type { Pod, Volume, VolumeSource } from './objects.ts';
import { type Data, fieldOf, MissingError, type PodPlace, type Sources } from './variables.ts';

/** ConfigMaps and Secrets of a namespace, each read on demand. */
export function sourcesIn(namespace: string, connection: Connection): Sources {
  const read = async (kind: string, name: string, encoding: 'utf8' | 'base64'): Promise<Data | undefined> => {
    const path = `/api/v1/namespaces/${namespace}/${kind}/${name}`;
    const object = await get<DataObject>(connection, path);
    if (object === undefined) return undefined;
    return new Map([
      ...Object.entries(object.data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)] as const),
      ...Object.entries(object.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
    ]);
  };
  return {
    configMap: (name) => read('configmaps', name, 'utf8'),
    secret: (name) => read('secrets', name, 'base64'),
  };
}

interface DataObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

const knownFields: ReadonlySet<string> = new Set([
  'name',
  'configMap',
  'downwardAPI',
  'emptyDir',
  'projected',
  'secret',
] satisfies readonly (keyof Volume)[]);

/** Fills `folder` with the volume's content. Throws a MissingError if the source is missing. */
export async function fillVolume(
  folder: string,
  volume: Volume,
  pod: Pod,
  place: PodPlace,
  connection: Connection,
): Promise<void> {
  const sources = sourcesIn(pod.metadata.namespace, connection);
  const unknown = Object.keys(volume).find((key) => !knownFields.has(key));
  if (unknown !== undefined)
    throw new Error(`Volume "${volume.name}": the nodes of this cluster have no volumes of kind ${unknown}`);
  await mkdir(folder, { recursive: true });
  // Any user of the container may write to it, as with a kubelet.
  if (volume.emptyDir) await chmod(folder, 0o777);
  for (const source of volume.projected?.sources ?? [volume]) {
    for (const [path, content] of await contentOf(source, pod, place, sources, connection)) {
      const file = join(folder, join('/', path));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
}

async function contentOf(
  { configMap, secret, downwardAPI, serviceAccountToken }: VolumeSource,
  pod: Pod,
  place: PodPlace,
  sources: Sources,
  connection: Connection,
): Promise<ReadonlyMap<string, string | Buffer>> {
  if (configMap) return selected(`ConfigMap "${configMap.name}"`, await sources.configMap(configMap.name), configMap);
  if (secret) {
    const name = secret.secretName ?? secret.name ?? '';
    return selected(`Secret "${name}"`, await sources.secret(name), secret);
  }
  if (downwardAPI) {
    const items = downwardAPI.items ?? [];
    return new Map(items.map(({ path, fieldRef }) => [path, fieldOf(pod, fieldRef?.fieldPath ?? '', place)]));
  }
  if (serviceAccountToken) {
    const { path, audience, expirationSeconds } = serviceAccountToken;
    return new Map([[path, await tokenOf(pod, connection, audience, expirationSeconds)]]);
  }
  return new Map();
}

function selected(
  what: string,
  data: Data | undefined,
  {
    items,
    optional,
  }: { readonly items?: readonly { readonly key: string; readonly path: string }[]; readonly optional?: boolean },
): Data {
  if (data === undefined && !optional) throw new MissingError(`${what} not found`);
  const present = data ?? new Map<string, Buffer>();
  if (items === undefined) return present;
  return new Map(
    items.flatMap(({ key, path }) => {
      const value = present.get(key);
      if (value === undefined && !optional) throw new MissingError(`No key "${key}" in ${what}`);
      return value === undefined ? [] : [[path, value] as const];
    }),
  );
}

/** A token that is bound to the pod: it becomes invalid when the pod is deleted. */
async function tokenOf(
  { metadata, spec }: Pod,
  connection: Connection,
  audience: string | undefined,
  expirationSeconds = 3600,
): Promise<string> {
  const account = spec.serviceAccountName ?? 'default';
  const path = `/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${account}/token`;
  const { status } = await connection.request<{ readonly status: { readonly token: string } }>('POST', path, {
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        ...(audience !== undefined && { audiences: [audience] }),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid },
      },
    },
  });
  return status.token;
}
