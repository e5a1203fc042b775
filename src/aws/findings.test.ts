import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import type { CloudRefused } from './cloud-problem.ts';
import { awsFinding } from './findings.ts';

const refused = (resource: string): CloudRefused => ({
  kind: 'cloud-refused',
  resource,
  action: 'CreateRule',
  code: 'ValidationError',
  detail: 'no',
});

test.each([
  ['listener/internal/8080', { ports: ['http/8080'] }],
  ['listener/nlb-internal/53', { ports: ['tcp/53', 'udp/53', 'tls/53', 'http/53'] }],
  ['listener', 'everything'],
  ['load-balancer/internal', 'everything'],
  ['security-group/frontend', 'clients'],
  ['rule/internal/80/shop/web', 'routes'],
  ['target-group/internal/shop/api', 'routes'],
  ['admission/sg-1', 'routes'],
  ['admissions', 'routes'],
])('a refusal of %s concerns %o', (resource, concerns) => {
  expect(awsFinding(refused(resource))).toMatchObject({ kind: 'gateway', effect: { kind: 'hindrance', concerns } });
});

const place = {
  route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: 'web' }) },
  rule: 0,
  field: '',
} as const;

test.each([
  ['access-denied', 'Pending', 'AccessDenied'],
  ['quota-reached', 'UnsupportedValue', 'NoResources'],
] as const)(
  'a rule that is refused with %s is dropped as %s, and its change is outdated as %s',
  (kind, lost, outdated) => {
    const cause = { ...refused('rule/internal/80/shop/web'), kind };
    expect(awsFinding({ ...place, kind: 'rule-refused', cause })).toMatchObject({
      effect: { kind: 'dropped', reason: lost },
    });
    expect(awsFinding({ ...place, kind: 'rule-change-refused', cause })).toMatchObject({
      effect: { kind: 'outdated', reason: outdated },
    });
  },
);
