// The API server's rules for names, and those that Gateways may have.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { labelsOf, objectNameOf } from './names.ts';

const keyOf = (name: string) => objectKey({ namespace: 'shop', name });

/** A Gateway's name is a DNS subdomain. */
const gatewayName = fc
  .stringMatching(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, { maxLength: 253 })
  .filter((name) => name.length > 0);

/** Of Services. */
const dnsLabel = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

const labelValue = /^[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;

test('the hash of the key ends the name of the objects', () => {
  expect(objectNameOf(keyOf('web'))).toMatch(/^web-[0-9a-f]{8}$/);
});

test.each([
  ['web.example', /^web-example-[0-9a-f]{8}$/],
  ['1web', /^g-1web-[0-9a-f]{8}$/],
  ['a'.repeat(253), /^a{50}-[0-9a-f]{8}$/],
])('a Service may have the name that the Gateway %s gives', (name, expected) => {
  expect(objectNameOf(keyOf(name))).toMatch(expected);
});

test('a Service may have the name of each Gateway, and so may its further Services', () => {
  fc.assert(
    fc.property(gatewayName, (name) => {
      const given = objectNameOf(keyOf(name));
      expect(given).toMatch(dnsLabel);
      expect(`${given}-999`).toMatch(dnsLabel);
      for (const value of Object.values(labelsOf(keyOf(name)))) expect(value).toMatch(labelValue);
    }),
  );
});

test('two Gateways never share a name', () => {
  expect(objectNameOf(keyOf('web.example'))).not.toBe(objectNameOf(keyOf('web-example')));
  expect(objectNameOf(keyOf('1web'))).not.toBe(objectNameOf(keyOf('g-1web')));
});
