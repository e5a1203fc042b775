import { expect, test } from 'vitest';
import type { Gateway } from '../api/gateway-api.ts';
import type { Problem } from '../gateway/problem.ts';
import type { Results } from '../gateway/topology.ts';
import { asBefore } from './as-before.ts';

const place = { listener: 'https', field: 'tls.options' };
const unknown: Problem = { ...place, kind: 'certificate-arn-unknown', arn: 'arn:aws:acm:1', detail: 'no answer' };
const conflict: Problem = { ...place, kind: 'tls-missing' };
const translation = (...problems: readonly Problem[]): Results<Problem> => ({
  listeners: [{ name: 'https', port: 443, supportedKinds: [], valid: false }],
  attachments: [],
  problems,
});

const gateway = (status: 'True' | 'False'): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: { gatewayClassName: 'aws', listeners: [{ name: 'https', port: 443, protocol: 'HTTPS' }] },
  status: {
    listeners: [
      {
        name: 'https',
        attachedRoutes: 0,
        conditions: [{ type: 'Programmed', status, reason: 'Programmed', message: '', lastTransitionTime: '' }],
      },
    ],
  },
});

test('a listener that serves a certificate by ARN stays good while AWS can not say whose it is', () => {
  expect(asBefore(translation(unknown), gateway('True'), [])).toMatchObject({
    listeners: [{ name: 'https', valid: true }],
    problems: [],
  });
});

test('one that never served, or lacks something else, does not', () => {
  for (const [given, before] of [
    [translation(unknown), gateway('False')],
    [translation(unknown, conflict), gateway('True')],
  ] as const) {
    expect(asBefore(given, before, [])).toBe(given);
  }
});
