// Whether the Gateway API's CRDs in the cluster are of versions that we know: the class's condition SupportedVersion.

export const BUNDLE_VERSION_ANNOTATION = 'gateway.networking.k8s.io/bundle-version';

/** Since v1.4 every field that we read is as it is in v1.7, of which we know everything. */
const OLDEST_MINOR = 4;
const NEWEST_MINOR = 7;

/** As a message names them. */
export const SUPPORTED_VERSIONS = `v1.${OLDEST_MINOR} to v1.${NEWEST_MINOR}`;

export interface SupportedVersion {
  readonly supported: boolean;
  /** The versions found, each once, sorted; `unknown` for a CRD that does not say. */
  readonly found: readonly string[];
}

/** @param annotations those of each CRD of the group gateway.networking.k8s.io that is installed */
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
