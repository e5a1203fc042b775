// Patterns with wildcards, as several of AWS's services have them.

type Token = { readonly kind: 'run' } | { readonly kind: 'any' } | { readonly kind: 'literal'; readonly value: string };

/** What a backslash takes the meaning of: that of any character (EC2), of a wildcard (load balancers), or of none (IAM). */
export type Escapes = 'any' | 'wildcards' | 'none';

const parts: Readonly<Record<Escapes, RegExp>> = { any: /\\?[^]/g, wildcards: /\\[\\*?]|[^]/g, none: /[^]/g };

/** `*` is any run of characters, `?` any one. */
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

/** Only the last run is ever taken longer: so no pattern takes more steps than its length times the candidate's. */
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
