import type { TLSSocket } from 'node:tls';
import { listenerAttribute, loadBalancerAttribute } from '../elbv2/attributes.ts';
import type { Listener, LoadBalancer } from '../elbv2/state.ts';
import { clientCertificateHeaders, requestsCertificate } from './client-certificate.ts';

/**
 * Adds what the load balancer knows about the client's TLS. A client's own headers of these names are not trusted.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
 */
export function addTlsHeaders(
  headers: Record<string, string | string[]>,
  loadBalancer: LoadBalancer,
  listener: Listener,
  socket: TLSSocket,
): void {
  const nameOf = (header: string): string =>
    (listenerAttribute(listener, `routing.http.request.${header}.header_name`) ?? header).toLowerCase();
  if (loadBalancerAttribute(loadBalancer, 'routing.http.x_amzn_tls_version_and_cipher_suite.enabled') === 'true') {
    headers[nameOf('x_amzn_tls_version')] = socket.getProtocol() ?? '';
    headers[nameOf('x_amzn_tls_cipher_suite')] = socket.getCipher().name;
  }
  if (!requestsCertificate(listener)) return;
  for (const [header, value] of Object.entries(clientCertificateHeaders(listener, socket))) {
    if (value === undefined) delete headers[nameOf(header)];
    else headers[nameOf(header)] = value;
  }
}
