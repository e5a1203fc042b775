/** A prefix matches whole elements, so a slash at its end says nothing; `/` is the empty prefix. */
export const withoutTrailingSlash = (prefix: string): string => prefix.replace(/\/+$/, '') || '/';
