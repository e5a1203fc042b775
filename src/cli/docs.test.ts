import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Option } from 'commander';
import { expect, test } from 'vitest';
import { environmentVariable } from '../config.ts';
import { flagNames } from './flag-options.ts';
import { program } from './program.ts';

const page = await readFile(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');

/** The text under each command's heading, by command. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text): [string, string] => [/^`gatehouse ([a-z-]+)`/.exec(text)?.[1] ?? '', text]),
);

const cells = (row: string): readonly string[] =>
  row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

const rows = (text: string): readonly (readonly string[])[] =>
  text.split('\n').flatMap((line) => (line.startsWith('| `-') ? [cells(line)] : []));

/** The expected cells: flag, default, variable, description. In `--help`, some descriptions end with the default and the variable. */
function expected({ flags, long, defaultValue, description }: Option): readonly string[] {
  const [, text = '', noted = ''] = /^(.*?)(?: \((?:default: (.*), )?env: [A-Z_]+\))?$/.exec(description) ?? [];
  const inForce = typeof defaultValue === 'string' ? defaultValue : noted;
  const name = flagNames.find((each) => `--${each}` === long && description.includes(environmentVariable(each)));
  const variable = name === undefined ? '' : `\`${environmentVariable(name)}\``;
  return [`\`${flags}\``, inForce === '' ? '' : `\`${inForce}\``, variable, text];
}

test.each(program().commands.map((command) => [command.name(), command] as const))(
  'docs/cli.md has each flag of gatehouse %s with its default and its variable, and no other',
  (name, command) => {
    expect(rows(sections.get(name) ?? '')).toEqual(command.options.map(expected));
  },
);

test('docs/cli.md has no command that is not there', () => {
  expect([...sections.keys()].filter((name) => name !== '')).toEqual(
    program().commands.map((command) => command.name()),
  );
});
