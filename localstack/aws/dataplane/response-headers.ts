import type { OutgoingHttpHeaders } from 'node:http';
import { listenerAttribute } from '../elbv2/attributes.ts';
import type { Listener } from '../elbv2/state.ts';

/** docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html */
const inserted = [
  'strict-transport-security',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'access-control-max-age',
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
];

/** The headers of any answer, changed by the listener's attributes. */
export function responseHeaders(listener: Listener, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  if (listener.attributes.size === 0) return headers;
  const valueOf = (name: string) =>
    listenerAttribute(listener, `routing.http.response.${name.replaceAll('-', '_')}.header_value`);
  const values = inserted.flatMap((name) => {
    const value = valueOf(name);
    return value ? [[name, value] as const] : [];
  });
  const { server, ...rest } = headers;
  const keepsServer = listenerAttribute(listener, 'routing.http.response.server.enabled') === 'true';
  return { ...(keepsServer && server !== undefined ? { server } : {}), ...rest, ...Object.fromEntries(values) };
}
