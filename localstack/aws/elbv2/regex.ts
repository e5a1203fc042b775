import { RE2JS } from 're2js';
import { validationError } from './errors.ts';

/**
 * What the load balancer's regular expressions cannot do: look-around, backreferences, atomic groups, possessive
 * quantifiers, subroutines, recursion, Unicode classes.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
 */
const unsupported: readonly (readonly [RegExp, string])[] = [
  [/\(\?<?[=!]/, 'look-around'],
  [/\(\?>/, 'atomic groups'],
  [/\\[1-9]|\\k[<{']|\(\?P=/, 'backreferences'],
  [/[*+?}]\+/, 'possessive quantifiers'],
  [/\(\?(?:R|[0-9+-]?[0-9]+|&|P>)/, 'subroutines and recursion'],
  [/\\[pP]/, 'Unicode character classes'],
];

/** As many as a region's rules are likely to have: what is compiled once serves all requests. */
const maxCompiled = 10_000;
const compiled = new Map<string, RE2JS>();

/**
 * Ready to match, in time that is linear in the subject's length.
 * @throws when it is no regular expression, or would need too much memory
 */
export function compileRegex(regex: string): RE2JS {
  const known = compiled.get(regex);
  if (known) return known;
  const made = RE2JS.compile(regex);
  if (compiled.size >= maxCompiled) compiled.clear();
  compiled.set(regex, made);
  return made;
}

function isRegex(text: string): boolean {
  try {
    return compileRegex(text).pattern() === text;
  } catch {
    return false;
  }
}

/** Refuses a regular expression that is longer than `max` characters, that is none, or that asks for too much. */
export function checkRegex(regex: string, max: number): void {
  if (regex.length === 0 || regex.length > max) {
    throw validationError(`A regular expression must be 1 to ${max} characters long`);
  }
  // An escaped backslash, and what a class holds, mean nothing of the kind.
  const bare = regex
    .replaceAll('\\\\', '')
    .replaceAll(/\\[^0-9kpP]/g, '')
    .replaceAll(/\[[^\]]*\]/g, 'x');
  for (const [pattern, what] of unsupported) {
    if (pattern.test(bare))
      throw validationError(`The regular expression '${regex}' uses ${what}, which is not supported`);
  }
  if (!isRegex(regex)) throw validationError(`The regular expression '${regex}' is not valid`);
}
