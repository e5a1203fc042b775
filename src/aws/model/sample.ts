// Topologies for tests, with what a test does not care about filled in.
import type { LoadBalancerSettings } from '../../api/load-balancer-configuration.ts';
import type {
  BackendService,
  ListenerTopology,
  PortTopology,
  RouteAction,
  RouteEntry,
  Topology,
} from '../../gateway/topology.ts';
import { objectKey } from '../../kube/object.ts';
import { DEFAULT_QUOTAS, type ModelOptions } from './options.ts';

export const options: ModelOptions = { clusterName: 'blue', clusterUid: 'uid-1', quotas: DEFAULT_QUOTAS };

export const settings: LoadBalancerSettings = {
  scheme: 'internal',
  ipAddressType: 'ipv4',
  sourceRanges: ['0.0.0.0/0'],
  targetType: 'ip',
  sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
  loadBalancerAttributes: {},
  tags: {},
};

export function backend(name: string, more: Partial<BackendService> = {}): BackendService {
  const service = objectKey({ namespace: 'shop', name });
  return { service, port: 80, portName: '', protocol: 'HTTP1', local: false, ipFamily: 'IPv4', ...more };
}

export function forward(...names: readonly string[]): Extract<RouteAction, { kind: 'forward' }> {
  return {
    kind: 'forward',
    backends: names.map((name, index) => ({ service: backend(name), weight: 1, index })),
  };
}

export function entry(
  more: Partial<RouteEntry> & { readonly rule?: number; readonly route?: string } = {},
): RouteEntry {
  const { rule = 0, route = 'api', ...rest } = more;
  return {
    listener: 'http',
    match: { path: { type: 'PathPrefix', value: '/' } },
    source: {
      kind: 'rule',
      route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: route }) },
      rule,
      match: 0,
    },
    action: forward('api'),
    ...rest,
  };
}

export function listener(name: string, more: Partial<ListenerTopology> = {}): ListenerTopology {
  return { name, certificates: [], tlsOptions: {}, ...more };
}

export function httpPort(entries: readonly RouteEntry[], more: Partial<PortTopology> = {}): PortTopology {
  return { port: 80, protocol: 'HTTP', listeners: [listener('http')], entries, ...more };
}

export function topology(ports: readonly PortTopology[], more: Partial<LoadBalancerSettings> = {}): Topology {
  return { gateway: objectKey({ namespace: 'shop', name: 'web' }), settings: { ...settings, ...more }, ports };
}
