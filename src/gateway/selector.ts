import type { LabelSelector } from '../api/gateway-api.ts';

/** metav1.LabelSelector: all parts must match. An empty selector matches everything, and an absent one matches nothing. */
export function selects(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (selector === undefined) return false;
  const value = (key: string): string | undefined =>
    labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, wanted]) => value(key) === wanted) &&
    (selector.matchExpressions ?? []).every((expression) => matches(expression, value(expression.key)))
  );
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function matches({ operator, values = [] }: Expression, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      operator satisfies never;
      return false;
  }
}
