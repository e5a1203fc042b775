import { RE2JS } from 're2js';
import { validationError } from './errors.ts';

/**
 * Not supported in the load balancer's regular expressions: look-around, backreferences, atomic groups, possessive
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

/** The number of cached expressions: enough for the rules of a region. */
const maxCompiled = 10_000;
const compiled = new Map<string, RE2JS>();

/**
 * Compiles a regular expression. Matching takes time linear in the subject's length.
 * @throws if it is not a regular expression, or needs too much memory
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

/** Refuses a regular expression that is longer than `max`, invalid, or too expensive. */
export function checkRegex(regex: string, max: number): void {
  if (regex.length === 0 || regex.length > max) {
    throw validationError(`A regular expression must be 1 to ${max} characters long`);
  }
  // Escaped backslashes and the content of classes do not count.
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
