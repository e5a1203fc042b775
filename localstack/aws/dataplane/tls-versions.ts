import type { SecureContextOptions, SecureVersion } from 'node:tls';

const isVersion = (text: string | undefined): text is SecureVersion => text?.startsWith('TLSv1') ?? false;

/** @param protocols the versions of a security policy, lowest first */
export function tlsVersions(protocols: readonly string[]): Pick<SecureContextOptions, 'minVersion' | 'maxVersion'> {
  const [minVersion, maxVersion] = [protocols[0], protocols.at(-1)];
  return isVersion(minVersion) && isVersion(maxVersion) ? { minVersion, maxVersion } : {};
}
