import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS, loadCases, toYaml } from '../testing/golden.ts';
import { portEntries } from './entries.ts';
import type { Translation } from './topology.ts';
import { translate } from './translate.ts';

test.each(loadCases())('$name gives the topology in its folder', async ({ dir, inputs }) => {
  const translations = inputs.map((input) => translate(input, GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS));
  await expect(toYaml(translations.map(withEntries))).toMatchFileSnapshot(join(dir, 'topology.yaml'));
});

/** What routes do on a port reads best entry by entry, in order of precedence. */
function withEntries({ topology, ...rest }: Translation): unknown {
  if (topology === undefined) return rest;
  const { ports, routes, ...whole } = topology;
  const spread = ports.map(({ listeners, ...port }) => ({
    ...port,
    listeners: listeners.map((listener) => ({ ...listener, routes: undefined })),
    entries: portEntries({ ...port, listeners }, routes),
  }));
  return { topology: { ...whole, ports: spread }, ...rest };
}
