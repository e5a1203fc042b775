// Regular expressions. Envoy has RE2, and refuses the whole route table if one of them is malformed.
import { RE2JS, RE2JSException } from 're2js';
import type { RegexMatcherSchema } from '../xds/envoy/type/matcher/v3/regex_pb.ts';
import type { Init } from './messages.ts';

/** Compiled size. Envoy's bootstrap allows more with `re2.max_program_size.error_level`. */
const MAX_PROGRAM = 1_000;

/** Characters. To compile so many takes up to 0.1 s, in which the process does nothing else. */
export const MAX_REGEX_LENGTH = 500;

/** So many answers are remembered, because each pass asks about all expressions again. */
const MAX_KNOWN = 10_000;

/** The answers by expression. Those that were asked about last come last. */
const known = new Map<string, string | undefined>();

/** Why Envoy would refuse it. Undefined if it accepts it. @param regex not longer than the limit */
export function regexRefusal(regex: string): string | undefined {
  const refusal = known.has(regex) ? known.get(regex) : compiled(regex);
  known.delete(regex);
  known.set(regex, refusal);
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  return refusal;
}

function compiled(regex: string): string | undefined {
  try {
    const size = RE2JS.compile(searching(regex)).programSize();
    const unknown = unknownToEnvoy(regex);
    if (unknown !== undefined) return unknown;
    return size > MAX_PROGRAM ? `it is too large: ${size} of ${MAX_PROGRAM} instructions` : undefined;
  } catch (error) {
    if (error instanceof RE2JSException) return error.message;
    throw error;
  }
}

/** Properties and scripts that RE2JS has, and Envoy's RE2 has not. */
const UNKNOWN_CLASSES: ReadonlySet<string> = new Set(
  `Cn LC Lc Ascii Assigned Unknown ASCII_Hex_Digit Alphabetic Dash Emoji Emoji_Component Emoji_Modifier Emoji_Modifier_Base
  Emoji_Presentation Extended_Pictographic Hex_Digit Lowercase Math Quotation_Mark Terminal_Punctuation Uppercase White_Space
  Beria_Erfe Garay Gurung_Khema Kirat_Rai Ol_Onal Sidetic Sunuwar Tai_Yo Todhri Tolong_Siki Tulu_Tigalari`.split(/\s+/),
);

const ESCAPE = /\\(?:[pP]\{\^?(?<class>[^}]*)\}|x\{(?<code>[\da-fA-F]+)\}|.)/gs;

/** Envoy compares bytes, so no escape may name a larger number. */
const MAX_CODE = 0xff;

function unknownToEnvoy(regex: string): string | undefined {
  for (const { 0: text, groups: { class: name = '', code = '0' } = {} } of regex.matchAll(ESCAPE)) {
    if (UNKNOWN_CLASSES.has(name)) return `Envoy does not know the class ${text}`;
    if (Number.parseInt(code, 16) > MAX_CODE) return `Envoy compares bytes, so ${text} is too large`;
  }
  return undefined;
}

/** Like an ALB, it finds the expression anywhere in the text. Envoy compares the whole text. */
export const regexMatcher = (regex: string): Init<typeof RegexMatcherSchema> => ({ regex: searching(regex) });

const searching = (regex: string): string => `(?s:.*)(?:${regex})(?s:.*)`;

export const escapeRegex = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** A backslash in a substitution stands for a group. */
export const escapeSubstitution = (text: string): string => text.replaceAll('\\', '\\\\');
