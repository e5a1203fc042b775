// The configuration that an Envoy starts with: how it gets all else from Gatehouse, and what it has for its node.
import ipaddr from 'ipaddr.js';
import type { ProxySettings } from '../../api/proxy-configuration.ts';
import type { IpFamily } from '../../gateway/backend-service.ts';
import { ADMIN_PORT, READY_PORT } from '../model/proxy-ports.ts';
import { ADMIN_CLUSTER, READY_TABLE } from '../readiness.ts';
import type { AdsClient } from './options.ts';
import { overloadManager } from './overload.ts';

/** Where the pod has the files of its ConfigMap: `authorities.json`, `token.json`, `ca.crt`. */
export const CONFIGURATION_FOLDER = '/etc/gatehouse';
/** Where the pod has its token. */
export const TOKEN_FOLDER = '/var/run/secrets/gatehouse';
export const TOKEN_FILE = 'token';

const api = 'type.googleapis.com/envoy';
const tls = `${api}.extensions.transport_sockets.tls.v3`;

export type Json = Readonly<Record<string, unknown>>;

const http = (more: Json): Json => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${api}.extensions.upstreams.http.v3.HttpProtocolOptions`,
      ...more,
    },
  },
});

/** Envoy waits without end: a pod is not ready until it has its configuration. */
const fromAds: Json = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };

const fromFile = (file: string): Json => ({
  path_config_source: {
    path: `${CONFIGURATION_FOLDER}/${file}`,
    watched_directory: { path: CONFIGURATION_FOLDER },
  },
  resource_api_version: 'V3',
});

export interface BootstrapOptions {
  readonly ads: AdsClient;
  readonly resources: ProxySettings['resources'];
  readonly families: readonly IpFamily[];
}

/** Envoy's bootstrap, as JSON. The node's id and cluster are arguments of the program. */
export function bootstrap({ ads, resources, families }: BootstrapOptions): Json {
  return {
    admin: { address: socketAddress('127.0.0.1', ADMIN_PORT) },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'gatehouse' } }],
      },
      cds_config: fromAds,
      lds_config: fromAds,
    },
    static_resources: { listeners: [readyListener(families)], clusters: [adsCluster(ads), adminCluster] },
    layered_runtime: {
      layers: [
        // The model refuses large expressions of routes before. This must not refuse what the model accepts.
        { name: 'static', static_layer: { 're2.max_program_size.error_level': 10_000 } },
      ],
    },
    stats_config: {
      // Backends choose their codes: without this, each code makes a metric. Those by class stay.
      stats_matcher: { exclusion_list: { patterns: [{ safe_regex: { regex: String.raw`.*_rq_\d\d\d` } }] } },
    },
    overload_manager: overloadManager(resources.limits.memory),
  };
}

const socketAddress = (address: string, port: number, more: Json = {}): Json => ({
  socket_address: { address, port_value: port, ...more },
});

/** Readiness and metrics, and nothing else of the administration. */
const readyListener = (families: readonly IpFamily[]): Json => ({
  name: 'ready',
  address: families.includes('IPv6')
    ? socketAddress('::', READY_PORT, { ipv4_compat: families.includes('IPv4') })
    : socketAddress('0.0.0.0', READY_PORT),
  // An Envoy with too much work is still ready, and tells its metrics.
  ignore_global_conn_limit: true,
  bypass_overload_manager: true,
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type': `${api}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
            stat_prefix: 'ready',
            request_headers_timeout: '10s',
            http_filters: [
              {
                name: 'envoy.filters.http.router',
                typed_config: { '@type': `${api}.extensions.filters.http.router.v3.Router` },
              },
            ],
            rds: { route_config_name: READY_TABLE, config_source: fromAds },
          },
        },
      ],
    },
  ],
});

const cluster = (name: string, type: 'STATIC' | 'STRICT_DNS', address: Json): Json => ({
  name,
  type,
  connect_timeout: '5s',
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
});

const adminCluster: Json = cluster(ADMIN_CLUSTER, 'STATIC', socketAddress('127.0.0.1', ADMIN_PORT));

function adsCluster({ address, serverName }: AdsClient): Json {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const type = ipaddr.isValid(host) ? 'STATIC' : 'STRICT_DNS';
  return {
    ...cluster('gatehouse', type, socketAddress(host, Number(address.slice(colon + 1)))),
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': `${tls}.UpstreamTlsContext`,
        sni: serverName,
        common_tls_context: {
          alpn_protocols: ['h2'],
          // Envoy's own maximum for clients is 1.2.
          tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
          combined_validation_context: {
            default_validation_context: {
              match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: serverName } }],
            },
            validation_context_sds_secret_config: { name: 'authorities', sds_config: fromFile('authorities.json') },
          },
        },
      },
    },
    ...http({
      // A replica that went without a word is noticed.
      explicit_http_config: {
        http2_protocol_options: { connection_keepalive: { interval: '15s', timeout: '5s' } },
      },
      http_filters: [sendToken, upstreamCodec],
    }),
  };
}

const sendToken: Json = {
  name: 'envoy.filters.http.credential_injector',
  typed_config: {
    '@type': `${api}.extensions.filters.http.credential_injector.v3.CredentialInjector`,
    overwrite: true,
    credential: {
      name: 'envoy.http.injected_credentials.generic',
      typed_config: {
        '@type': `${api}.extensions.http.injected_credentials.generic.v3.Generic`,
        credential: { name: 'token', sds_config: fromFile('token.json') },
        header_value_prefix: 'Bearer ',
      },
    },
  },
};

const upstreamCodec: Json = {
  name: 'envoy.filters.http.upstream_codec',
  typed_config: { '@type': `${api}.extensions.filters.http.upstream_codec.v3.UpstreamCodec` },
};

/** The files beside the bootstrap, by name. Envoy reads each again when it changes. */
export const configurationFiles = ({ authorities }: AdsClient): Readonly<Record<string, string>> => ({
  'ca.crt': authorities,
  'authorities.json': secretFile({
    name: 'authorities',
    validation_context: {
      trusted_ca: { filename: `${CONFIGURATION_FOLDER}/ca.crt` },
      watched_directory: { path: CONFIGURATION_FOLDER },
    },
  }),
  'token.json': secretFile({
    name: 'token',
    generic_secret: {
      secret: { filename: `${TOKEN_FOLDER}/${TOKEN_FILE}`, watched_directory: { path: TOKEN_FOLDER } },
    },
  }),
});

const secretFile = (secret: Json): string =>
  `${JSON.stringify({ resources: [{ '@type': `${tls}.Secret`, ...secret }] }, null, 2)}\n`;
