// The access logs: one line of JSON for each request, connection or session.
import type { AccessLogSchema } from '../xds/envoy/config/accesslog/v3/accesslog_pb.ts';
import { StdoutAccessLogSchema } from '../xds/envoy/extensions/access_loggers/stream/v3/stream_pb.ts';
import { extension, type Init } from './messages.ts';

/** @param fields in Envoy's command operators */
export const accessLog = (fields: Readonly<Record<string, string>>): Init<typeof AccessLogSchema> =>
  extension('envoy.access_loggers.stdout', StdoutAccessLogSchema, {
    accessLogFormat: {
      case: 'logFormat',
      value: { format: { case: 'jsonFormat', value: { time: '%START_TIME%', ...fields } } },
    },
  });
