// Which certificate a listener shows.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Certificate, keyAlgorithms, type Material } from '../acm/state.ts';
import type { Listener } from '../elbv2/state.ts';
import type { World } from '../world.ts';

/**
 * For the name that a client asks for (SNI): the best of the listener's certificates that have it, else the default one,
 * as for a client that asks for none. Undefined when ACM has no such certificate any more.
 */
export function chooseMaterial(world: World, listener: Listener, serverName: string | undefined): Material | undefined {
  const matching = [...listener.certificates]
    .flatMap((arn) => world.acm.certificates.get(arn) ?? [])
    .filter((certificate) => serverName !== undefined && hasName(certificate, serverName))
    .toSorted((a, b) => rank(world, b) - rank(world, a));
  const ofDefault = world.acm.certificates.get(listener.defaultCertificate ?? '');
  return matching.find(({ material }) => material !== undefined)?.material ?? ofDefault?.material;
}

/** A wildcard stands for one label. */
function hasName({ subjectAlternativeNames }: Pick<Certificate, 'subjectAlternativeNames'>, name: string) {
  const wanted = name.toLowerCase();
  const parent = wanted.slice(wanted.indexOf('.'));
  return subjectAlternativeNames.some((each) => {
    const own = each.toLowerCase();
    return own === wanted || (own.startsWith('*.') && own.slice(1) === parent);
  });
}

/** ECDSA before RSA, then the larger key; an expired one only when there is no other. */
function rank(world: World, { keyAlgorithm, notAfter }: Certificate): number {
  const expired = notAfter !== undefined && notAfter.getTime() <= world.clock.now();
  return keyAlgorithms.indexOf(keyAlgorithm) - (expired ? keyAlgorithms.length : 0);
}

const contexts = new WeakMap<Material, Map<string, SecureContext>>();

/** `ca` are the certificates whose names clients are told to have one of; none in an empty text. */
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
