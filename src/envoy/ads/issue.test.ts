import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { issueServerCertificate, makeAuthority } from './issue.ts';

const validity = { from: Date.parse('2026-01-01T00:00:00Z'), until: Date.parse('2126-01-01T00:00:00Z') };
const authority = await makeAuthority('gatehouse-ads', validity);
const server = await issueServerCertificate(authority, 'gatehouse-ads.gatehouse-system.svc', validity);

test('a server certificate is signed by its authority, for the name of the server and for servers only', () => {
  const [root, leaf] = [new X509Certificate(authority.certificate), new X509Certificate(server.certificate)];
  expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true);
  expect(root.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.subjectAltName).toBe('DNS:gatehouse-ads.gatehouse-system.svc');
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
});

test('a certificate is valid for exactly the time that was asked for, also after 2049', () => {
  const leaf = new X509Certificate(server.certificate);
  expect([leaf.validFromDate.getTime(), leaf.validToDate.getTime()]).toEqual([validity.from, validity.until]);
});

test('serial numbers are positive, and never the same', async () => {
  const issued = await Promise.all(Array.from({ length: 100 }, () => issueServerCertificate(authority, 'a', validity)));
  const serials = issued.map(({ certificate }) => new X509Certificate(certificate).serialNumber);
  expect(new Set(serials).size).toBe(100);
  expect(serials.filter((serial) => !/^[0-9A-F]{1,40}$/.test(serial))).toEqual([]);
});
