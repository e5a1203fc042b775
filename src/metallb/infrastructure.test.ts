import { expect, test } from 'vitest';
import type { Gateway } from '../api/gateway-api.ts';
import { metallbFinding } from './findings.ts';
import { cleanInfrastructure } from './infrastructure.ts';

const gateway = (infrastructure?: NonNullable<Gateway['spec']['infrastructure']>): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: { gatewayClassName: 'metallb', listeners: [], ...(infrastructure !== undefined && { infrastructure }) },
});

test('labels and annotations of the infrastructure are kept', () => {
  const infrastructure = {
    labels: { team: 'shop', 'app.kubernetes.io/part-of': 'shop', 'example.com/a': 'b' },
    annotations: { 'prometheus.io/scrape': 'true', 'notkubernetes.io/a': 'b' },
  };
  expect(cleanInfrastructure(gateway(infrastructure))).toEqual({ ...infrastructure, problems: [] });
  expect(cleanInfrastructure(gateway())).toEqual({ labels: {}, annotations: {}, problems: [] });
});

test.each([
  'metallb.io/loadBalancerIPs',
  'metallb.universe.tf/address-pool',
  'gatehouse.dev/gateway',
  'gateway.networking.k8s.io/gateway-name',
  'kubernetes.io/psp',
  'service.beta.kubernetes.io/load-balancer-source-ranges',
  'container.apparmor.security.beta.kubernetes.io/envoy',
  'app.kubernetes.io/managed-by',
])('the reserved key %s is left out, and a remark says so', (key) => {
  const cleaned = cleanInfrastructure(gateway({ labels: { a: 'b' }, annotations: { [key]: 'x', c: 'd' } }));
  expect(cleaned).toMatchObject({ labels: { a: 'b' }, annotations: { c: 'd' } });
  expect(cleaned.annotations).not.toHaveProperty([key]);
  expect(cleaned.problems.map(metallbFinding)).toMatchObject([
    {
      effect: { kind: 'remark' },
      field: 'spec.infrastructure.annotations',
      words: `spec.infrastructure.annotations: "${key}" is left out, because its domain is reserved. Remove it.`,
    },
  ]);
});

test('several reserved keys are named together, in order', () => {
  const { problems } = cleanInfrastructure(gateway({ labels: { 'metallb.io/b': '', 'gatehouse.dev/a': '' } }));
  expect(problems.map((each) => metallbFinding(each).words)).toEqual([
    'spec.infrastructure.labels: "gatehouse.dev/a", "metallb.io/b" are left out, because their domains are reserved. Remove them.',
  ]);
});
