import { access, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import {
  type Cluster,
  type Context,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import { errorCode, errorMessage } from './errors.ts';

/** The connection to one cluster, as one user. */
export interface KubeConfig {
  readonly cluster: Cluster;
  readonly user: User;
  readonly namespace: string | undefined;
  /** The file or other source of this configuration, for messages. */
  readonly source: string;
}

/** There is no usable configuration. The message says what to do. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}

export interface KubeConfigOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

const serviceAccountRoot = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Reads the given file, else the files in KUBECONFIG, else ~/.kube/config, else the pod's service account. */
export async function loadKubeConfig({ kubeconfig, context, env }: KubeConfigOptions): Promise<KubeConfig> {
  if (kubeconfig !== undefined) return await fromFiles([kubeconfig], context);
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) return await fromFiles(named, context);
  const home = join(env['HOME'] ?? homedir(), '.kube', 'config');
  if (await exists(home)) return await fromFiles([home], context);
  if (env['KUBERNETES_SERVICE_HOST'] !== undefined) return await fromServiceAccount(env);
  throw new KubeConfigError(
    'Found no Kubernetes configuration: set KUBECONFIG, or write ~/.kube/config, or run in a pod with a service account',
  );
}

const exists = async (file: string): Promise<boolean> =>
  await access(file).then(
    () => true,
    () => false,
  );

async function fromServiceAccount(env: NodeJS.ProcessEnv): Promise<KubeConfig> {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (!(await exists(`${serviceAccountRoot}/token`))) {
    throw new KubeConfigError(
      `Found no service account token in ${serviceAccountRoot}: is automountServiceAccountToken false?`,
    );
  }
  return {
    cluster: {
      name: 'in-cluster',
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      caFile: `${serviceAccountRoot}/ca.crt`,
      skipTLSVerify: false,
    },
    user: { name: 'in-cluster', authProvider: tokenFileProvider(`${serviceAccountRoot}/token`) },
    namespace: await readFile(`${serviceAccountRoot}/namespace`, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    ),
    source: "the pod's service account",
  };
}

/** client-node's FileAuth reads the file again every minute. */
const tokenFileProvider = (tokenFile: string) => ({ name: 'tokenFile', config: { tokenFile } });

interface Entries {
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  readonly contexts: readonly Context[];
  readonly currentContext: string | undefined;
}

/** Merges files like kubectl: the first file with an entry, or with a current context, wins. */
async function fromFiles(files: readonly string[], contextName: string | undefined): Promise<KubeConfig> {
  const source = files.join(', ');
  const all = await Promise.all(files.map(readEntries));
  const current = contextName ?? all.find((entries) => entries.currentContext !== undefined)?.currentContext;
  if (current === undefined) {
    throw new KubeConfigError(`No current context in ${source}: choose one with kubectl config use-context`);
  }
  const find = <E extends { readonly name: string }>(what: string, name: string, entries: readonly E[]): E => {
    const found = entries.find((entry) => entry.name === name);
    if (found === undefined) throw new KubeConfigError(`There is no ${what} ${JSON.stringify(name)} in ${source}`);
    return found;
  };
  const context = find(
    'context',
    current,
    all.flatMap(({ contexts }) => contexts),
  );
  const cluster = find(
    'cluster',
    context.cluster,
    all.flatMap(({ clusters }) => clusters),
  );
  const users = all.flatMap((entries) => entries.users);
  const user: User = context.user ? find('user', context.user, users) : { name: 'anonymous' };
  return { cluster, user, namespace: context.namespace, source: `${source} (context ${current})` };
}

async function readEntries(file: string): Promise<Entries> {
  // Loaded lazily: a pod's service account does not need it.
  const { parse } = await import('yaml');
  let config: RawConfig | null;
  try {
    config = parse(await readFile(file, 'utf8'));
  } catch (error) {
    // No cause here: it may quote the file, which contains secrets.
    throw new KubeConfigError(`Could not read the kubeconfig ${file}: ${errorCode(error) ?? 'not YAML'}`);
  }
  if (typeof config !== 'object' || config === null) throw new KubeConfigError(`The kubeconfig ${file} is empty`);
  const folder = dirname(resolve(file));
  try {
    return {
      clusters: newClusters(config.clusters).map((cluster) => ({
        ...cluster,
        ...(cluster.caFile ? { caFile: absolute(folder, cluster.caFile) } : {}),
      })),
      users: newUsers(config.users).map((user, position) => completeUser(user, folder, config.users?.[position]?.user)),
      contexts: newContexts(config.contexts),
      currentContext: config['current-context'] || undefined,
    };
  } catch (error) {
    throw new KubeConfigError(`The kubeconfig ${file} is wrong: ${errorMessage(error)}`);
  }
}

interface RawUser {
  readonly tokenFile?: string;
}

/** A kubeconfig file, with the fields that client-node parses and those that it ignores. */
interface RawConfig {
  readonly clusters?: unknown;
  readonly contexts?: unknown;
  readonly users?: readonly { readonly user?: RawUser }[];
  readonly 'current-context'?: string;
}

interface ExecConfig {
  readonly command: string;
  readonly apiVersion?: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

/** Paths are relative to the file. client-node does not know tokenFile; as in client-go it wins over token. */
function completeUser(user: User, folder: string, raw: RawUser = {}): User {
  const { token, authProvider, ...rest } = user;
  return {
    ...rest,
    ...(user.certFile ? { certFile: absolute(folder, user.certFile) } : {}),
    ...(user.keyFile ? { keyFile: absolute(folder, user.keyFile) } : {}),
    ...(user.exec ? { exec: completeExec(user.exec, folder) } : {}),
    ...(raw.tokenFile === undefined
      ? { ...(token ? { token } : {}), authProvider }
      : { authProvider: tokenFileProvider(absolute(folder, raw.tokenFile)) }),
  };
}

/** Plugins expect KUBERNETES_EXEC_INFO, which client-node does not set. */
function completeExec(exec: ExecConfig, folder: string): ExecConfig {
  const info = { apiVersion: exec.apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  return {
    ...exec,
    command: exec.command.includes('/') ? absolute(folder, exec.command) : exec.command,
    env: [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
  };
}

const absolute = (folder: string, file: string): string => (isAbsolute(file) ? file : join(folder, file));
