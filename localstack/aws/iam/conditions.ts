// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
import { isArnLike, isLike } from './glob.ts';

/** The condition keys of a call, in lower case, because IAM ignores their case. A missing key is not in the request. */
export type Context = ReadonlyMap<string, readonly string[]>;

interface Comparison {
  readonly matches: (wanted: string, actual: string) => boolean;
  readonly isNegated: boolean;
}

const equals = (wanted: string, actual: string) => wanted === actual;
const equalsInAnyCase = (wanted: string, actual: string) => wanted.toLowerCase() === actual.toLowerCase();

const comparisons: Readonly<Record<string, Comparison>> = {
  StringEquals: { matches: equals, isNegated: false },
  StringNotEquals: { matches: equals, isNegated: true },
  StringEqualsIgnoreCase: { matches: equalsInAnyCase, isNegated: false },
  StringNotEqualsIgnoreCase: { matches: equalsInAnyCase, isNegated: true },
  StringLike: { matches: isLike, isNegated: false },
  StringNotLike: { matches: isLike, isNegated: true },
  ArnEquals: { matches: isArnLike, isNegated: false },
  ArnLike: { matches: isArnLike, isNegated: false },
  ArnNotEquals: { matches: isArnLike, isNegated: true },
  ArnNotLike: { matches: isArnLike, isNegated: true },
  Bool: { matches: equalsInAnyCase, isNegated: false },
};

interface Keyed {
  readonly key: string;
  readonly values: readonly string[];
}

export type Condition =
  | (Keyed & { readonly kind: 'null' })
  | (Keyed & {
      readonly kind: 'comparison';
      readonly comparison: Comparison;
      readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
      readonly ifExists: boolean;
    });

/** @throws Error for an operator that is not evaluated here. */
export function readCondition(statement: string, operator: string, key: string, values: readonly string[]): Condition {
  const keyed = { key: key.toLowerCase(), values };
  if (operator === 'Null') return { kind: 'null', ...keyed };
  const [, quantifier, name = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const comparison = Object.hasOwn(comparisons, name) ? comparisons[name] : undefined;
  if (!comparison) {
    throw new Error(`Statement ${statement}: Expected a condition operator that is evaluated here, got ${operator}`);
  }
  return {
    kind: 'comparison',
    ...keyed,
    comparison,
    quantifier: quantifier === 'ForAllValues' || quantifier === 'ForAnyValue' ? quantifier : undefined,
    ifExists: ifExists !== undefined,
  };
}

export function holds(condition: Condition, context: Context): boolean {
  const { key, values } = condition;
  const actual = context.get(key);
  if (condition.kind === 'null') return values.includes(String(actual === undefined));
  const { quantifier, ifExists, comparison } = condition;
  const { matches, isNegated } = comparison;
  if (actual === undefined && ifExists) return true;
  // Without a quantifier, a key with several values matches if any value does. A negated operator matches if no value does.
  const isOneOf = (value: string) => values.some((wanted) => matches(wanted, value));
  const satisfies = (value: string) => isOneOf(value) !== isNegated;
  switch (quantifier) {
    case 'ForAllValues':
      return (actual ?? []).every(satisfies);
    case 'ForAnyValue':
      return (actual ?? []).some(satisfies);
    case undefined:
      return (actual ?? []).some(isOneOf) !== isNegated;
  }
  return quantifier satisfies never;
}
