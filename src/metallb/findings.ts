// Problems with addresses as findings, the form that the status uses.
import { type GatewayEffect, type GatewayFinding, type Hindrance, ofGateway } from '../provider/finding.ts';
import { upperFirst } from '../status/phrases.ts';
import type { MetallbProblem } from './problem.ts';
import { sentence } from './words.ts';

export function metallbFinding(problem: MetallbProblem): GatewayFinding {
  const field = 'field' in problem && problem.field !== undefined ? `spec.${problem.field}` : undefined;
  const words = sentence(problem);
  return ofGateway(problem, field === undefined ? upperFirst(words) : words, effectOf(problem), field);
}

const unusable: Hindrance = {
  kind: 'hindrance',
  programmed: 'AddressNotUsable',
  upToDate: 'AddressNotUsable',
  unprograms: 'always',
  concerns: 'everything',
};

/** The Gateway does not say which address it must be. */
const unassigned: Hindrance = { ...unusable, programmed: 'AddressNotAssigned', upToDate: 'AddressNotAssigned' };

const { unprograms: _, ...unchanged }: Hindrance = { ...unusable, programmed: 'Invalid', upToDate: 'Refused' };

function effectOf(problem: MetallbProblem): GatewayEffect {
  switch (problem.kind) {
    case 'address-malformed':
    case 'pool-not-allowed':
      return unusable;
    case 'address-refused':
      return problem.field === undefined ? unassigned : unusable;
    case 'service-unclaimed':
      return unassigned;
    case 'address-pending':
      return { ...unassigned, passing: true, unprograms: 'at-first' };
    case 'configuration-invalid':
      return problem.isFelt ? { ...unassigned, passing: true, unprograms: 'at-first' } : { kind: 'remark' };
    case 'change-held':
    case 'class-kept':
      return unchanged;
    case 'infrastructure-reserved':
      return { kind: 'remark' };
    default:
      return problem satisfies never;
  }
}
