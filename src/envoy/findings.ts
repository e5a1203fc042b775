// Envoy's problems as findings, the form that the status uses.
import { ofRule, type RuleEffect, type RuleFinding } from '../provider/finding.ts';
import type { EnvoyProblem } from './problem.ts';
import { sentence } from './words.ts';

const dropped: RuleEffect = { kind: 'dropped', reason: 'UnsupportedValue' };

const effects: Readonly<Record<EnvoyProblem['kind'], RuleEffect>> = {
  'regex-refused': dropped,
  'regex-too-long': dropped,
  'header-refused': dropped,
  'gate-missing': dropped,
  'too-many-routes': dropped,
  'too-many-regexes': dropped,
  'too-many-bytes': dropped,
  'too-many-clusters': dropped,
  'retries-capped': { kind: 'remark' },
  'mirror-protocol-unsupported': { kind: 'unresolved', reason: 'UnsupportedProtocol' },
};

export function envoyFinding(problem: EnvoyProblem): RuleFinding {
  const answered = problem.kind === 'header-refused' ? ' Its requests are answered 500.' : '';
  return ofRule(problem, sentence(problem) + answered, effects[problem.kind]);
}
