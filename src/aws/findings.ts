// AWS's problems as the status is handed them.
import type { Steps } from '../gateway/steps.ts';
import { type Finding, ofGateway, ofListener, ofRule } from '../provider/finding.ts';
import { apiFinding } from '../status/api-findings.ts';
import { cloudEffect, isOfCloud, isOfListener, isOfRule, listenerEffects, ruleEffect } from './effects.ts';
import type { Problem } from './problem.ts';
import { awsWords, isAnswered500, sentence } from './words.ts';

/** Tenants can make thousands of problems: they are put in words step by step. */
export function* findingAll(problems: readonly Problem[]): Steps<readonly Finding[]> {
  const found: Finding[] = [];
  for (const problem of problems) {
    found.push(awsFinding(problem));
    yield;
  }
  return found;
}

/** Of whatever a pass over one of AWS's Gateways meets. */
export function awsFinding(problem: Problem): Finding {
  if (isOfCloud(problem)) return ofGateway(problem, sentence(problem), cloudEffect(problem));
  if (isOfListener(problem)) return ofListener(problem, sentence(problem), listenerEffects[problem.kind]);
  if (!isOfRule(problem)) return apiFinding(problem, awsWords);
  const answered = isAnswered500(problem) ? ' Its requests are answered 500.' : '';
  return ofRule(problem, sentence(problem) + answered, ruleEffect(problem));
}
