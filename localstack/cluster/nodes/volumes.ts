// The volumes of a pod are folders. Like a kubelet, they follow their sources: a changed Secret, or a token that is renewed.
import { chmod, mkdir } from 'node:fs/promises';
import { get } from '../apply.ts';
import type { Connection } from '../connection.ts';
import type { Pod, Volume, VolumeSource } from './objects.ts';
import { type Data, fieldOf, MissingError, type PodPlace, type Sources } from './variables.ts';
import { replaceFiles } from './volume-files.ts';

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

export interface VolumeOptions {
  readonly folder: string;
  readonly volume: Volume;
  readonly place: PodPlace;
  readonly connection: Connection;
}

type Files = ReadonlyMap<string, string | Buffer>;

export class PodVolume {
  readonly #options: VolumeOptions;
  /** By the path in the volume. */
  readonly #tokens = new Map<string, Token>();
  #written: string | undefined;

  constructor(options: VolumeOptions) {
    this.#options = options;
  }

  /** Writes what the sources have now, if it differs from what was written. Throws a MissingError if a source is missing. */
  async fill(pod: Pod): Promise<void> {
    const { folder, volume } = this.#options;
    const unknown = Object.keys(volume).find((key) => !knownFields.has(key));
    if (unknown !== undefined)
      throw new Error(`Volume "${volume.name}": the nodes of this cluster have no volumes of kind ${unknown}`);
    if (volume.emptyDir) {
      await mkdir(folder, { recursive: true });
      // Any user of the container may write to it, as with a kubelet.
      await chmod(folder, 0o777);
      return;
    }
    const files = new Map<string, string | Buffer>();
    for (const source of volume.projected?.sources ?? [volume])
      for (const [path, content] of await this.#contentOf(source, pod)) files.set(path, content);
    const content = JSON.stringify([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]));
    if (content === this.#written) return;
    await replaceFiles(folder, files);
    this.#written = content;
  }

  async #contentOf({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeSource, pod: Pod): Promise<Files> {
    const { place, connection } = this.#options;
    const sources = sourcesIn(pod.metadata.namespace, connection);
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
      const known = this.#tokens.get(path);
      if (known && Date.now() < known.renewAt) return new Map([[path, known.text]]);
      const token = await tokenOf(pod, connection, audience, expirationSeconds);
      this.#tokens.set(path, token);
      return new Map([[path, token.text]]);
    }
    return new Map();
  }
}

interface Token {
  readonly text: string;
  /** In milliseconds. */
  readonly renewAt: number;
}

/** A token is renewed after this part of its life, as by a kubelet. */
const tokenLife = 0.8;

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
): Promise<Token> {
  const renewAt = Date.now() + tokenLife * expirationSeconds * 1000;
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
  return { text: status.token, renewAt };
}
