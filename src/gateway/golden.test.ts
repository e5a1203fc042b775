import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GOLDEN_PROTOCOLS, loadCases, toYaml } from '../testing/golden.ts';
import { connectionsOf, routesById } from './connections.ts';
import { portEntries } from './entries.ts';
import type { Translation } from './topology.ts';
import { translate } from './translate.ts';

test.each(loadCases())('$name gives the topology in its folder', async ({ dir, inputs }) => {
  const translations = inputs.map((input) => translate(input, GOLDEN_PROTOCOLS));
  await expect(toYaml(translations.map(withEntries))).toMatchFileSnapshot(join(dir, 'topology.yaml'));
});

/** What routes do on a port reads best entry by entry, in order of precedence. */
function withEntries({ topology, routes: all, listeners: results, ...rest }: Translation): unknown {
  const needs = all.flatMap(({ route, rules }) =>
    rules.flatMap((rule) => (rule.needs === undefined ? [] : { route, rule: rule.rule, needs: rule.needs })),
  );
  // The certificates of those that are to serve are in the topology.
  const said = {
    listeners: results.map((each) => ({ ...each, certificates: undefined })),
    ...rest,
    ...(needs.length > 0 && { needs }),
  };
  if (topology === undefined) return said;
  const { ports, routes, ...whole } = topology;
  const spread = ports.map(({ listeners, ...port }) => ({
    ...port,
    listeners: listeners.map((listener) => ({ ...listener, routes: undefined })),
    ...(port.serves.kind === 'http'
      ? { entries: portEntries({ ...port, listeners }, routes) }
      : { connections: connectionsOf({ ...port, listeners }, routesById(routes)) }),
  }));
  return { topology: { ...whole, ports: spread }, ...said };
}
