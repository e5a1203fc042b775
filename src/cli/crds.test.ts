import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crds } from './crds.ts';

const committed = join(import.meta.dirname, '../../deploy/crds/gatehouse.dev_loadbalancerconfigurations.yaml');

test('the shipped CRD equals the schema: if not, write the output of "npm run -s gatehouse crds" into its file', async () => {
  expect(await readFile(committed, 'utf8')).toBe(crds());
});
