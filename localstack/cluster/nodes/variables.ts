// The environment variables of a container, and the values for its volumes.
import type { Container, EnvFrom, EnvVar, Pod } from './objects.ts';

/** A ConfigMap's or Secret's data; undefined if it does not exist. */
export interface Sources {
  readonly configMap: (name: string) => Promise<Data | undefined>;
  readonly secret: (name: string) => Promise<Data | undefined>;
}

export type Data = ReadonlyMap<string, Buffer>;

/** Facts about a pod that only its node knows. */
export interface PodPlace {
  /** The first is the primary one. */
  readonly podAddresses: readonly string[];
  readonly hostAddress: string;
}

/** An object that a container refers to is missing. It may be created later. */
export class MissingError extends Error {
  override readonly name = 'MissingError';
}

export async function environmentOf(
  pod: Pod,
  container: Container,
  place: PodPlace,
  sources: Sources,
): Promise<Readonly<Record<string, string>>> {
  const variables: Record<string, string> = {};
  for (const from of container.envFrom ?? []) Object.assign(variables, await allOf(from, sources));
  for (const variable of container.env ?? []) {
    const value = await valueOf(pod, variable, place, sources);
    if (value !== undefined) variables[variable.name] = expand(value, variables);
  }
  return variables;
}

/** Replaces `$(NAME)` by the variable's value, if it exists, and `$$(NAME)` by `$(NAME)`. */
export const expand = (text: string, variables: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\$|\$\(([^()]+)\)/g, (found, name: string | undefined) =>
    name === undefined ? '$' : (variables[name] ?? found),
  );

async function allOf(from: EnvFrom, sources: Sources): Promise<Readonly<Record<string, string>>> {
  const { prefix = '', configMapRef, secretRef } = from;
  const data = new Map<string, Buffer>();
  for (const [ref, read, kind] of [
    [configMapRef, sources.configMap, 'ConfigMap'],
    [secretRef, sources.secret, 'Secret'],
  ] as const) {
    if (ref === undefined) continue;
    const found = await read(ref.name);
    if (found === undefined && !ref.optional) throw new MissingError(`${kind} "${ref.name}" not found`);
    for (const [key, value] of found ?? []) data.set(key, value);
  }
  return Object.fromEntries([...data].map(([key, value]) => [`${prefix}${key}`, value.toString()]));
}

async function valueOf(pod: Pod, variable: EnvVar, place: PodPlace, sources: Sources): Promise<string | undefined> {
  const { fieldRef, configMapKeyRef, secretKeyRef } = variable.valueFrom ?? {};
  if (fieldRef) return fieldOf(pod, fieldRef.fieldPath, place);
  const ref = configMapKeyRef ?? secretKeyRef;
  if (ref === undefined && variable.valueFrom)
    throw new Error(
      `Variable ${variable.name}: the nodes of this cluster know no ${Object.keys(variable.valueFrom)[0]}`,
    );
  if (ref === undefined) return variable.value ?? '';
  const [kind, data] = configMapKeyRef
    ? ['ConfigMap', await sources.configMap(ref.name)]
    : ['Secret', await sources.secret(ref.name)];
  const value = data?.get(ref.key)?.toString();
  if (value === undefined && !ref.optional)
    throw new MissingError(data ? `No key "${ref.key}" in ${kind} "${ref.name}"` : `${kind} "${ref.name}" not found`);
  return value;
}

/** https://kubernetes.io/docs/concepts/workloads/pods/downward-api/ */
export function fieldOf(pod: Pod, path: string, { podAddresses, hostAddress }: PodPlace): string {
  const { metadata, spec } = pod;
  const [, map, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === 'labels' || map === 'annotations') return metadata[map]?.[key] ?? '';
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'metadata.labels': listed(metadata.labels),
    'metadata.annotations': listed(metadata.annotations),
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.podIP': podAddresses[0],
    'status.podIPs': podAddresses.join(','),
    'status.hostIP': hostAddress,
    'status.hostIPs': hostAddress,
  };
  const value = fields[path];
  if (value === undefined) throw new MissingError(`No field "${path}" for the downward API`);
  return value;
}

const listed = (map: Readonly<Record<string, string>> = {}): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
