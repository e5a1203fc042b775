// The rig of every integration test: a cluster, an AWS, a running Gatehouse, and its GatewayClass.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StartOptions } from '../../../localstack/aws/server.ts';
import { applyYaml, deleteObjects, type KubeObject, type Manifest } from '../../../localstack/cluster/apply.ts';
import {
  type Environment,
  type EnvironmentOptions,
  endpointSlice,
  startEnvironment,
} from '../../../localstack/environment.ts';
import type { Gatehouse, GatehouseOptions } from '../../../localstack/gatehouse.ts';
import { endpointVariable, openOutsideAws } from '../../aws/outside.ts';
import { gatewayClass, namespace, service } from './objects.ts';
import { program } from './program.ts';

export interface Rig extends Environment {
  /** The running Gatehouse; `restart` replaces it. */
  gatehouse: Gatehouse;
  readonly className: string;
  apply(manifest: Manifest): Promise<readonly KubeObject[]>;
  remove(manifest: Manifest): Promise<void>;
  /** A new namespace. Its name ends with a unique number. */
  freshNamespace(name: string, labels?: Readonly<Record<string, string>>): Promise<string>;
  /** A Service on port 80, with ready endpoints on port 8080 at unique addresses. */
  backend(namespace: string, name: string, pods?: number): Promise<readonly string[]>;
  /** Ends Gatehouse and starts it again. */
  restart(options?: GatehouseOptions & { readonly signal?: NodeJS.Signals }): Promise<void>;
}

export interface RigOptions extends EnvironmentOptions {
  readonly gatehouse?: GatehouseOptions;
}

const endpoint = process.env[endpointVariable];

/** Creates the AWS of the tests. */
export const openAws =
  endpoint === undefined ? undefined : (options: StartOptions) => openOutsideAws(endpoint, options);

/** The project `oldest-gateway-api` (vitest.config.ts) runs the tests with the oldest supported release. */
const gatewayApi = process.env['GATEHOUSE_TEST_GATEWAY_API'] === 'v1.4.0' ? 'v1.4.0' : undefined;

/** Short times instead of AWS's minutes. */
const impatient = { provisioningSeconds: 0.3, healthSeconds: 0.5, drainingSecondsMax: 1 } as const;

export async function startRig({ gatehouse: options = {}, ...environmentOptions }: RigOptions = {}): Promise<Rig> {
  const environment = await startEnvironment({
    openAws,
    program,
    crds: gatewayApi,
    ...environmentOptions,
    aws: { port: 0, ...impatient, ...environmentOptions.aws },
  });
  const className = 'aws';
  let namespaces = 0;
  let pods = 0;
  const apply = (manifest: Manifest) => applyYaml(environment.cluster.admin, manifest);
  // Without the Gateway API there are no classes either, until a test installs both.
  if (environmentOptions.crds !== false) await apply([gatewayClass(className)]);
  const rig: Rig = {
    ...environment,
    className,
    gatehouse: await environment.startGatehouse(options),
    apply,
    remove: (manifest) => deleteObjects(environment.cluster.admin, manifest),
    freshNamespace: async (name, labels) => {
      namespaces += 1;
      const fresh = `${name}-${namespaces}`;
      await apply([namespace(fresh, labels)]);
      return fresh;
    },
    backend: async (ns, name, count = 2) => {
      const addresses = Array.from({ length: count }, () => {
        pods += 1;
        return `10.0.${48 + 16 * (pods % 3) + Math.floor(pods / 600)}.${20 + (Math.floor(pods / 3) % 200)}`;
      });
      await apply([service(ns, name), endpointSlice(ns, name, addresses, 8080, { portName: 'http' })]);
      return addresses;
    },
    restart: async ({ signal, ...again } = {}) => {
      await rig.gatehouse.stop(signal);
      rig.gatehouse = await environment.startGatehouse({ ...options, ...again });
    },
  };
  return rig;
}

/** Waits until AWS got no call for `quietMs`, which is longer than the pause between a waiting Gateway's polls. */
export async function untilQuiet({ aws }: Rig, quietMs = 4000, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let total = -1;
  let since = performance.now();
  while (performance.now() - since < quietMs) {
    const now = aws.calls.counts().total;
    if (now !== total) {
      total = now;
      since = performance.now();
    }
    if (performance.now() > deadline) throw new Error(`AWS is still called after ${timeoutMs} ms`);
    await sleep(50);
  }
}
