// The regular expressions of ALB conditions and transforms: RE2-like, at most 128 characters in a condition.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/{listener-rules,rule-transforms}.html

import type { RefusedSyntax, RegexUnsupported } from '../rule-problem.ts';

export const MAX_CONDITION_VALUE = 128;

export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

const REFUSED: readonly (readonly [has: RefusedSyntax, syntax: RegExp])[] = [
  ['look-around', /\(\?<?[=!]/],
  ['atomic-group', /\(\?>/],
  ['recursion', /\(\?(?:R|[0-9]+|[+-][0-9]+|&|P>)/],
  ['backreference', /\\[1-9]|\\k|\(\?P=/],
  ['possessive-quantifier', /[*+?}]\+/],
  ['unicode-class', /\\[pP]/],
];

/** Why an ALB would refuse a user's regular expression. Undefined if it accepts it. */
export function regexRefusal(regex: string): RegexUnsupported['why'] | undefined {
  if (regex === '') return { kind: 'empty' };
  if (regex.length > MAX_CONDITION_VALUE) return { kind: 'too-long', limit: MAX_CONDITION_VALUE };
  // Quoted characters and character classes are not syntax.
  const syntax = regex.replaceAll(/\\[^1-9kpP]/g, '__').replaceAll(/\[\^?\]?[^\]]*\]/g, '_');
  const refused = REFUSED.find(([, pattern]) => pattern.test(syntax));
  if (refused !== undefined) return { kind: 'syntax', has: refused[0] };
  // RE2 also has (?P<name>…), and flags for the rest of the expression. JavaScript has neither.
  const javascript = regex.replaceAll('(?P<', '(?<').replaceAll(/\(\?[a-zA-Z-]+\)/g, '');
  return isRegex(javascript) ? undefined : { kind: 'malformed' };
}

function isRegex(source: string): boolean {
  try {
    return new RegExp(source).source !== '';
  } catch {
    return false;
  }
}
