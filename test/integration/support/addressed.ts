// What a pass does about addresses, without Envoys: it asks `addressPlan` for the Services, then applies and deletes them.
import { applyYaml, deleteObjects, get, type KubeObject } from '../../../localstack/cluster/apply.ts';
import type { Connection } from '../../../localstack/cluster/connection.ts';
import type { Event, Namespace, Service } from '../../../src/api/core.ts';
import type { ConfigurationState, IpAddressPool, ServiceAnnouncement } from '../../../src/api/metallb.ts';
import { defaultProxySettings, type ServiceSettings } from '../../../src/api/proxy-configuration.ts';
import type { RequestedAddress } from '../../../src/gateway/topology.ts';
import { planObjects } from '../../../src/kube/apply-set.ts';
import { objectKey } from '../../../src/kube/object.ts';
import { type AddressPlan, addressPlan } from '../../../src/metallb/addresses.ts';
import type { ServiceOptions } from '../../../src/metallb/service-options.ts';
import type { AddressWorld } from '../../../src/metallb/world.ts';

export interface Asked extends Partial<Pick<ServiceOptions, 'ports' | 'labels'>> {
  readonly addresses?: readonly RequestedAddress[];
  readonly settings?: Partial<ServiceSettings>;
  /** How much later it is than it seems, in milliseconds. */
  readonly laterMs?: number;
}

export const objectName = 'web-0a1b2c3d';

export const ipAddresses = (...values: readonly string[]): readonly RequestedAddress[] =>
  values.map((value, index) => ({ field: `addresses[${index}].value`, value }));

export class AddressedGateway {
  readonly #admin: Connection;
  readonly #namespace: string;

  constructor(admin: Connection, namespace: string) {
    this.#admin = admin;
    this.#namespace = namespace;
  }

  /** One pass. The plan is of the time before the pass wrote anything. */
  async pass({ addresses = [], settings, laterMs = 0, ...more }: Asked): Promise<AddressPlan> {
    const live = await this.services();
    const options: ServiceOptions = {
      gateway: { namespace: this.#namespace, name: 'web', uid: 'u-1' },
      name: objectName,
      labels: {},
      annotations: {},
      ports: [{ port: 80, transport: 'TCP', target: 3000 }],
      ...more,
      settings: { ...defaultProxySettings.service, ...settings },
      addresses,
      live,
    };
    const plan = addressPlan(options, await this.world(laterMs));
    const { apply, prune } = planObjects({ desired: plan.services, existing: live });
    await applyYaml(
      this.#admin,
      apply.map(({ object }) => written(object)),
    );
    await deleteObjects(this.#admin, prune.map(written));
    return plan;
  }

  async services(): Promise<readonly Service[]> {
    const path = `/api/v1/namespaces/${this.#namespace}/services?labelSelector=gatehouse.dev/gateway=${objectName}`;
    return (await this.#list<Service>(path)).map((each) => ({ ...each, apiVersion: 'v1', kind: 'Service' }));
  }

  async world(laterMs = 0): Promise<AddressWorld> {
    const services = await this.#list<Service>('/api/v1/services');
    const events = await this.#list<Event>('/api/v1/events?fieldSelector=reason=AllocationFailed');
    const metallb = '/apis/metallb.io/v1beta1';
    const announcements = await this.#list<ServiceAnnouncement>(`${metallb}/servicel2statuses`);
    const namespace = await get<Namespace>(this.#admin, `/api/v1/namespaces/${this.#namespace}`);
    return {
      now: Date.now() + laterMs,
      handoverMs: 60_000,
      servicesAt: (address) =>
        services.filter(({ status }) => status?.loadBalancer?.ingress?.some(({ ip }) => ip === address)),
      failures: (service) =>
        events.filter(({ involvedObject: { name = '', ...place } }) => objectKey({ ...place, name }) === service),
      metallb: {
        pools: await this.#list<IpAddressPool>(`${metallb}/ipaddresspools`),
        namespaceLabels: namespace?.metadata.labels ?? {},
        configuration: await this.#list<ConfigurationState>(`${metallb}/configurationstates`),
        announcements: (service) =>
          announcements.filter(
            ({ status }) =>
              objectKey({ namespace: status?.serviceNamespace, name: status?.serviceName ?? '' }) === service,
          ),
      },
    };
  }

  async #list<T>(path: string): Promise<readonly T[]> {
    return (await this.#admin.request<{ readonly items: readonly T[] }>('GET', path)).items;
  }
}

/** Without owner, because there is no Gateway. */
function written({ metadata, ...object }: Written): KubeObject {
  return JSON.parse(JSON.stringify({ ...object, metadata: { ...metadata, ownerReferences: undefined } }));
}

type Written = Pick<Service, 'metadata'>;
