// Policies: the JSON document, and the form for evaluation.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
import { z } from 'zod';
import { type Condition, readCondition } from './conditions.ts';

const texts = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value));

const scalar = z.union([z.string(), z.boolean(), z.number()]).transform(String);
const scalars = z.union([scalar, z.array(scalar)]).transform((value) => (typeof value === 'string' ? [value] : value));

const statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: texts.optional(),
  NotAction: texts.optional(),
  Resource: texts.optional(),
  NotResource: texts.optional(),
  Condition: z.record(z.string(), z.record(z.string(), scalars)).optional(),
});

const document = z.object({
  Version: z.literal('2012-10-17'),
  /** A single statement needs no list. */
  Statement: z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(statement)),
});

/** The entries of `Action` or `NotAction`, of `Resource` or `NotResource`. */
interface Patterns {
  readonly isNegated: boolean;
  readonly patterns: readonly string[];
}

export interface Statement {
  /** Its Sid, else its position: `#2`. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Patterns;
  readonly resources: Patterns;
  readonly conditions: readonly Condition[];
}

export type Policy = readonly Statement[];

/** @throws Error that says what is wrong, and where. */
export function readPolicy(value: unknown): Policy {
  const parsed = document.safeParse(value);
  if (!parsed.success) {
    throw new Error(
      parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; '),
    );
  }
  // `${*}`, `${?}` and `${$}` are IAM's way to write those characters; no policy here needs them.
  const variable = /\$\{[^}]*\}/.exec(JSON.stringify(value))?.[0];
  if (variable !== undefined) throw new Error(`Expected a policy that is filled in, found ${variable}`);
  return parsed.data.Statement.map((each, index) => {
    const name = each.Sid ?? `#${index + 1}`;
    return {
      name,
      effect: each.Effect,
      actions: patternsOf(name, 'Action', each.Action, each.NotAction),
      resources: patternsOf(name, 'Resource', each.Resource, each.NotResource),
      conditions: Object.entries(each.Condition ?? {}).flatMap(([operator, keys]) =>
        Object.entries(keys).map(([key, values]) => readCondition(name, operator, key, values)),
      ),
    };
  });
}

function patternsOf(
  statementName: string,
  element: 'Action' | 'Resource',
  words: readonly string[] | undefined,
  notWords: readonly string[] | undefined,
): Patterns {
  const patterns = words ?? notWords;
  if (patterns === undefined || (words && notWords)) {
    throw new Error(`Statement ${statementName}: Expected either ${element} or Not${element}`);
  }
  return { isNegated: words === undefined, patterns };
}
