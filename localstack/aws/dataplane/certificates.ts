// Chooses the certificate of a listener.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Certificate, keyAlgorithms, type Material } from '../acm/state.ts';
import type { Listener } from '../elbv2/state.ts';
import type { World } from '../world.ts';

/**
 * For the client's server name (SNI): the best matching certificate of the listener's list. Without a name, or without a match,
 * the default certificate. Undefined if ACM does not have the certificate any more. AWS also checks which kinds of keys the
 * client supports; we can't see that.
 */
export function chooseMaterial(world: World, listener: Listener, serverName: string | undefined): Material | undefined {
  const listed = [...listener.certificates].flatMap((arn) => world.acm.certificates.get(arn) ?? []);
  const matching = serverName === undefined ? [] : mostSpecific(listed, serverName.toLowerCase());
  const sorted = matching.toSorted((a, b) => rank(world, b) - rank(world, a) || validity(b) - validity(a));
  const ofDefault = world.acm.certificates.get(listener.defaultCertificate ?? '');
  return sorted.find(({ material }) => material !== undefined)?.material ?? ofDefault?.material;
}

/**
 * A wildcard matches one label. An exact name comes before a wildcard. AWS does not document this, but its TLS library does it
 * (github.com/aws/s2n-tls/pull/1051), and exampleloadbalancer.info shows it.
 */
function mostSpecific(certificates: readonly Certificate[], name: string): readonly Certificate[] {
  const having = (wanted: string) =>
    certificates.filter(({ subjectAlternativeNames }) =>
      subjectAlternativeNames.some((each) => each.toLowerCase() === wanted),
    );
  const exact = having(name);
  return exact.length > 0 ? exact : having(`*${name.slice(name.indexOf('.'))}`);
}

/** ECDSA before RSA, then the longer key. An expired certificate is used only if there is no other. */
function rank(world: World, { keyAlgorithm, notAfter }: Certificate): number {
  const expired = notAfter !== undefined && notAfter.getTime() <= world.clock.now();
  return keyAlgorithms.indexOf(keyAlgorithm) - (expired ? keyAlgorithms.length : 0);
}

const validity = ({ notAfter }: Certificate): number => notAfter?.getTime() ?? 0;

const contexts = new WeakMap<Material, Map<string, SecureContext>>();

/** @param ca clients get the names of these certificates; none if empty */
export function secureContext(material: Material, ca = ''): SecureContext {
  const ofMaterial = contexts.get(material) ?? new Map<string, SecureContext>();
  contexts.set(material, ofMaterial);
  const known = ofMaterial.get(ca);
  if (known) return known;
  const context = createSecureContext({ ...pemOf(material), ...(ca === '' ? {} : { ca }) });
  ofMaterial.set(ca, context);
  return context;
}

export function pemOf({ certificatePem, chainPem, privateKey }: Material): { cert: string; key: string } {
  return {
    cert: `${certificatePem}${chainPem ?? ''}`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
