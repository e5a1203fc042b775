import { pattern } from '../pattern.ts';

/** Whether a text matches an IAM pattern: `*` is any characters, `?` is one. */
export const isLike = (like: string, text: string): boolean => pattern(like, 'none')(text);

/** ARNs are compared part by part: only in the last part a wildcard matches a colon. */
export function isArnLike(like: string, arn: string): boolean {
  const patterns = partsOf(like);
  const parts = partsOf(arn);
  return patterns.length === parts.length && patterns.every((each, index) => isLike(each, parts[index] ?? ''));
}

function partsOf(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}
