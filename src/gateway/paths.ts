/** A prefix matches whole path elements, so a slash at its end has no meaning. `/` is the empty prefix. */
export const withoutTrailingSlash = (prefix: string): string => prefix.replace(/\/+$/, '') || '/';
