import { readFile, rename, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import type { KeyPair } from './certificates.ts';

/** How one user reaches one API server. All certificates and keys are PEM. */
export interface Access {
  readonly url: string;
  readonly ca: string;
  readonly user: { readonly name: string } & (
    | { readonly kind: 'certificate'; readonly pair: KeyPair }
    | { readonly kind: 'token'; readonly token: string }
  );
}

/** Writes a kubeconfig that only its owner can read. A reader sees the complete old file, or the complete new one. */
export async function writeKubeconfig(path: string, { url, ca, user }: Access): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server: url, 'certificate-authority-data': toBase64(ca) } }],
    users: [{ name: user.name, user: credentials(user) }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: user.name } }],
    'current-context': 'local',
  };
  await writeFile(`${path}.new`, stringify(config, { lineWidth: 0 }), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Reads a kubeconfig from `writeKubeconfig`. It does not support contexts, plugins and files of other kubeconfigs. */
export async function readKubeconfig(path: string): Promise<Access> {
  const config: Kubeconfig = parse(await readFile(path, 'utf8'));
  const [{ cluster }] = config.clusters;
  const [{ name, user }] = config.users;
  const access = { url: cluster.server, ca: fromBase64(cluster['certificate-authority-data']) };
  if ('token' in user) return { ...access, user: { kind: 'token', name, token: user.token } };
  const pair = {
    certificate: fromBase64(user['client-certificate-data']),
    key: fromBase64(user['client-key-data']),
  };
  return { ...access, user: { kind: 'certificate', name, pair } };
}

type Credentials =
  | { readonly token: string }
  | { readonly 'client-certificate-data': string; readonly 'client-key-data': string };

interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } },
  ];
  readonly users: readonly [{ readonly name: string; readonly user: Credentials }];
}

function credentials(user: Access['user']): Credentials {
  switch (user.kind) {
    case 'certificate':
      return {
        'client-certificate-data': toBase64(user.pair.certificate),
        'client-key-data': toBase64(user.pair.key),
      };
    case 'token':
      return { token: user.token };
    default:
      return user satisfies never;
  }
}

const toBase64 = (text: string): string => Buffer.from(text).toString('base64');
const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString();
