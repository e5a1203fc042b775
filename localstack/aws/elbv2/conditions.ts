/** One condition of a rule, as the API answers it. */
export type Condition = Readonly<Record<string, unknown>>;
