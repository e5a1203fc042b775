import type { Input } from '../service.ts';
import { validationError } from './errors.ts';
import { nonEmpty, oneOf, record, records, requiredText, text } from './input.ts';
import { checkRegex } from './regex.ts';

interface Rewrites {
  readonly Rewrites: readonly { readonly Regex: string; readonly Replace: string }[];
}

export type RuleTransform =
  | { readonly Type: 'host-header-rewrite'; readonly HostHeaderRewriteConfig: Rewrites }
  | { readonly Type: 'url-rewrite'; readonly UrlRewriteConfig: Rewrites };

const maxLength = 1024;

function readRewrites(input: Input, name: string): Rewrites {
  const config = record(input, name);
  const rewrites = nonEmpty(config && records(config, 'Rewrites'), `${name}.Rewrites`);
  if (rewrites.length > 1) throw validationError('A transform has one rewrite');
  return {
    Rewrites: rewrites.map((rewrite) => {
      const regex = requiredText(rewrite, 'Regex');
      checkRegex(regex, maxLength);
      const replace = text(rewrite, 'Replace');
      if (replace === undefined) throw validationError('Parameter Replace must be specified');
      if (replace.length > maxLength) throw validationError(`A replacement is at most ${maxLength} characters long`);
      return { Regex: regex, Replace: replace };
    }),
  };
}

/**
 * Reads a rule's transforms: at most one of each type.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
 */
export function readTransforms(input: Input): readonly RuleTransform[] {
  const transforms = (records(input, 'Transforms') ?? []).map((transform): RuleTransform => {
    const type = oneOf(transform, 'Type', ['host-header-rewrite', 'url-rewrite']);
    switch (type) {
      case undefined:
        throw validationError('A transform type must be specified');
      case 'host-header-rewrite':
        return { Type: type, HostHeaderRewriteConfig: readRewrites(transform, 'HostHeaderRewriteConfig') };
      case 'url-rewrite':
        return { Type: type, UrlRewriteConfig: readRewrites(transform, 'UrlRewriteConfig') };
    }
    return type satisfies never;
  });
  if (new Set(transforms.map(({ Type }) => Type)).size < transforms.length) {
    throw validationError('A rule can have one transform of each type');
  }
  return transforms;
}
