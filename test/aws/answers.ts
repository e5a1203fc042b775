// Common to the readers of the mirror.

/** The result of a read, or undefined if AWS says that the resource does not exist. */
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

/** A record of the embedded AWS with only the fields that any AWS returns, without its internal ones. */
export const recordOf = <T extends object>(described: Partial<T>): T => Object.assign(Object.create(null), described);
