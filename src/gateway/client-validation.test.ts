import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { loadCases } from '../testing/golden.ts';
import { AUTHORITIES_KEY } from './authorities.ts';
import { clientValidations } from './client-validation.ts';
import type { Problem } from './problem.ts';

test('the CA certificates of clients have a limit together, and each listener of the port says what is left out', () => {
  const [input] = loadCases('client-certificates/validation').flatMap(({ inputs }) => inputs);
  const [https, other] = input?.gateway.spec.listeners.filter(({ port }) => port === 443) ?? [];
  if (input === undefined || https === undefined || other === undefined) throw new Error('Expected listeners');
  const authority = readFileSync(join(import.meta.dirname, 'testdata/certificates/ca.crt'), 'utf8');
  const configMaps = Object.entries({ b: 30, a: 20, c: 1 }).map(([name, count]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap' as const,
    metadata: { name, namespace: 'shop' },
    data: { [AUTHORITIES_KEY]: authority.repeat(count) },
  }));
  const caCertificateRefs = configMaps.map(({ metadata: { name } }) => ({ group: '', kind: 'ConfigMap', name }));
  const tls = { frontend: { default: { validation: { caCertificateRefs } } } };
  const validate = clientValidations({
    ...input,
    gateway: { ...input.gateway, spec: { ...input.gateway.spec, tls } },
    configMaps: new Map(configMaps.map((each) => [objectKey(each.metadata), each])),
  });
  const problems: Problem[] = [];
  for (const listener of [https, other]) {
    const owned = { id: listener.name, listener, owner: input.gateway };
    expect(validate(owned, (problem) => void problems.push(problem))).toEqual({
      mode: 'required',
      configMaps: ['shop/a', 'shop/b'],
    });
  }
  const field = 'tls.frontend.default.validation.caCertificateRefs[2]';
  expect(problems).toMatchObject(
    [https, other].map(({ name }) => ({
      kind: 'clients-authority-malformed',
      listener: name,
      field,
      configMap: 'shop/c',
    })),
  );
});
