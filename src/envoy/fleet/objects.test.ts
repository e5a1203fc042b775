import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromJsonString } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { defaultProxySettings, type ProxySettings } from '../../api/proxy-configuration.ts';
import { type KubeObject, objectKey } from '../../kube/object.ts';
import { labelsOf } from '../../metallb/names.ts';
import { READY_PORT } from '../model/proxy-ports.ts';
import { BootstrapSchema } from '../xds/envoy/config/bootstrap/v3/bootstrap_pb.ts';
import { xdsRegistry } from '../xds/registry.ts';
import { bootstrap } from './bootstrap.ts';
import { fleetObjects } from './objects.ts';
import type { FleetOptions } from './options.ts';
import { DRAIN_SECONDS, GRACE_SECONDS, LEAVE_SECONDS } from './timings.ts';

const ads = {
  address: 'gatehouse-ads.gatehouse-system.svc:18000',
  serverName: 'gatehouse-ads.gatehouse-system.svc',
  audience: 'gatehouse-ads',
  authorities: '-----BEGIN CERTIFICATE-----\n',
};

const fleet = (more: Partial<FleetOptions> = {}): readonly KubeObject[] =>
  fleetObjects({
    gateway: { namespace: 'shop', name: 'web', uid: '6f1a' },
    name: 'web-0a1b2c3d',
    labels: { team: 'shop', 'gatehouse.dev/gateway': 'web-0a1b2c3d' },
    annotations: {},
    settings: defaultProxySettings,
    ads,
    families: ['IPv4'],
    ...more,
  });

const withSettings = (settings: Partial<ProxySettings>): readonly KubeObject[] =>
  fleet({ settings: { ...defaultProxySettings, ...settings } });

const found = (objects: readonly KubeObject[], kind: string): KubeObject | undefined =>
  objects.find((each) => each.kind === kind);

const manifests = (objects: readonly KubeObject[]): string =>
  objects.map((each) => stringify(each, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');

test('a Gateway has the objects of testdata/default.yaml', async () => {
  await expect(manifests(fleet())).toMatchFileSnapshot(join(import.meta.dirname, 'testdata/default.yaml'));
});

test('every setting and the annotations have their place, as in testdata/all.yaml', async () => {
  const settings: ProxySettings = {
    ...defaultProxySettings,
    image: 'example.com/envoy:v1',
    autoscaling: { minReplicas: 3, maxReplicas: 9, targetCPUUtilizationPercentage: 60 },
    resources: { requests: { cpu: '2500m' }, limits: { memory: '500M' } },
    logLevel: 'debug',
    priorityClassName: 'high',
    nodeSelector: { role: 'edge' },
    tolerations: [{ key: 'edge', operator: 'Exists' }],
    podAnnotations: true,
  };
  const objects = fleet({ settings, annotations: { note: 'a' }, families: ['IPv4', 'IPv6'] });
  await expect(manifests(objects)).toMatchFileSnapshot(join(import.meta.dirname, 'testdata/all.yaml'));
});

test('the kubelet stops an Envoy after it has left the Service and drained, and kills it later', () => {
  const pod = { lifecycle: { preStop: { sleep: { seconds: LEAVE_SECONDS + DRAIN_SECONDS } } } };
  expect(found(fleet(), 'Deployment')).toHaveProperty('spec.template.spec.containers', [expect.objectContaining(pod)]);
  expect(GRACE_SECONDS).toBeGreaterThan(LEAVE_SECONDS + DRAIN_SECONDS);
});

test('deploy/pod-monitor.yaml finds the metrics of the pods', async () => {
  const file = join(import.meta.dirname, '../../../deploy/pod-monitor.yaml');
  const { spec } = parse(await readFile(file, 'utf8'));
  const [{ port }] = spec.podMetricsEndpoints;
  const ports = [expect.objectContaining({ name: port, containerPort: READY_PORT })];
  const containers = [expect.objectContaining({ ports })];
  expect(found(fleet(), 'Deployment')).toHaveProperty('spec.template.spec.containers', containers);
  const labels = Object.keys(labelsOf(objectKey({ namespace: 'shop', name: 'web' })));
  const { matchLabels, matchExpressions } = spec.selector;
  const selected = [...Object.keys(matchLabels), ...matchExpressions.map(({ key }: { key: string }) => key)];
  expect(labels).toEqual(expect.arrayContaining([...selected, ...spec.podTargetLabels]));
});

test('with an autoscaler the number of replicas is its own', () => {
  const autoscaling = { minReplicas: 2, maxReplicas: 4, targetCPUUtilizationPercentage: 70 };
  expect(found(fleet(), 'Deployment')).toHaveProperty('spec.replicas', 2);
  expect(found(withSettings({ autoscaling }), 'Deployment')).not.toHaveProperty('spec.replicas');
});

test('new trusted authorities change the ConfigMap, and restart no Envoy', () => {
  const changed = fleet({ ads: { ...ads, authorities: 'another' } });
  expect(found(changed, 'ConfigMap')).not.toEqual(found(fleet(), 'ConfigMap'));
  expect(found(changed, 'Deployment')).toEqual(found(fleet(), 'Deployment'));
});

const json = (options: Partial<Parameters<typeof bootstrap>[0]> = {}): string =>
  JSON.stringify(bootstrap({ ads, resources: defaultProxySettings.resources, families: ['IPv4'], ...options }));

test('the bootstrap is one of Envoy’s API, without unknown fields', () => {
  const message = fromJsonString(BootstrapSchema, json(), { registry: xdsRegistry });
  expect(message.staticResources?.listeners.map(({ name }) => name)).toEqual(['ready']);
});

test('the kubelet replaces nothing in the bootstrap', () => {
  expect(json()).not.toMatch(/\$[($]/);
});

test.each([
  ['10.0.0.1:18000', 'STATIC', '10.0.0.1'],
  ['[2001:db8::1]:18000', 'STATIC', '2001:db8::1'],
  ['gatehouse-ads.infra.svc:18000', 'STRICT_DNS', 'gatehouse-ads.infra.svc'],
])('Envoy calls the configuration service at %s', (address, type, host) => {
  const text = json({ ads: { ...ads, address } });
  expect(JSON.parse(text).static_resources.clusters[0]).toMatchObject({
    type,
    load_assignment: {
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address: host, port_value: 18_000 } } } }] },
      ],
    },
  });
});

test('without a memory limit Envoy limits connections only', () => {
  expect(JSON.parse(json({ resources: { requests: {}, limits: {} } })).overload_manager).not.toHaveProperty('actions');
});
