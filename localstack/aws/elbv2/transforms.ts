/** One transform of a rule, as the API answers it. */
export type Transform = Readonly<Record<string, unknown>>;
