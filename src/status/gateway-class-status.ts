// A GatewayClass's conditions.

import { SUPPORTED_VERSIONS, type SupportedVersion as SupportedVersions } from '../gateway/supported-version.ts';
import type { Finding } from '../provider/finding.ts';
import type { Verdict } from './condition.ts';
import { messageOf } from './words.ts';

type Accepted = Verdict<'Accepted', 'Accepted' | 'InvalidParameters' | 'Unavailable'>;
type SupportedVersion = Verdict<'SupportedVersion', 'SupportedVersion' | 'UnsupportedVersion'>;

export type GatewayClassCondition = Accepted | SupportedVersion;

/** The state of the Gateway API's CRDs in the cluster. */
export interface InstalledApi extends SupportedVersions {
  /** The kinds that are not installed: those that Gateways need, and optional ones. */
  readonly missing: { readonly needed: readonly string[]; readonly optional: readonly string[] };
}

/** @param findings problems of the class's parameters, or of its provider */
export function gatewayClassConditions(
  findings: readonly Finding[],
  installed: InstalledApi,
): readonly GatewayClassCondition[] {
  return [
    findings.length === 0
      ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Gatehouse serves Gateways of this class.' }
      : { type: 'Accepted', status: 'False', reason: reasonOf(findings), message: messageOf(findings) },
    versionCondition(installed),
  ];
}

/** Problems of the provider are not problems of the parameters. */
const reasonOf = (findings: readonly Finding[]) =>
  findings.some((finding) => finding.kind === 'gateway' && finding.effect.kind === 'hindrance')
    ? 'Unavailable'
    : 'InvalidParameters';

function versionCondition({ supported, found, missing }: InstalledApi): SupportedVersion {
  const type = 'SupportedVersion';
  if (missing.needed.length > 0) {
    const message = `The cluster does not have the kinds ${missing.needed.join(', ')}, which Gateways need. Install the Gateway API's CRDs.`;
    return { type, status: 'False', reason: 'UnsupportedVersion', message };
  }
  if (!supported) {
    const message = `The Gateway API's CRDs have version ${found.join(', ')}, but Gatehouse supports ${SUPPORTED_VERSIONS}. Install one of these versions.`;
    return { type, status: 'False', reason: 'UnsupportedVersion', message };
  }
  const known = `Gatehouse supports the version of the Gateway API's CRDs: ${found.join(', ')}.`;
  const without =
    missing.optional.length === 0 ? '' : ` Not installed, and not needed: ${missing.optional.join(', ')}.`;
  return { type, status: 'True', reason: 'SupportedVersion', message: `${known}${without}` };
}
