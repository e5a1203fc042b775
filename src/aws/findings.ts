// AWS's problems as findings, the form that the status uses.

import { isOfConnections } from '../gateway/connection-route.ts';
import type { Steps } from '../gateway/steps.ts';
import { type Finding, ofGateway, ofListener, ofRule } from '../provider/finding.ts';
import { apiFinding } from '../status/api-findings.ts';
import { cloudEffect, isOfCloud, isOfListener, isOfRule, listenerEffects, ruleEffect } from './effects.ts';
import type { Problem } from './problem.ts';
import type { RuleProblem } from './rule-problem.ts';
import { awsWords, isAnswered500, sentence } from './words.ts';

/** Makes the findings step by step, because tenants can cause thousands of problems. */
export function* findingAll(problems: readonly Problem[]): Steps<readonly Finding[]> {
  const found: Finding[] = [];
  for (const problem of problems) {
    found.push(awsFinding(problem));
    yield;
  }
  return found;
}

/** The finding for any problem in a Gateway's pass. */
export function awsFinding(problem: Problem): Finding {
  if (isOfCloud(problem)) {
    const field = problem.kind === 'address-not-usable' ? `spec.${problem.field}` : undefined;
    return ofGateway(problem, sentence(problem), cloudEffect(problem), field);
  }
  if (isOfListener(problem)) return ofListener(problem, sentence(problem), listenerEffects[problem.kind]);
  if (!isOfRule(problem)) return apiFinding(problem, awsWords);
  const answered = isAnswered500(problem) ? ` ${unanswered(problem)}` : '';
  return ofRule(problem, sentence(problem) + answered, ruleEffect(problem));
}

const unanswered = ({ route }: RuleProblem): string =>
  isOfConnections(route) ? 'Nobody answers its connections.' : 'Its requests are answered 500.';
