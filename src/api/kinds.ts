// The kinds that Gatehouse watches or writes, with their group, version and plural.
import type { Kind } from '../kube/kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import type { EndpointSlice, Event, Namespace, Node, Secret, Service } from './core.ts';
import {
  type BackendTlsPolicy,
  GATEWAY_GROUP,
  type Gateway,
  type GatewayClass,
  type HttpRoute,
  type ListenerSet,
  type ReferenceGrant,
} from './gateway-api.ts';
import { GATEHOUSE_GROUP, type LoadBalancerConfiguration } from './load-balancer-configuration.ts';
import type { ConfigurationState, IpAddressPool, ServiceAnnouncement } from './metallb.ts';
import type { ProxyConfiguration } from './proxy-configuration.ts';
import type { Deployment, Pod, TokenReview } from './workloads.ts';

const core = { group: '', version: 'v1' } as const;
const gatewayApi = { group: GATEWAY_GROUP, version: 'v1' } as const;

export const gatewayClasses: Kind<GatewayClass> = {
  ...gatewayApi,
  plural: 'gatewayclasses',
  kind: 'GatewayClass',
  namespaced: false,
};
export const gateways: Kind<Gateway> = { ...gatewayApi, plural: 'gateways', kind: 'Gateway', namespaced: true };
export const listenerSets: Kind<ListenerSet> = {
  ...gatewayApi,
  plural: 'listenersets',
  kind: 'ListenerSet',
  namespaced: true,
};
export const httpRoutes: Kind<HttpRoute> = { ...gatewayApi, plural: 'httproutes', kind: 'HTTPRoute', namespaced: true };
export const referenceGrants: Kind<ReferenceGrant> = {
  ...gatewayApi,
  // Before v1.5, the Gateway API has only v1beta1 of this kind, with the same fields.
  olderVersions: ['v1beta1'],
  plural: 'referencegrants',
  kind: 'ReferenceGrant',
  namespaced: true,
};
export const backendTlsPolicies: Kind<BackendTlsPolicy> = {
  ...gatewayApi,
  plural: 'backendtlspolicies',
  kind: 'BackendTLSPolicy',
  namespaced: true,
};
export const loadBalancerConfigurations: Kind<LoadBalancerConfiguration> = {
  group: GATEHOUSE_GROUP,
  version: 'v1alpha1',
  plural: 'loadbalancerconfigurations',
  kind: 'LoadBalancerConfiguration',
  namespaced: true,
};
export const proxyConfigurations: Kind<ProxyConfiguration> = {
  group: GATEHOUSE_GROUP,
  version: 'v1alpha1',
  plural: 'proxyconfigurations',
  kind: 'ProxyConfiguration',
  namespaced: true,
};
export const services: Kind<Service> = { ...core, plural: 'services', kind: 'Service', namespaced: true };
export const endpointSlices: Kind<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};
export const secrets: Kind<Secret> = { ...core, plural: 'secrets', kind: 'Secret', namespaced: true };
export const nodes: Kind<Node> = { ...core, plural: 'nodes', kind: 'Node', namespaced: false };
export const namespaces: Kind<Namespace> = { ...core, plural: 'namespaces', kind: 'Namespace', namespaced: false };

/** Only an annotation matters: the version of the Gateway API's release. */
export const customResourceDefinitions: Kind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

export interface ConfigMap extends KubeObject {
  readonly kind: 'ConfigMap';
  readonly data?: Readonly<Record<string, string>>;
}
export const configMaps: Kind<ConfigMap> = { ...core, plural: 'configmaps', kind: 'ConfigMap', namespaced: true };

export const pods: Kind<Pod> = { ...core, plural: 'pods', kind: 'Pod', namespaced: true };
export const serviceAccounts: Kind = { ...core, plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true };
export const coreEvents: Kind<Event> = { ...core, plural: 'events', kind: 'Event', namespaced: true };
export const deployments: Kind<Deployment> = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};
export const podDisruptionBudgets: Kind = {
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
};
export const horizontalPodAutoscalers: Kind = {
  group: 'autoscaling',
  version: 'v2',
  plural: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  namespaced: true,
};
export const tokenReviews: Kind<TokenReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};

const metallb = { group: 'metallb.io', version: 'v1beta1', namespaced: true } as const;

export const ipAddressPools: Kind<IpAddressPool> = { ...metallb, plural: 'ipaddresspools', kind: 'IPAddressPool' };
export const l2Advertisements: Kind = { ...metallb, plural: 'l2advertisements', kind: 'L2Advertisement' };
export const bgpAdvertisements: Kind = { ...metallb, plural: 'bgpadvertisements', kind: 'BGPAdvertisement' };
export const serviceL2Statuses: Kind<ServiceAnnouncement> = {
  ...metallb,
  plural: 'servicel2statuses',
  kind: 'ServiceL2Status',
};
export const serviceBgpStatuses: Kind<ServiceAnnouncement> = {
  ...metallb,
  plural: 'servicebgpstatuses',
  kind: 'ServiceBGPStatus',
};
export const configurationStates: Kind<ConfigurationState> = {
  ...metallb,
  plural: 'configurationstates',
  kind: 'ConfigurationState',
};
