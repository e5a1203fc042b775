// Mutual TLS: decides which clients are trusted, and makes the headers about them for targets.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { Listener, TrustStore } from '../elbv2/state.ts';
import { issuerOf, type RevocationList, readBundle, readRevocations } from '../elbv2/trust-store-content.ts';
import type { World } from '../world.ts';

/** The client's chain. Its own certificate is first. */
function presentedBy(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let each: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (each?.raw && !chain.some(({ raw }) => raw.equals(each?.raw ?? Buffer.alloc(0)))) {
    chain.push(new X509Certificate(each.raw));
    each = each.issuerCertificate;
  }
  return chain;
}

export const requestsCertificate = ({ mutualAuthentication: mutual }: Listener): boolean =>
  mutual !== undefined && mutual.mode !== 'off';

/** The bundle whose names are sent to clients; undefined if the listener does not send them. */
export function advertisedBundle({ elbv2 }: World, { mutualAuthentication: mutual }: Listener): string | undefined {
  if (mutual?.advertiseTrustStoreCaNames !== 'on') return undefined;
  return elbv2.trustStores.get(mutual.trustStoreArn ?? '')?.bundle;
}

/** Whether the load balancer accepts a client after the handshake. */
export function isTrustedBy(world: World, { mutualAuthentication: mutual }: Listener, socket: TLSSocket): boolean {
  if (mutual?.mode !== 'verify') return true;
  const trustStore = world.elbv2.trustStores.get(mutual.trustStoreArn ?? '');
  const ignoreExpiry = mutual.ignoreClientCertificateExpiry ?? false;
  return (
    trustStore !== undefined && isTrusted(presentedBy(socket), trustStore, { ignoreExpiry, at: world.clock.now() })
  );
}

interface Terms {
  /** The client's own certificate. */
  readonly ignoreExpiry: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html#mtls-quotas */
const maxChainLength = 4;
const clientAuth = '1.3.6.1.5.5.7.3.2';

/** Whether the first certificate is a client certificate with a path to the trust store. */
export function isTrusted(
  presented: readonly X509Certificate[],
  { bundle, revocations }: Pick<TrustStore, 'bundle' | 'revocations'>,
  { ignoreExpiry, at }: Terms,
): boolean {
  const [leaf, ...others] = presented;
  if (!leaf || (leaf.keyUsage && !leaf.keyUsage.includes(clientAuth))) return false;
  if (!ignoreExpiry && !isValid(leaf, at)) return false;
  const trusted = readBundle(bundle);
  const revoked = [...revocations.values()].map(({ pem }) => readRevocations(pem));
  const leads = (certificate: X509Certificate, length: number): boolean => {
    if (length > maxChainLength || isRevoked(certificate, revoked)) return false;
    const issues = (issuer: X509Certificate) => isIssuer(issuer, certificate) && isValid(issuer, at);
    return trusted.some(issues) || others.some((issuer) => issues(issuer) && leads(issuer, length + 1));
  };
  return leads(leaf, 1);
}

const isValid = ({ validFrom, validTo }: X509Certificate, at: number): boolean =>
  Date.parse(validFrom) <= at && at <= Date.parse(validTo);

const isIssuer = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

const isRevoked = (certificate: X509Certificate, lists: readonly RevocationList[]): boolean =>
  lists.some(({ issuer, serials }) => serials.includes(certificate.serialNumber) && issuer === issuerOf(certificate));

/** Headers by the names in the listener's attributes; undefined if a header is not sent. */
export function clientCertificateHeaders(listener: Listener, socket: TLSSocket): Record<string, string | undefined> {
  const presented = presentedBy(socket);
  const [leaf] = presented;
  const verified = listener.mutualAuthentication?.mode === 'verify' ? leaf : undefined;
  return {
    x_amzn_mtls_clientcert: leaf && !verified ? presented.map(encoded).join('') : undefined,
    x_amzn_mtls_clientcert_serial_number: verified?.serialNumber,
    x_amzn_mtls_clientcert_issuer: verified && rfc2253(verified.issuer),
    x_amzn_mtls_clientcert_subject: verified && rfc2253(verified.subject),
    x_amzn_mtls_clientcert_validity:
      verified && `NotBefore=${iso8601(verified.validFrom)};NotAfter=${iso8601(verified.validTo)}`,
    x_amzn_mtls_clientcert_leaf: verified && encoded(verified),
  };
}

/** "URL-encoded PEM format … with +=/ as safe characters". */
const encoded = (certificate: X509Certificate): string =>
  encodeURIComponent(certificate.toString()).replaceAll(/%2B|%3D|%2F/g, decodeURIComponent);

/** Node writes one attribute of a name per line, in the certificate's order, escaped as in RFC 2253. */
export const rfc2253 = (name: string | undefined): string => (name ?? '').split('\n').toReversed().join(',');

const iso8601 = (date: string): string => new Date(date).toISOString().replace(/\.\d+Z$/, 'Z');
