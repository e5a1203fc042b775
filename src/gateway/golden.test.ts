import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS, loadCases, toYaml } from '../testing/golden.ts';
import { translate } from './translate.ts';

test.each(loadCases())('$name gives the topology in its folder', async ({ dir, inputs }) => {
  const translations = inputs.map((input) => translate(input, GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS));
  await expect(toYaml(translations)).toMatchFileSnapshot(join(dir, 'topology.yaml'));
});
