// Patterns with wildcards, for several AWS services.

type Token = { readonly kind: 'run' } | { readonly kind: 'any' } | { readonly kind: 'literal'; readonly value: string };

/** What a backslash escapes: any character (EC2), a wildcard (load balancers), or nothing (IAM). */
export type Escapes = 'any' | 'wildcards' | 'none';

const parts: Readonly<Record<Escapes, RegExp>> = { any: /\\?[^]/g, wildcards: /\\[\\*?]|[^]/g, none: /[^]/g };

/** `*` is any number of characters, `?` is one. */
export function pattern(value: string, escapes: Escapes): (candidate: string) => boolean {
  if (!/[*?\\]/.test(value)) return (candidate) => candidate === value;
  const tokens = (value.match(parts[escapes]) ?? []).map(tokenOf);
  return (candidate) => matches(tokens, candidate);
}

function tokenOf(part: string): Token {
  if (part === '*') return { kind: 'run' };
  if (part === '?') return { kind: 'any' };
  return { kind: 'literal', value: part.slice(-1) };
}

/** Only the last `*` is extended, so the steps are at most the pattern's length times the candidate's. */
function matches(tokens: readonly Token[], candidate: string): boolean {
  let [at, token] = [0, 0];
  let [runAt, runToken] = [0, -1];
  while (at < candidate.length) {
    const next = tokens[token];
    if (next?.kind === 'run') {
      runToken = token;
      runAt = at;
      token += 1;
    } else if (next?.kind === 'any' || next?.value === candidate[at]) {
      at += 1;
      token += 1;
    } else if (runToken >= 0) {
      runAt += 1;
      at = runAt;
      token = runToken + 1;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every(({ kind }) => kind === 'run');
}
