import { expect, test } from 'vitest';
import { httpPort, listener } from '../model/testing/sample.ts';
import type { Problem } from '../problem.ts';
import { refusedCertificates } from './refused-certificates.ts';

const arn = 'arn:aws:acm:us-east-1:123456789012:certificate/1';

test('only listeners that name a refused certificate report the refusal', () => {
  const named = listener('named', { certificates: [{ kind: 'external', reference: arn }] });
  const other = listener('other', { certificates: [{ kind: 'external', reference: `${arn}2` }] });
  const port = httpPort([], { port: 443, protocol: 'HTTPS', listeners: [named, other] });
  const cause: Problem = {
    kind: 'cloud-refused',
    resource: arn,
    action: 'elasticloadbalancing:AddListenerCertificates',
    code: 'UnsupportedCertificate',
    detail: 'no',
  };
  expect(refusedCertificates({ ports: [port] }, [cause])).toEqual([
    { kind: 'certificate-refused', listener: 'named', field: 'tls', cause },
  ]);
});
