/** One action of a rule, as the API answers it. */
export type Action = Readonly<Record<string, unknown>>;
