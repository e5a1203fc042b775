import { expect, test } from 'vitest';
import type { GatewayClass, ParametersReference } from '../api/gateway-api.ts';
import type { LoadBalancerConfiguration } from '../api/load-balancer-configuration.ts';
import { objectKey } from '../kube/object.ts';
import { evaluateGatewayClass } from './gateway-class.ts';

const reference = {
  group: 'gatehouse.dev',
  kind: 'LoadBalancerConfiguration',
  namespace: 'infra',
  name: 'all',
};
const gatewayClass = (parametersRef?: ParametersReference): GatewayClass => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'aws' },
  spec: { controllerName: 'gatehouse.dev/aws', ...(parametersRef !== undefined && { parametersRef }) },
});
const configured = (spec: unknown): ReadonlyMap<ReturnType<typeof objectKey>, LoadBalancerConfiguration> => {
  const metadata = { namespace: 'infra', name: 'all' };
  const object: LoadBalancerConfiguration = {
    apiVersion: 'gatehouse.dev/v1alpha1',
    kind: 'LoadBalancerConfiguration',
    metadata,
    spec,
  };
  return new Map([[objectKey(metadata), object]]);
};

test('a class without parameters, or with good ones, is accepted', () => {
  expect(evaluateGatewayClass(gatewayClass(), new Map())).toEqual({ accepted: true, problems: [] });
  expect(evaluateGatewayClass(gatewayClass(reference), configured({ scheme: 'internal' })).accepted).toBe(true);
});

test.each([
  ['not there', reference, new Map(), 'parameters-not-found'],
  ['without a namespace', { ...reference, namespace: '' }, configured({}), 'parameters-not-found'],
  ['of another kind', { ...reference, kind: 'ConfigMap' }, configured({}), 'parameters-kind-unknown'],
  ['wrong', reference, configured({ scheme: 'public' }), 'parameters-invalid'],
])('a class whose parameters are %s is not accepted, and says so', (_, ref, configurations, kind) => {
  const { accepted, problems } = evaluateGatewayClass(gatewayClass(ref), configurations);
  expect(accepted).toBe(false);
  expect(problems).toMatchObject([{ kind, on: 'class' }]);
});
