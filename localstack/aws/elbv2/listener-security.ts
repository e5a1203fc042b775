// The settings that only HTTPS and TLS listeners have: certificate, policy, ALPN, mutual authentication.
import { AwsError, type Input } from '../service.ts';
import type { World } from '../world.ts';
import { checkCertificate } from './certificates.ts';
import { invalidConfiguration, validationError } from './errors.ts';
import { flag, records, requiredText, text, texts } from './input.ts';
import { readMutualAuthentication } from './mutual-authentication.ts';
import { checkSslPolicy, defaultSslPolicy } from './ssl-policies.ts';
import type { Listener } from './state.ts';

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

/** At most one. docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies */
function readAlpnPolicy(input: Input, protocol: string): readonly string[] {
  const given = texts(input, 'AlpnPolicy') ?? [];
  if (given.length > 1) throw validationError('Only one ALPN policy can be specified');
  for (const policy of given) {
    if (protocol === 'TLS' && alpnPolicies.has(policy)) continue;
    const message = `ALPN policy '${policy}' is not supported for a listener of protocol ${protocol}`;
    throw new AwsError('ALPNPolicyNotFound', message);
  }
  return given;
}

/** Reads and checks the settings. Missing settings come from `current`. */
export function readSecurity(world: World, input: Input, protocol: string, current: Listener | undefined): Security {
  const certificate = readDefaultCertificate(world, input);
  const sslPolicy = text(input, 'SslPolicy');
  if (sslPolicy !== undefined) checkSslPolicy(sslPolicy);
  const mutualAuthentication = readMutualAuthentication(world, input, current);
  if (protocol !== 'HTTPS' && protocol !== 'TLS') {
    if (
      certificate !== undefined ||
      sslPolicy !== undefined ||
      mutualAuthentication ||
      texts(input, 'AlpnPolicy')?.length
    ) {
      const message = `Certificates and security policies cannot be specified for a listener of protocol ${protocol}`;
      throw invalidConfiguration(message);
    }
    return none;
  }
  const [alpnPolicy] = readAlpnPolicy(input, protocol);
  if (mutualAuthentication && protocol === 'TLS') {
    throw invalidConfiguration('Mutual authentication is only for HTTPS listeners');
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
