// The path of a rewrite or a redirect.
import type { PathModifier } from '../../gateway/route-action.ts';
import type { PathMatch } from '../../gateway/topology.ts';
import type { RegexMatchAndSubstituteSchema } from '../xds/envoy/type/matcher/v3/regex_pb.ts';
import type { Init } from './messages.ts';
import { escapeRegex, escapeSubstitution } from './regex.ts';

export type PathChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'full'; readonly value: string }
  /** Envoy replaces the prefix that the route matches. */
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly value: Init<typeof RegexMatchAndSubstituteSchema> };

/** The match has compared whole path elements already, so what follows the prefix is nothing or a slash. */
export function pathChange(modifier: PathModifier, { value: matched }: PathMatch): PathChange {
  switch (modifier.kind) {
    case 'full':
      return { kind: 'full', value: withSlash(modifier.value) };
    case 'prefix': {
      const prefix = matched.replace(/\/+$/, '');
      const value = modifier.value.replace(/\/+$/, '');
      if (prefix === value) return { kind: 'none' };
      if (value === '') return replacing(`^${escapeRegex(prefix)}/?`, '/');
      return { kind: 'prefix', value: prefix === '' ? `${withSlash(value)}/` : withSlash(value) };
    }
    default:
      return modifier satisfies never;
  }
}

/** The whole path, without the query. */
export const wholePath = (value: string): Init<typeof RegexMatchAndSubstituteSchema> => ({
  pattern: { regex: '^.*$' },
  substitution: escapeSubstitution(value),
});

const replacing = (regex: string, text: string): PathChange => ({
  kind: 'regex',
  value: { pattern: { regex }, substitution: escapeSubstitution(text) },
});

const withSlash = (path: string): string => (path.startsWith('/') ? path : `/${path}`);
