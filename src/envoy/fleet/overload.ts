// What Envoy does before it is out of memory or connections:
// envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge

const monitors = 'type.googleapis.com/envoy.extensions.resource_monitors';

const MAX_CONNECTIONS = 50_000;

/** Of the memory limit. Envoy also needs memory that its heap does not show. */
const HEAP_SHARE = 0.8;

const trigger = (threshold: number) => [
  { name: 'envoy.resource_monitors.fixed_heap', threshold: { value: threshold } },
];

/** @param memoryLimit of the container. Without one, only connections are limited */
export function overloadManager(memoryLimit: string | undefined): Readonly<Record<string, unknown>> {
  const connections = {
    name: 'envoy.resource_monitors.global_downstream_max_connections',
    typed_config: {
      '@type': `${monitors}.downstream_connections.v3.DownstreamConnectionsConfig`,
      max_active_downstream_connections: MAX_CONNECTIONS,
    },
  };
  if (memoryLimit === undefined) return { resource_monitors: [connections] };
  const heap = {
    name: 'envoy.resource_monitors.fixed_heap',
    typed_config: {
      '@type': `${monitors}.fixed_heap.v3.FixedHeapConfig`,
      max_heap_size_bytes: Math.floor(bytesOf(memoryLimit) * HEAP_SHARE),
    },
  };
  return {
    refresh_interval: '0.25s',
    resource_monitors: [connections, heap],
    actions: [
      { name: 'envoy.overload_actions.shrink_heap', triggers: trigger(0.9) },
      { name: 'envoy.overload_actions.stop_accepting_requests', triggers: trigger(0.95) },
    ],
  };
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** @param quantity as ProxyConfiguration's schema allows it */
function bytesOf(quantity: string): number {
  const [, number = '', unit = ''] = /^(\d+)(\w*)$/.exec(quantity) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}
