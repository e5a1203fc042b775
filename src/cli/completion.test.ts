import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { completion } from './completion.ts';
import { program } from './program.ts';

/** bash's completions for a line. The last word is the one being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${completion('bash', program())}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_gatehouse
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--noprofile', '--norc', '-euc', script, 'bash', ...words], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  return out.split('\n').filter((line) => line !== '');
}

const commands = program().commands.map((command) => command.name());

test('bash offers every command', () => {
  expect(offered('gatehouse', '')).toEqual(expect.arrayContaining([...commands, 'help', '--version']));
  expect(offered('gatehouse', 'pl')).toEqual(['plan']);
});

test.each(program().commands.map((command) => [command.name(), command] as const))(
  'every flag of gatehouse %s is offered by bash, and in the script for fish',
  (name, command) => {
    const flags = command.options.flatMap(({ long }) => long ?? []);
    expect(offered('gatehouse', name, '-')).toEqual(expect.arrayContaining([...flags, '--help']));
    const fish = completion('fish', program()).split('\n');
    for (const flag of flags) {
      const own = fish.filter((line) => line.includes(`__fish_seen_subcommand_from ${name}" `));
      expect(own.some((line) => line.includes(`-l ${flag.slice(2)} `))).toBe(true);
    }
  },
);

test('bash offers the values of a flag, after a space or after =', () => {
  expect(offered('gatehouse', 'plan', '--output', '')).toEqual(['tree', 'json', 'yaml', 'envoy']);
  expect(offered('gatehouse', 'plan', '-o', 'j')).toEqual(['json']);
  expect(offered('gatehouse', 'plan', '--default-target-type', '=', 'in')).toEqual(['instance']);
  expect(offered('gatehouse', 'plan', '--default-target-type', '=')).toEqual(['ip', 'instance']);
});

test('bash offers files where a flag takes one, the shells where they are the argument, and nothing for a name', () => {
  expect(offered('gatehouse', 'plan', '-f', 'completion.t')).toEqual(['completion.test.ts', 'completion.ts']);
  expect(offered('gatehouse', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  expect(offered('gatehouse', 'run', '--cluster-name', '')).toEqual([]);
});

test('kubectl gets the completions of its plugin, and no files', () => {
  const completions = (...words: readonly string[]) =>
    execFileSync('bash', ['--noprofile', '--norc', '-euc', completion('kubectl', program()), 'bash', ...words], {
      encoding: 'utf8',
    });
  expect(completions('status', '--name')).toBe('--namespace\n:4\n');
  expect(completions('sta')).toBe('status\n:4\n');
  expect(completions('status', '--namespace', '')).toBe(':4\n');
});
