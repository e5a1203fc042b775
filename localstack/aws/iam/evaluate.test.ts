// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
import { expect, test } from 'vitest';
import { decide } from './evaluate.ts';
import { readPolicy } from './policy.ts';

type Json = Readonly<Record<string, unknown>>;

const policy = (...statements: readonly Json[]) =>
  readPolicy({
    Version: '2012-10-17',
    Statement: statements.map((each) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...each })),
  });

const queue = 'arn:aws:sqs:eu-central-1:123456789012:queue/a';

function decision(
  statements: readonly Json[],
  { resource = queue, context = {} }: { resource?: string; context?: Readonly<Record<string, readonly string[]>> } = {},
): string {
  const keys = new Map(Object.entries(context).map(([key, values]) => [key.toLowerCase(), values]));
  const decided = decide(policy(...statements), { action: 'sqs:Send', resource, context: keys });
  if (decided.kind === 'allowed') return 'allowed';
  return decided.isExplicit ? 'explicitly denied' : 'denied';
}

test('what nothing allows is denied, and a deny wins over every allow', () => {
  expect(decision([{ Action: 'sqs:Receive' }])).toBe('denied');
  expect(decision([{ Action: 'sqs:Send' }])).toBe('allowed');
  expect(decision([{ Action: 'sqs:Send' }, { Effect: 'Deny', Action: 'sqs:S*' }])).toBe('explicitly denied');
});

test.each([
  ['SQS:send', 'allowed'],
  ['sqs:S?nd', 'allowed'],
  ['sqs:*', 'allowed'],
  ['sqs:S?', 'denied'],
  ['ec2:*', 'denied'],
])('the action %s: %s', (Action, expected) => {
  expect(decision([{ Action }])).toBe(expected);
});

test('NotAction and NotResource are everything else', () => {
  const statement = (Word: string) => [{ Action: undefined, NotAction: Word }];
  expect(decision(statement('sqs:Receive'))).toBe('allowed');
  expect(decision(statement('sqs:*'))).toBe('denied');
  expect(decision([{ Resource: undefined, NotResource: 'arn:aws:sqs:*:*:queue/*' }])).toBe('denied');
});

test('what has no narrower scope needs a statement for everything', () => {
  expect(decision([{ Resource: 'arn:aws:sqs:*:*:*' }], { resource: '*' })).toBe('denied');
  expect(decision([{ Resource: '*' }], { resource: '*' })).toBe('allowed');
});

const key = 'aws:ResourceTag/team';
const many = 'aws:TagKeys';

test.each<[operator: string, key: string, wanted: unknown, actual: readonly string[] | undefined, expected: boolean]>([
  ['StringEquals', key, ['x', 'y'], ['y'], true],
  ['StringEquals', key, 'x', ['X'], false],
  ['StringEquals', key, 'x', undefined, false],
  ['StringEquals', 'AWS:resourcetag/TEAM', 'x', ['x'], true],
  ['StringEqualsIfExists', key, 'x', undefined, true],
  ['StringEqualsIfExists', key, 'x', ['y'], false],
  ['StringEqualsIgnoreCase', key, 'x', ['X'], true],
  ['StringNotEquals', key, ['x', 'y'], ['y'], false],
  ['StringNotEquals', key, 'x', undefined, true],
  ['StringLike', key, 'a*c', ['abbc'], true],
  ['StringNotLike', key, 'a*c', ['abbc'], false],
  ['ArnLike', key, 'arn:aws:iam::*:role/*', ['arn:aws:iam::1:role/a/b'], true],
  ['ArnLike', key, 'arn:aws:*:role/x', ['arn:aws:iam::1:role/x'], false],
  ['ArnNotEquals', key, 'arn:aws:iam::1:role/x', ['arn:aws:iam::1:role/x'], false],
  ['Bool', key, true, ['true'], true],
  ['Bool', key, 'false', ['true'], false],
  ['Null', key, 'true', undefined, true],
  ['Null', key, 'true', ['x'], false],
  ['Null', key, 'false', ['x'], true],
  ['ForAllValues:StringEquals', many, ['a', 'b'], ['a', 'b'], true],
  ['ForAllValues:StringEquals', many, ['a'], ['a', 'b'], false],
  ['ForAllValues:StringEquals', many, ['a'], undefined, true],
  ['ForAllValues:StringNotEquals', many, 'a', ['b', 'a'], false],
  ['ForAllValues:StringNotEquals', many, 'a', ['b', 'c'], true],
  ['ForAnyValue:StringEquals', many, 'a', ['b', 'a'], true],
  ['ForAnyValue:StringEquals', many, 'a', undefined, false],
  ['ForAnyValue:StringLike', many, 'a*', ['b'], false],
])('%s %s %j against %j: %s', (operator, name, wanted, actual, expected) => {
  const context = actual === undefined ? {} : { [name.toLowerCase() === key.toLowerCase() ? key : name]: actual };
  expect(decision([{ Condition: { [operator]: { [name]: wanted } } }], { context })).toBe(
    expected ? 'allowed' : 'denied',
  );
});

test('every condition of a statement counts', () => {
  const Condition = { StringEquals: { a: '1', b: '2' }, Null: { c: 'true' } };
  expect(decision([{ Condition }], { context: { a: ['1'], b: ['2'] } })).toBe('allowed');
  expect(decision([{ Condition }], { context: { a: ['1'], b: ['3'] } })).toBe('denied');
  expect(decision([{ Condition }], { context: { a: ['1'], b: ['2'], c: [''] } })).toBe('denied');
});

test.each<[what: string, statement: Json, message: RegExp]>([
  ['an operator that is not evaluated', { Condition: { DateLessThan: { a: 'b' } } }, /DateLessThan/],
  ['a placeholder', { Resource: 'arn:aws:sqs:*:\u0024{ACCOUNT}:*' }, /ACCOUNT/],
  ['an action twice', { NotAction: 'sqs:*' }, /NotAction/],
  ['a word that is misspelt', { Resources: '*' }, /Resources/],
  ['no effect', { Effect: 'allow' }, /^Statement\.0\.Effect: /],
])('%s is refused', (_, statement, message) => {
  expect(() => policy(statement)).toThrow(message);
});
