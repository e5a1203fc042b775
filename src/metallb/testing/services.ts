// Services of the Gateway shop/web, as the API server has them.
import type { Service } from '../../api/core.ts';
import { METALLB_ANNOTATION } from '../../api/metallb.ts';
import { defaultProxySettings, type ServiceSettings } from '../../api/proxy-configuration.ts';
import { addressPlan } from '../addresses.ts';
import { familyOf } from '../ip-address.ts';
import type { ServiceOptions } from '../service-options.ts';
import type { AddressWorld } from '../world.ts';

export const noWorld: AddressWorld = { now: 0, handoverMs: 60_000, servicesAt: () => [], failures: () => [] };

export const optionsFor = (
  options: Partial<ServiceOptions> = {},
  addresses: readonly string[] = [],
  more: Partial<ServiceSettings> = {},
): ServiceOptions => ({
  gateway: { namespace: 'shop', name: 'web', uid: 'u-1' },
  name: 'web-0a1b2c3d',
  labels: {},
  annotations: {},
  settings: { ...defaultProxySettings.service, ...more },
  addresses: addresses.map((value, index) => ({ field: `addresses[${index}].value`, value })),
  ports: [{ port: 80, transport: 'TCP', target: 10_080 }],
  live: [],
  ...options,
});

/** A Service that waits for the address, or for any. */
export function wanting(address?: string, suffix = ''): Service {
  const { services } = addressPlan(optionsFor({}, address === undefined ? [] : [address]), noWorld);
  const [service] = services;
  if (service === undefined) throw new Error('Expected a Service');
  return {
    ...service,
    metadata: { ...service.metadata, name: `${service.metadata.name}${suffix}` },
    spec: { ...service.spec, ipFamilies: [address === undefined ? 'IPv4' : familyOf(address)] },
  };
}

/** The Service with the addresses, as MetalLB leaves it. */
export function bound(addresses: string | readonly string[], service = wanting(), pool = 'default'): Service {
  const { metadata, spec } = service;
  const all = [addresses].flat();
  return {
    ...service,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [METALLB_ANNOTATION.allocatedFrom]: pool } },
    spec: { ...spec, ...(all.length > 1 && { ipFamilies: all.map(familyOf), ipFamilyPolicy: 'RequireDualStack' }) },
    status: { loadBalancer: { ingress: all.map((ip) => ({ ip })) } },
  };
}
