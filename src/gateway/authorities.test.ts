import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ConfigMap } from '../api/kinds.ts';
import { objectKey } from '../kube/object.ts';
import { loadCases } from '../testing/golden.ts';
import { AUTHORITIES_KEY, readAuthorities } from './authorities.ts';
import { resolvePolicies } from './backend-tls.ts';

const authority = readFileSync(join(import.meta.dirname, 'testdata/certificates/ca.crt'), 'utf8');
const configMap = (name: string, text: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data: { [AUTHORITIES_KEY]: text },
});

test('a ConfigMap may hold 50 CA certificates of 64 KiB, and comments do not count', () => {
  const comment = '# a comment\n'.repeat(10_000);
  expect(readAuthorities(configMap('ca', comment + authority.repeat(50)))).toMatchObject({ kind: 'authorities' });
  const detail = 'ca.crt holds more than 50 certificates or 64 KiB';
  expect(readAuthorities(configMap('ca', authority.repeat(51)))).toEqual({ kind: 'malformed', detail });
  const large = authority.replace(/\n(?=-----END)/, '\n\n'.padEnd(70 * 1024, '\n'));
  expect(readAuthorities(configMap('ca', large))).toEqual({ kind: 'malformed', detail });
});

test('the ConfigMaps of a policy count together, each once, and their order does not matter', () => {
  const [input] = loadCases('backend-tls/invalid').flatMap(({ inputs }) => inputs);
  const policy = input?.backendTlsPolicies[0];
  if (input === undefined || policy === undefined) throw new Error('Expected a policy');
  const configMaps = new Map(
    [configMap('a', authority.repeat(30)), configMap('b', authority.repeat(20)), configMap('c', authority)].map(
      (each) => [objectKey(each.metadata), each],
    ),
  );
  const resolved = (...names: readonly string[]) => {
    const caCertificateRefs = names.map((name) => ({ group: '', kind: 'ConfigMap', name }));
    const spec = { ...policy.spec, validation: { hostname: 'app.example.com', caCertificateRefs } };
    const { backendTls, problems } = resolvePolicies({
      ...input,
      configMaps,
      backendTlsPolicies: [{ ...policy, spec }],
    });
    return { authorities: [...backendTls.values()][0]?.authorities, problems };
  };
  const both = { kind: 'config-maps', configMaps: ['shop/a', 'shop/b'] };
  expect(resolved('b', 'a', 'b', 'a')).toMatchObject({ authorities: both, problems: [] });
  expect(resolved('a', 'b', 'c')).toMatchObject({
    authorities: both,
    problems: [{ kind: 'policy-authority-malformed', field: 'validation.caCertificateRefs[2]', configMap: 'shop/c' }],
  });
});
