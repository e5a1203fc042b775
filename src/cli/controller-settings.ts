// The controller's settings, read from its Deployment. `gatehouse plan` uses them if no flag and no variable says otherwise.
import { type ConfigMap, configMaps } from '../api/kinds.ts';
import { environmentVariable } from '../config.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Kind } from '../kube/kinds.ts';
import { isForbidden, isNotFound } from '../kube/kube-error.ts';
import { type KubeObject, objectKey } from '../kube/object.ts';
import type { FlagName } from './flag-options.ts';
import { listAll } from './live-cluster.ts';

interface Container {
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom?: readonly { readonly prefix?: string; readonly configMapRef?: { readonly name?: string } }[];
}

interface Deployment extends KubeObject {
  readonly kind: 'Deployment';
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

const deployments: Kind<Deployment> = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};

const labelSelector = 'app.kubernetes.io/name=gatehouse';

type Variables = Readonly<Record<string, string>>;

/** The settings of these flags, as environment variables. Empty unless there is exactly one Deployment that we may read. */
export async function controllerSettings(
  client: KubeClient,
  flags: readonly FlagName[],
  signal: AbortSignal,
): Promise<Variables> {
  const found = await listAll(client, deployments, signal, { labelSelector }).catch(noneIfForbidden);
  const [deployment] = found;
  if (deployment === undefined || found.length > 1) return {};
  const { containers } = deployment.spec.template.spec;
  const all = await Promise.all(containers.map((each) => variablesOf(client, deployment, each, signal)));
  const wanted = new Set(flags.map(environmentVariable));
  return Object.fromEntries(all.flatMap((each) => Object.entries(each)).filter(([name]) => wanted.has(name)));
}

/** As in Kubernetes and the program, arguments win over `env`, and `env` wins over `envFrom`. */
async function variablesOf(
  client: KubeClient,
  { metadata: { namespace } }: Deployment,
  { args = [], env = [], envFrom = [] }: Container,
  signal: AbortSignal,
): Promise<Variables> {
  const maps = await Promise.all(
    envFrom.map(async ({ prefix = '', configMapRef: { name } = {} }) => {
      if (name === undefined) return [];
      const { data = {} }: Pick<ConfigMap, 'data'> = await client
        .get(configMaps, objectKey({ namespace, name }), signal)
        .catch((error: unknown) => ({ data: Object.fromEntries(noneIfForbidden(error)) }));
      return Object.entries(data).map(([key, value]) => [`${prefix}${key}`, value] as const);
    }),
  );
  const flags = args.flatMap((arg) => {
    const [, flag = '', value = ''] = /^--([a-z-]+)=(.*)$/s.exec(arg) ?? [];
    return flag === '' ? [] : [[environmentVariable(flag), value] as const];
  });
  const own = env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries([...maps.flat(), ...own, ...flags]);
}

function noneIfForbidden(error: unknown): readonly never[] {
  if (isForbidden(error) || isNotFound(error)) return [];
  throw error;
}
