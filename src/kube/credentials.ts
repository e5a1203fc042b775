import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { Authenticator } from '@kubernetes/client-node/dist/auth.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { FileAuth } from '@kubernetes/client-node/dist/file_auth.js';
import { errorCode } from './errors.ts';
import { type KubeConfig, KubeConfigError } from './kubeconfig.ts';

/** Options for tls.connect. */
export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: RequestOptions['cert'];
  readonly key?: RequestOptions['key'];
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/**
 * Our credentials for the API server. Each request and each connection reads them again, so that rotated tokens and
 * certificates are used. client-node reads token files and runs exec plugins: it caches a file's token for a minute, and a
 * plugin's until it expires. We load only its small modules, because its index and its KubeConfig class cost 50 MiB.
 */
export class Credentials {
  readonly #config: KubeConfig;
  #authenticator: Promise<Authenticator | undefined>;
  /** Parallel requests share one run of an exec plugin. */
  #pending: Promise<RequestOptions> | undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
    this.#authenticator = findAuthenticator(config.user);
    // The first request that needs the credentials reports the error.
    this.#authenticator.catch(() => undefined);
  }

  /** Drops the cached credentials after the server rejected them. */
  renew(): void {
    this.#authenticator = findAuthenticator(this.#config.user);
    this.#authenticator.catch(() => undefined);
    this.#pending = undefined;
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    const { user } = this.#config;
    const { headers = {} } = await this.#authenticate();
    const result: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) {
      // A token from a file ends with a newline.
      if (typeof value === 'string') result[name.toLowerCase()] = value.trim();
    }
    if (user.token) result['authorization'] ??= `Bearer ${user.token.trim()}`;
    else if (user.username) {
      result['authorization'] ??= `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
    }
    if (user.impersonateUser) result['impersonate-user'] = user.impersonateUser;
    return result;
  }

  async tls(): Promise<TlsMaterial> {
    const { cluster, user } = this.#config;
    const [ca, cert, key, options] = await Promise.all([
      fileOrData(cluster.caFile, cluster.caData),
      fileOrData(user.certFile, user.certData),
      fileOrData(user.keyFile, user.keyData),
      this.#authenticate(),
    ]);
    const own = typeof options.cert === 'string' && typeof options.key === 'string' ? options : { cert, key };
    return {
      ...(ca === undefined ? {} : { ca }),
      ...(own.cert === undefined || own.key === undefined ? {} : { cert: own.cert, key: own.key }),
      ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
      ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
    };
  }

  async #authenticate(): Promise<RequestOptions> {
    this.#pending ??= this.#askAuthenticator().finally(() => {
      this.#pending = undefined;
    });
    return await this.#pending;
  }

  async #askAuthenticator(): Promise<RequestOptions> {
    const { user, source } = this.#config;
    const options: RequestOptions = { headers: {} };
    try {
      await (await this.#authenticator)?.applyAuthentication(user, options);
    } catch (error) {
      if (error instanceof KubeConfigError) throw error;
      throw new KubeConfigError(`Could not get credentials for user ${user.name} of ${source}: ${describe(error)}`);
    }
    return options;
  }
}

/** Leaves out the plugin's output, because it may contain a token. */
function describe(error: unknown): string {
  const code = errorCode(error);
  if (code !== undefined) return code;
  return 'the credential plugin failed; run it by hand to see why';
}

async function findAuthenticator(user: User): Promise<Authenticator | undefined> {
  const known = [new ExecAuth(), new FileAuth()].find((authenticator) => authenticator.isAuthProvider(user));
  if (known !== undefined || !user.authProvider) return known;
  const { name }: { readonly name?: string } = user.authProvider;
  if (name !== 'oidc') {
    throw new KubeConfigError(
      `The auth-provider ${JSON.stringify(name)} is not supported: use an exec credential plugin`,
    );
  }
  const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js');
  return new OpenIDConnectAuth();
}

async function fileOrData(file: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
  if (file) return await readFile(file);
  return data ? Buffer.from(data, 'base64') : undefined;
}
