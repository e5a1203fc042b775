// How Envoy reads requests from connections, and what it does against hostile clients.
import { HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores } from '../xds/envoy/config/core/v3/protocol_pb.ts';
import { CorsSchema } from '../xds/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import { RouterSchema } from '../xds/envoy/extensions/filters/http/router/v3/router_pb.ts';
import {
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManagerSchema,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '../xds/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { accessLog } from './access-log.ts';
import { CORS_FILTER } from './cors.ts';
import { HTTP2_LIMITS, TIMEOUTS } from './edge.ts';
import { extension, FROM_ADS, type Init, seconds } from './messages.ts';

/** @param table the route table's name. Metrics have it too */
export const httpConnectionManager = (table: string) =>
  extension('envoy.filters.network.http_connection_manager', HttpConnectionManagerSchema, {
    statPrefix: table,
    routeSpecifier: { case: 'rds', value: { routeConfigName: table, configSource: FROM_ADS } },
    httpFilters: [
      extension(CORS_FILTER, CorsSchema, {}),
      extension('envoy.filters.http.router', RouterSchema, { suppressEnvoyHeaders: true }),
    ],
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    accessLog: [requestLog],
    ...hardened,
  });

const hardened: Init<typeof HttpConnectionManagerSchema> = {
  // The client's address is that of the connection, whatever X-Forwarded-For says.
  useRemoteAddress: true,
  serverHeaderTransformation: ServerHeader.PASS_THROUGH,
  commonHttpProtocolOptions: {
    idleTimeout: seconds(TIMEOUTS.idleConnection),
    // Some backends take `x_user` for `x-user`.
    headersWithUnderscoresAction: Underscores.REJECT_REQUEST,
  },
  http2ProtocolOptions: HTTP2_LIMITS,
  streamIdleTimeout: seconds(TIMEOUTS.idleStream),
  requestTimeout: seconds(TIMEOUTS.request),
  requestHeadersTimeout: seconds(TIMEOUTS.requestHeaders),
  // A path that the backend reads in another way than Envoy would pass a match.
  normalizePath: true,
  mergeSlashes: true,
  pathWithEscapedSlashesAction: EscapedSlashes.UNESCAPE_AND_REDIRECT,
  stripTrailingHostDot: true,
};

const requestLog = accessLog({
  client: '%DOWNSTREAM_REMOTE_ADDRESS%',
  method: '%REQUEST_HEADER(:METHOD)%',
  host: '%REQUEST_HEADER(:AUTHORITY)%',
  path: '%REQUEST_HEADER(:PATH)%',
  protocol: '%PROTOCOL%',
  status: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  details: '%RESPONSE_CODE_DETAILS%',
  route: '%ROUTE_NAME%',
  backend: '%UPSTREAM_CLUSTER_RAW%',
  endpoint: '%UPSTREAM_HOST%',
  received: '%BYTES_RECEIVED%',
  sent: '%BYTES_SENT%',
  milliseconds: '%DURATION%',
  requestId: '%REQUEST_HEADER(X-REQUEST-ID)%',
});
