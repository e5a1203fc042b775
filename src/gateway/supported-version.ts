// Whether we support the version of the Gateway API's CRDs in the cluster, for the class's condition SupportedVersion.

export const BUNDLE_VERSION_ANNOTATION = 'gateway.networking.k8s.io/bundle-version';

/** v1.4 already has all fields that we read, and v1.7 is the newest version that we have checked. */
const OLDEST_MINOR = 4;
const NEWEST_MINOR = 7;

/** The versions for messages. */
export const SUPPORTED_VERSIONS = `v1.${OLDEST_MINOR} to v1.${NEWEST_MINOR}`;

export interface SupportedVersion {
  readonly supported: boolean;
  /** The versions found, each once, sorted. `unknown` stands for a CRD without a version. */
  readonly found: readonly string[];
}

/** @param annotations of each installed CRD of the group gateway.networking.k8s.io */
export function supportedVersion(
  annotations: readonly (Readonly<Record<string, string>> | undefined)[],
): SupportedVersion {
  const versions = annotations.map((each) => each?.[BUNDLE_VERSION_ANNOTATION]);
  return {
    supported: versions.length > 0 && versions.every(isSupported),
    found: [...new Set(versions.map((version) => version ?? 'unknown'))].toSorted(),
  };
}

function isSupported(version: string | undefined): boolean {
  const minor = /^v1\.(\d{1,3})\.\d+(?:-[0-9A-Za-z.-]+)?$/.exec(version ?? '')?.[1];
  return minor !== undefined && Number(minor) >= OLDEST_MINOR && Number(minor) <= NEWEST_MINOR;
}
