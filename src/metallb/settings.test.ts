import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultProxySettings } from '../api/proxy-configuration.ts';
import { fromManifests } from '../gateway/from-manifests.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { proxySettings, type ResolvedSettings } from './settings.ts';

const configuration = (namespace: string, name: string, spec: string) => ({
  apiVersion: 'gatehouse.dev/v1alpha1',
  kind: 'ProxyConfiguration',
  metadata: { namespace, name },
  spec: parse(spec) as unknown,
});

const reference = { group: 'gatehouse.dev', kind: 'ProxyConfiguration', name: 'proxies' };

/** @param ofClass, ofGateway specs in YAML */
function inputOf(ofClass: string | undefined, ofGateway: string | undefined): GatewayInput {
  const api = 'gateway.networking.k8s.io/v1';
  const { inputs } = fromManifests(
    [
      {
        apiVersion: api,
        kind: 'GatewayClass',
        metadata: { name: 'metallb' },
        spec: {
          controllerName: 'gatehouse.dev/metallb',
          ...(ofClass !== undefined && { parametersRef: { ...reference, namespace: 'infra' } }),
        },
      },
      {
        apiVersion: api,
        kind: 'Gateway',
        metadata: { namespace: 'shop', name: 'web' },
        spec: {
          gatewayClassName: 'metallb',
          listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
          ...(ofGateway !== undefined && { infrastructure: { parametersRef: reference } }),
        },
      },
      ...(ofClass === undefined ? [] : [configuration('infra', 'proxies', ofClass)]),
      ...(ofGateway === undefined ? [] : [configuration('shop', 'proxies', ofGateway)]),
    ],
    { now: 0 },
  );
  const [input] = inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  return input;
}

const resolve = (ofClass?: string, ofGateway?: string): ResolvedSettings => proxySettings(inputOf(ofClass, ofGateway));

test('without a configuration there are the defaults', () => {
  expect(resolve()).toEqual({ settings: defaultProxySettings, problems: [] });
});

test('the class has the defaults of its Gateways, and a Gateway its own values', () => {
  const ofClass =
    '{ image: example.com/envoy:1, replicas: 3, logLevel: info, service: { pool: public, sourceRanges: [10.0.0.0/8] } }';
  const ofGateway = '{ replicas: 5, service: { externalTrafficPolicy: Local } }';
  expect(resolve(ofClass, ofGateway)).toEqual({
    settings: {
      ...defaultProxySettings,
      image: 'example.com/envoy:1',
      replicas: 5,
      logLevel: 'info',
      service: {
        ...defaultProxySettings.service,
        pool: 'public',
        externalTrafficPolicy: 'Local',
        sourceRanges: ['10.0.0.0/8'],
      },
    },
    problems: [],
  });
});

test('an autoscaler of the Gateway wins over the replicas of the class', () => {
  expect(resolve('{ replicas: 4 }', '{ autoscaling: { maxReplicas: 9 } }').settings).toMatchObject({
    autoscaling: { minReplicas: 2, maxReplicas: 9, targetCPUUtilizationPercentage: 70 },
  });
  expect(resolve('{ autoscaling: { maxReplicas: 9 } }', '{ replicas: 4 }').settings).not.toHaveProperty('autoscaling');
});

test.each([
  ['image', '{ image: example.com/miner }', '{ images: [example.com/envoy] }'],
  ['priorityClassName', '{ priorityClassName: system-node-critical }', '{ priorityClassNames: [edge] }'],
  ['nodeSelector', '{ nodeSelector: { node-role.kubernetes.io/control-plane: "" } }', '{ placement: false }'],
  ['tolerations', '{ tolerations: [{ operator: Exists }] }', '{ images: [a] }'],
  ['service.pool', '{ service: { pool: public } }', '{ pools: [internal] }'],
  ['service.sharingKey', '{ service: { sharingKey: a } }', '{ sharingKeys: [b] }'],
  ['service.loadBalancerClass', '{ service: { loadBalancerClass: other } }', '{ loadBalancerClasses: [metallb] }'],
  ['allow', '{ allow: { images: [example.com/miner] } }', '{ images: [example.com/envoy] }'],
])('a Gateway may not set %s unless its class allows it', (field, ofGateway, allow) => {
  for (const ofClass of [undefined, `{ allow: ${allow} }`]) {
    expect(resolve(ofClass, ofGateway)).toEqual({
      problems: [expect.objectContaining({ kind: 'parameters-invalid', on: 'gateway', field })],
    });
  }
});

test.each([
  ['[10.1.0.0/16, 10.2.3.4/32]', '[10.0.0.0/8]', []],
  ['[10.0.0.0/8]', '[10.0.0.0/8, 2001:db8::/32]', []],
  ['[2001:db8:1::/48]', '[10.0.0.0/8, 2001:db8::/32]', []],
  ['[0.0.0.0/0]', undefined, []],
  ['[10.1.0.0/16, 0.0.0.0/0]', '[10.0.0.0/8]', ['[1]']],
  ['[10.0.0.0/7]', '[10.0.0.0/8, 11.0.0.0/8]', ['[0]']],
  ['[192.0.2.0/24, "::/0"]', '[10.0.0.0/8]', ['[0]', '[1]']],
])('a Gateway with the source ranges %s admits no more clients than its class with %s', (ranges, ofClass, refused) => {
  const bounds = ofClass && `{ service: { sourceRanges: ${ofClass} } }`;
  expect(resolve(bounds, `{ service: { sourceRanges: ${ranges} } }`).problems).toEqual(
    refused.map((index) =>
      expect.objectContaining({ kind: 'parameters-invalid', on: 'gateway', field: `service.sourceRanges${index}` }),
    ),
  );
});

test('a Gateway may set what its class allows', () => {
  const allow =
    '{ images: [b, a], priorityClassNames: [edge], placement: true, pools: [public], sharingKeys: [k], loadBalancerClasses: [l] }';
  const ofGateway =
    '{ image: a, priorityClassName: edge, nodeSelector: { a: b }, tolerations: [], service: { pool: public, sharingKey: k, loadBalancerClass: l } }';
  expect(resolve(`{ allow: ${allow} }`, ofGateway)).toMatchObject({
    settings: {
      image: 'a',
      priorityClassName: 'edge',
      service: { pool: 'public', allowedPools: ['public'], sharingKey: 'k' },
    },
    problems: [],
  });
});

test.each([
  ['{ replica: 2 }', 'replica', 'is not a field'],
  ['{ replicas: 0 }', 'replicas', expect.stringContaining('>=1')],
  ['{ replicas: 2, autoscaling: { maxReplicas: 3 } }', 'replicas', 'cannot be used together with autoscaling'],
  ['{ autoscaling: { maxReplicas: 1 } }', 'autoscaling', expect.stringContaining('must not be above')],
  ['{ resources: { limits: { memory: lots } } }', 'resources.limits.memory', expect.stringContaining('512Mi')],
  ['{ service: { sourceRanges: [10.0.0.1] } }', 'service.sourceRanges[0]', expect.stringContaining('CIDR')],
])('%s is invalid, and says where and why', (spec, field, detail) => {
  const problem = { kind: 'parameters-invalid', field, detail };
  expect(resolve(undefined, spec).problems).toEqual([expect.objectContaining({ ...problem, on: 'gateway' })]);
  expect(resolve(spec).problems).toEqual([expect.objectContaining({ ...problem, on: 'class' })]);
});

test('a configuration of AWS is not one of Envoys', () => {
  const input = inputOf(undefined, undefined);
  const parametersRef = { group: 'gatehouse.dev', kind: 'LoadBalancerConfiguration', name: 'own' };
  const gateway = { ...input.gateway, spec: { ...input.gateway.spec, infrastructure: { parametersRef } } };
  expect(proxySettings({ ...input, gateway }).problems).toMatchObject([{ kind: 'parameters-kind-unknown' }]);
});

test('amounts are written as the API server stores them', () => {
  const { settings } = resolve('{ resources: { requests: { cpu: "0.5" }, limits: { cpu: 2000m, memory: 1024Mi } } }');
  expect(settings?.resources).toEqual({ requests: { cpu: '500m' }, limits: { cpu: '2', memory: '1Gi' } });
});

test("pods have the annotations of a Gateway's infrastructure only if the class allows it", () => {
  expect(resolve('{ replicas: 3 }').settings?.podAnnotations).toBe(false);
  expect(resolve('{ allow: { podAnnotations: true } }', '{ replicas: 3 }').settings?.podAnnotations).toBe(true);
});
