import { RE2JS } from 're2js';
import { expect, test, vi } from 'vitest';
import { finish } from '../../gateway/steps.ts';
import { route } from '../../gateway/testing/sample.ts';
import { expressible } from './expressible.ts';

const header = (value: string) => ({ headers: [{ type: 'RegularExpression' as const, name: 'x', value }] });
const rulesWith = (values: readonly string[]) => values.map((value) => ({ matches: [header(value)] }));

test('an expression that is too long is not compiled, and only its rule is left out', () => {
  const compile = vi.spyOn(RE2JS, 'compile');
  const { routes, problems } = finish(expressible([route('web', rulesWith(['a'.repeat(501), 'b'.repeat(500)]))]));
  expect(problems).toMatchObject([{ kind: 'regex-too-long', rule: 0, length: 501, limit: 500 }]);
  expect(routes[0]?.rules.map(({ rule }) => rule)).toEqual([1]);
  expect(compile).toHaveBeenCalledTimes(1);
});

test('each expression is a step, so that a route with many of them blocks nobody', () => {
  const compile = vi.spyOn(RE2JS, 'compile').mockClear();
  const steps = expressible([route('web', rulesWith(['step-1', 'step-2', 'step-3']))]);
  const compiled: number[] = [];
  while (steps.next().done !== true) compiled.push(compile.mock.calls.length);
  expect(compiled).toEqual([1, 2, 3]);
});

test('a later pass compiles only what it has not seen', () => {
  finish(expressible([route('web', rulesWith(['known', '(']))]));
  const compile = vi.spyOn(RE2JS, 'compile').mockClear();
  const { problems } = finish(expressible([route('web', rulesWith(['known', '(', 'new']))]));
  expect(problems).toMatchObject([{ kind: 'regex-refused', rule: 1 }]);
  expect(compile.mock.calls).toEqual([[expect.stringContaining('new')]]);
});
