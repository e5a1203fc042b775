// A real Envoy on loopback, with the configuration service of the test, and resources written as JSON.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DescMessage, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { onTestFinished } from 'vitest';
import { installEnvoy } from '../../../localstack/cluster/metallb/envoy.ts';
import { serverName } from '../../../src/envoy/ads/testing/ads-under-test.ts';
import { tokenOf } from '../../../src/envoy/ads/testing/tokens.ts';
import { type Resource, resource } from '../../../src/envoy/snapshot.ts';
import { xdsRegistry } from '../../../src/envoy/xds/registry.ts';

const api = 'type.googleapis.com/envoy';
const tls = `${api}.extensions.transport_sockets.tls.v3`;
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

/** Starts Envoy as a pod's container would, with a token in a file. It ends with the test. */
export async function startEnvoy({ pod, adsPort, authorities }: EnvoyOptions) {
  const binary = await installEnvoy({});
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-envoy-'));
  const path = (name: string): string => join(folder, name);
  const credential = {
    '@type': `${tls}.Secret`,
    name: 'token',
    genericSecret: { secret: { filename: path('token') } },
  };
  await writeFile(path('ca.crt'), authorities);
  await writeFile(path('token'), tokenOf(pod));
  await writeFile(path('token.json'), JSON.stringify({ resources: [credential] }));
  await writeFile(path('bootstrap.json'), JSON.stringify(bootstrap(pod, adsPort, path)));
  const args = ['-c', path('bootstrap.json'), '--concurrency', '2', '--log-level', 'warning', '--disable-hot-restart'];
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
  return { pid: child.pid ?? 0, log: () => log, accessLog: () => accessLog, stop: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

function bootstrap(pod: string, adsPort: number, path: (name: string) => string): JsonValue {
  const validation = {
    trustedCa: { filename: path('ca.crt') },
    matchTypedSubjectAltNames: [{ sanType: 'DNS', matcher: { exact: serverName } }],
  };
  return {
    node: { id: pod, cluster: 'web' },
    dynamicResources: {
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: 'gatehouse' } }],
      },
      cdsConfig: ads,
      ldsConfig: ads,
    },
    staticResources: {
      clusters: [
        {
          name: 'gatehouse',
          type: 'STATIC',
          loadAssignment: {
            clusterName: 'gatehouse',
            endpoints: [{ lbEndpoints: [{ endpoint: { address: socketAddress(adsPort) } }] }],
          },
          transportSocket: {
            name: 'tls',
            typedConfig: {
              '@type': `${tls}.UpstreamTlsContext`,
              sni: serverName,
              commonTlsContext: { alpnProtocols: ['h2'], validationContext: validation },
            },
          },
          typedExtensionProtocolOptions: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': withToken(path) },
        },
      ],
    },
  };
}

const withToken = (path: (name: string) => string): JsonValue => ({
  '@type': `${api}.extensions.upstreams.http.v3.HttpProtocolOptions`,
  explicitHttpConfig: { http2ProtocolOptions: {} },
  httpFilters: [
    {
      name: 'token',
      typedConfig: {
        '@type': `${api}.extensions.filters.http.credential_injector.v3.CredentialInjector`,
        overwrite: true,
        credential: {
          name: 'envoy.http.injected_credentials.generic',
          typedConfig: {
            '@type': `${api}.extensions.http.injected_credentials.generic.v3.Generic`,
            credential: {
              name: 'token',
              sdsConfig: { pathConfigSource: { path: path('token.json') }, resourceApiVersion: 'V3' },
            },
            headerValuePrefix: 'Bearer ',
          },
        },
      },
    },
    {
      name: 'codec',
      typedConfig: { '@type': `${api}.extensions.filters.http.upstream_codec.v3.UpstreamCodec` },
    },
  ],
});
