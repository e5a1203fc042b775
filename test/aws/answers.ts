// What the readers of the mirror have in common.

/** What a look gives, or undefined where AWS says that there is no such thing. */
export async function unlessAbsent<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof Error && /NotFound/.test(error.name)) return undefined;
    throw error;
  }
}

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export const tagsOf = (tags: readonly Tag[] | undefined): Map<string, string> =>
  new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));

/** A record of the embedded AWS as far as others tell it: what that has for its own workings alone is not there. */
export const asFarAsTold = <T extends object>(told: Partial<T>): T => Object.assign(Object.create(null), told);
