import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { proxyConfigurationSpec } from '../api/proxy-configuration.ts';
import { crds, structural } from './crds.ts';

const root = join(import.meta.dirname, '../..');

test.each([...crds()])(
  'the shipped CRD %s equals the schema: if not, write the part of "npm run -s gatehouse crds" into it',
  async (file, crd) => {
    expect(await readFile(join(root, 'deploy/crds', file), 'utf8')).toBe(crd);
  },
);

interface Field {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Field>>;
  readonly items?: Field;
}

const typeOf = ({ type = 'any', enum: values, items }: Field): string =>
  values !== undefined ? values.join(', ') : items !== undefined ? `list of ${typeOf(items)}s` : type;

/** The rows of the reference's table: every field and what it means. */
function rows({ properties = {} }: Field, path = ''): readonly string[] {
  return Object.entries(properties).flatMap(([name, field]) => [
    `| \`${path}${name}\` | ${typeOf(field)} | ${field.description ?? ''} |`,
    ...rows(field, `${path}${name}.`),
  ]);
}

test('docs/proxy-configuration.md has every field of the schema, in its words: if not, write this table into it', async () => {
  const table = ['| field of `spec` | type | |', '|---|---|---|', ...rows(structural(proxyConfigurationSpec))].join(
    '\n',
  );
  expect(await readFile(join(root, 'docs/proxy-configuration.md'), 'utf8')).toContain(`${table}\n`);
});
