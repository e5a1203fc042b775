// The problems of translate and of a plane, in the order for users. A listener's certificates come before its overlaps. A route's
// problems come rule by rule: backends, filters, other fields.
interface Problem {
  readonly kind: string;
  readonly rule?: number;
  readonly field?: string;
}

/** The order of a rule's problems, by kind and field. */
const order: readonly RegExp[] = [
  /^backend-/,
  /^(filter|redirect-status)-unsupported filters/,
  /^(redirect|rewrite)-unsupported filters/,
  /^filter-unsupported backendRefs/,
  /^(redirect|rewrite)-unsupported backendRefs\[/,
  /^rewrite-unsupported backendRefs$/,
  /^filters-incompatible/,
  /^rule-field-unsupported/,
];

interface Placed<P> {
  readonly problem: P;
  readonly rule: number;
  readonly rank: number;
  /** The indexes in its field: which backend, which filter. */
  readonly indexes: readonly number[];
}

/** Problems change places only within one route. */
export const inReadingOrder = <P extends Problem>(problems: readonly P[]): readonly P[] =>
  problems
    .map(placed)
    .toSorted((a, b) => a.rule - b.rule || a.rank - b.rank || byIndexes(a, b))
    .map(({ problem }) => problem);

function placed<P extends Problem>(problem: P): Placed<P> {
  const { kind, rule, field = '' } = problem;
  if (rule === undefined) return { problem, rule: -1, rank: Number(kind === 'tls-overlap'), indexes: [] };
  const rank = order.findIndex((pattern) => pattern.test(`${kind} ${field}`));
  const indexes = [...field.matchAll(/\[(\d+)\]/g)].map(([, index]) => Number(index));
  return { problem, rule, rank, indexes };
}

function byIndexes(
  { indexes: [a = 0, innerA = 0] }: Placed<unknown>,
  { indexes: [b = 0, innerB = 0] }: Placed<unknown>,
) {
  return a - b || innerA - innerB;
}
