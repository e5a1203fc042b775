// A GatewayClass's conditions.
import type { Problem } from '../gateway/problem.ts';
import type { Verdict } from './condition.ts';
import { told } from './words.ts';

type Accepted = Verdict<'Accepted', 'Accepted' | 'InvalidParameters'>;
type SupportedVersion = Verdict<'SupportedVersion', 'SupportedVersion' | 'UnsupportedVersion'>;

export type GatewayClassCondition = Accepted | SupportedVersion;

/**
 * @param problems those of the class's parameters
 * @param version whether the installed CRDs are of a version that we know, and if not, why
 */
export function gatewayClassConditions(
  problems: readonly Problem[],
  version: { readonly supported: boolean; readonly detail: string },
): readonly GatewayClassCondition[] {
  return [
    problems.length === 0
      ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Gatehouse serves Gateways of this class.' }
      : { type: 'Accepted', status: 'False', reason: 'InvalidParameters', message: told(problems) },
    version.supported
      ? { type: 'SupportedVersion', status: 'True', reason: 'SupportedVersion', message: version.detail }
      : { type: 'SupportedVersion', status: 'False', reason: 'UnsupportedVersion', message: version.detail },
  ];
}
