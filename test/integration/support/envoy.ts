// A real Envoy on loopback, with the configuration service of the test, and resources written as JSON.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DescMessage, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { onTestFinished } from 'vitest';
import { installEnvoy } from '../../../localstack/cluster/metallb/envoy.ts';
import { replaceFiles } from '../../../localstack/cluster/nodes/volume-files.ts';
import { freePorts } from '../../../localstack/cluster/ports.ts';
import { defaultProxySettings } from '../../../src/api/proxy-configuration.ts';
import { serverName } from '../../../src/envoy/ads/testing/ads-under-test.ts';
import { tokenOf } from '../../../src/envoy/ads/testing/tokens.ts';
import {
  bootstrap,
  CONFIGURATION_FOLDER,
  configurationFiles,
  TOKEN_FILE,
  TOKEN_FOLDER,
} from '../../../src/envoy/fleet/bootstrap.ts';
import { ADMIN_PORT, READY_PORT } from '../../../src/envoy/model/proxy-ports.ts';
import { type Resource, resource } from '../../../src/envoy/snapshot.ts';
import { xdsRegistry } from '../../../src/envoy/xds/registry.ts';

const api = 'type.googleapis.com/envoy';
export const ads = { ads: {}, resourceApiVersion: 'V3' };

export const fromText = (schema: DescMessage, name: string, json: JsonValue): Resource =>
  resource(schema, name, fromJson(schema, json, { registry: xdsRegistry }));

export const socketAddress = (portValue: number): JsonValue => ({
  socketAddress: { address: '127.0.0.1', portValue },
});

/** An HTTP listener whose route table has the same name. */
export const httpListener = (name: string, port: number): JsonValue => ({
  name,
  address: socketAddress(port),
  filterChains: [
    {
      name: 'http',
      filters: [
        {
          name: 'http',
          typedConfig: {
            '@type': `${api}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
            statPrefix: name,
            rds: { routeConfigName: name, configSource: ads },
            httpFilters: [
              { name: 'router', typedConfig: { '@type': `${api}.extensions.filters.http.router.v3.Router` } },
            ],
          },
        },
      ],
    },
  ],
});

export interface EnvoyOptions {
  readonly pod: string;
  readonly adsPort: number;
  /** PEM. */
  readonly authorities: string;
}

/** Starts Envoy with the bootstrap of a pod, and with the pod's files in a folder. It ends with the test. */
export async function startEnvoy({ pod, adsPort, authorities }: EnvoyOptions) {
  const binary = await installEnvoy({});
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-envoy-'));
  const configurationFolder = join(folder, 'configuration');
  const tokenFolder = join(folder, 'token');
  const [adminPort = 0, readyPort = 0] = await freePorts(2);
  const service = { address: `127.0.0.1:${adsPort}`, serverName, audience: 'gatehouse', authorities };
  const here = (text: string): string =>
    text.replaceAll(CONFIGURATION_FOLDER, configurationFolder).replaceAll(TOKEN_FOLDER, tokenFolder);
  /** As the kubelet does, when the ConfigMap has changed or the token is renewed. */
  const renew = async (trusted: string, token: string): Promise<void> => {
    const files = Object.entries(configurationFiles({ ...service, authorities: trusted }));
    await replaceFiles(configurationFolder, new Map(files.map(([name, text]) => [name, here(text)])));
    await replaceFiles(tokenFolder, new Map([[TOKEN_FILE, token]]));
  };
  await renew(authorities, tokenOf(pod));
  const { resources } = defaultProxySettings;
  const configuration = here(JSON.stringify(bootstrap({ ads: service, resources, families: ['IPv4'] })))
    .replaceAll(`:${ADMIN_PORT}`, `:${adminPort}`)
    .replaceAll(`:${READY_PORT}`, `:${readyPort}`);
  const node = ['--service-node', pod, '--service-cluster', 'web', '--config-yaml', configuration];
  const args = [...node, '--concurrency', '2', '--log-level', 'warning', '--disable-hot-restart'];
  const child = spawn(binary, [...args, '--drain-time-s', '2', '--drain-strategy', 'immediate'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  let accessLog = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    accessLog += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  onTestFinished(async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  });
  return {
    pid: child.pid ?? 0,
    readyPort,
    log: () => log,
    accessLog: () => accessLog,
    renew,
    stop: () => ended(child),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
