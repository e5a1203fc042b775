import { expect, test } from 'vitest';
import type { Gateway } from '../api/gateway-api.ts';
import type { ListenerEffect, ListenerFinding } from '../provider/finding.ts';
import { asBefore } from './as-before.ts';

const listenerFinding = (effect: ListenerEffect): ListenerFinding => ({
  kind: 'listener',
  problem: 'any',
  listener: 'https',
  words: '',
  effect,
});
const unknown = listenerFinding({ kind: 'unresolved', reason: 'InvalidCertificateRef', passing: 'unknown' });
const conflict = listenerFinding({ kind: 'unsupported', reason: 'UnsupportedValue' });
const said = (...found: readonly ListenerFinding[]) => ({
  listeners: [{ name: 'https', port: 'http/443' as const, supportedKinds: [], valid: false }],
  found,
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

test('a serving listener stays valid while it is unknown whether it may use its certificate', () => {
  expect(asBefore(said(unknown), gateway('True'), [])).toMatchObject({
    listeners: [{ name: 'https', valid: true }],
    found: [],
  });
});

test('a listener that never served, or that has another problem, does not stay valid', () => {
  for (const [given, before] of [
    [said(unknown), gateway('False')],
    [said(unknown, conflict), gateway('True')],
  ] as const) {
    expect(asBefore(given, before, [])).toBe(given);
  }
});
