// Envoy's problems as findings, the form that the status uses.
import { type ListenerFinding, ofListener, ofRule, type RuleEffect, type RuleFinding } from '../provider/finding.ts';
import type { EnvoyProblem, LeftOutListener } from './problem.ts';
import { leftOutSentence, sentence } from './words.ts';

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

export const leftOutFinding = (problem: LeftOutListener): ListenerFinding =>
  ofListener(problem, leftOutSentence(problem), {
    kind: 'no-room',
    lack: problem.kind === 'too-many-ports' ? 'port' : 'listeners',
  });
