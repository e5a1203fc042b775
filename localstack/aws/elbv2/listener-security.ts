// The part of a listener that only HTTPS and TLS have: certificate, policy, ALPN, mutual authentication.
import type { Input } from '../service.ts';
import type { World } from '../world.ts';
import { checkCertificate } from './certificates.ts';
import { invalidConfiguration, trustStoreNotFound, validationError } from './errors.ts';
import { flag, oneOf, record, records, requiredText, text, texts } from './input.ts';
import { checkSslPolicy, defaultSslPolicy } from './ssl-policies.ts';
import type { Listener, MutualAuthentication } from './state.ts';

export type Security = Pick<Listener, 'sslPolicy' | 'defaultCertificate' | 'alpnPolicy' | 'mutualAuthentication'>;

const none: Security = {
  sslPolicy: undefined,
  defaultCertificate: undefined,
  alpnPolicy: undefined,
  mutualAuthentication: undefined,
};

const alpnPolicies = new Set(['HTTP1Only', 'HTTP2Only', 'HTTP2Optional', 'HTTP2Preferred', 'None']);

function readDefaultCertificate(world: World, input: Input): string | undefined {
  const given = records(input, 'Certificates');
  if (!given || given.length === 0) return undefined;
  const [certificate, second] = given;
  if (second) throw validationError('Only one certificate, the default one, can be specified');
  if (certificate && flag(certificate, 'IsDefault') !== undefined) {
    throw validationError('IsDefault must not be specified for the default certificate');
  }
  const arn = requiredText(certificate ?? {}, 'CertificateArn');
  checkCertificate(world, arn);
  return arn;
}

function readMutualAuthentication(input: Input): MutualAuthentication | undefined {
  const given = record(input, 'MutualAuthentication');
  if (!given) return undefined;
  const mode = oneOf(given, 'Mode', ['off', 'passthrough', 'verify']);
  if (!mode) throw validationError('Parameter MutualAuthentication.Mode must be specified');
  const trustStoreArn = text(given, 'TrustStoreArn');
  if (mode === 'verify') {
    if (trustStoreArn === undefined) throw validationError('Mutual authentication in verify mode needs a trust store');
    throw trustStoreNotFound(trustStoreArn);
  }
  if (trustStoreArn !== undefined) throw validationError('A trust store is only for verify mode');
  return { mode };
}

/** Reads and checks it all; what is not given stays as `current` has it. */
export function readSecurity(world: World, input: Input, protocol: string, current: Listener | undefined): Security {
  const certificate = readDefaultCertificate(world, input);
  const sslPolicy = text(input, 'SslPolicy');
  if (sslPolicy !== undefined) checkSslPolicy(sslPolicy);
  const [alpnPolicy] = texts(input, 'AlpnPolicy') ?? [];
  const mutualAuthentication = readMutualAuthentication(input);
  if (protocol !== 'HTTPS' && protocol !== 'TLS') {
    if (certificate !== undefined || sslPolicy !== undefined || mutualAuthentication || alpnPolicy !== undefined) {
      const message = `Certificates and security policies cannot be specified for a listener of protocol ${protocol}`;
      throw invalidConfiguration(message);
    }
    return none;
  }
  if (alpnPolicy !== undefined && (protocol !== 'TLS' || !alpnPolicies.has(alpnPolicy))) {
    throw validationError(`ALPN policy '${alpnPolicy}' is not supported for a listener of protocol ${protocol}`);
  }
  const defaultCertificate = certificate ?? current?.defaultCertificate;
  if (defaultCertificate === undefined) {
    throw validationError(`A certificate must be specified for ${protocol} listeners`);
  }
  return {
    sslPolicy: sslPolicy ?? current?.sslPolicy ?? defaultSslPolicy,
    defaultCertificate,
    alpnPolicy: alpnPolicy ?? current?.alpnPolicy,
    mutualAuthentication:
      mutualAuthentication ?? current?.mutualAuthentication ?? (protocol === 'HTTPS' ? { mode: 'off' } : undefined),
  };
}
