// Whatever happens to a Gateway, its settings and the Services beside it: clients keep the address that they know.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Service } from '../api/core.ts';
import type { ServiceSettings } from '../api/proxy-configuration.ts';
import { type AddressPlan, addressPlan } from './addresses.ts';
import { boundTo } from './slots.ts';
import { noWorld, optionsFor } from './testing/services.ts';
import { converge, servicesAt } from './testing/simulated-metallb.ts';
import type { AddressWorld } from './world.ts';

const free = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'];
const pools = [
  { name: 'left', addresses: ['10.0.0.0/30'] },
  { name: 'right', addresses: ['10.0.0.4-10.0.0.6', 'fd00::/126'] },
].map(({ name, addresses }) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool' as const,
  metadata: { name, namespace: 'metallb-system' },
  spec: { addresses },
}));

interface Step {
  readonly addresses: readonly string[];
  readonly settings: { readonly [Name in keyof ServiceSettings]?: ServiceSettings[Name] | undefined };
  readonly ports: readonly number[];
  /** A Service of somebody else. */
  readonly other?: { readonly address: string; readonly key: string | undefined; readonly port: number } | undefined;
  readonly seconds: number;
}

const key = fc.constantFrom(undefined, 'a', 'b');
const step: fc.Arbitrary<Step> = fc.record({
  // One is in no pool.
  addresses: fc.uniqueArray(fc.constantFrom(...free, 'fd00::1', '192.0.2.1'), { maxLength: 3 }),
  settings: fc.record({
    pool: fc.constantFrom(undefined, 'left', 'right'),
    sharingKey: key,
    externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    loadBalancerClass: fc.constantFrom(undefined, undefined, 'other'),
  }),
  ports: fc.uniqueArray(fc.constantFrom(80, 443, 8080), { minLength: 1 }),
  other: fc.option(fc.record({ address: fc.constantFrom(...free), key, port: fc.constantFrom(80, 443) }), {
    nil: undefined,
  }),
  seconds: fc.integer({ min: 0, max: 90 }),
});

const otherService = ({ address, key: sharing, port }: NonNullable<Step['other']>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'other',
    namespace: 'infra',
    annotations: {
      'metallb.io/loadBalancerIPs': address,
      ...(sharing !== undefined && { 'metallb.io/allow-shared-ip': sharing }),
    },
  },
  spec: { type: 'LoadBalancer', ports: [{ port }], ipFamilyPolicy: 'SingleStack', externalTrafficPolicy: 'Cluster' },
});

class Cluster {
  own: readonly Service[] = [];
  others: readonly Service[] = [];
  now = 0;

  plan({ addresses, settings, ports }: Step): AddressPlan {
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    const options = optionsFor(
      { live: this.own, ports: ports.map((port) => ({ port, transport: 'TCP' as const, target: port })) },
      addresses,
      given,
    );
    return addressPlan(options, this.#world());
  }

  #world(): AddressWorld {
    const metallb = { pools, namespaceLabels: {}, configuration: [], announcements: () => [] };
    return { ...noWorld, now: this.now, servicesAt: servicesAt([...this.own, ...this.others]), metallb };
  }

  /** Applies the Services, then MetalLB answers. */
  pass(asked: Step): void {
    const live = new Map(this.own.map((service) => [service.metadata.name, service]));
    this.own = this.plan(asked).services.map((service) => {
      const standing = live.get(service.metadata.name);
      const families = standing?.spec.ipFamilies ?? service.spec.ipFamilies ?? ['IPv4' as const];
      return {
        ...service,
        spec: { ...service.spec, ipFamilies: families },
        ...(standing?.status && { status: standing.status }),
        metadata: {
          ...service.metadata,
          annotations: {
            ...service.metadata.annotations,
            ...(standing?.metadata.annotations?.['metallb.io/ip-allocated-from-pool'] !== undefined && {
              'metallb.io/ip-allocated-from-pool': standing.metadata.annotations['metallb.io/ip-allocated-from-pool'],
            }),
          },
        },
      };
    });
    this.answer();
  }

  answer(): void {
    const all = converge([...this.others, ...this.own], pools, free);
    this.others = all.slice(0, this.others.length);
    this.own = all.slice(this.others.length);
  }
}

const runs = fc.array(step, { minLength: 1, maxLength: 8 });
const valuesOf = ({ addresses }: AddressPlan) => addresses.map(({ value }) => value);

test('a Gateway that has an address never has none, and keeps each address that it asks for', () => {
  fc.assert(
    fc.property(runs, (steps) => {
      const cluster = new Cluster();
      for (const asked of steps) {
        const before = cluster.own.flatMap(boundTo);
        cluster.now += asked.seconds * 1000;
        // Somebody else's Service comes and goes, but MetalLB gives nobody an address that is taken.
        cluster.others = asked.other === undefined ? [] : [otherService(asked.other)];
        cluster.answer();
        const kept = before.filter((address) => asked.addresses.includes(address));
        for (let pass = 0; pass < 3; pass += 1) {
          cluster.pass(asked);
          const bound = cluster.own.flatMap(boundTo);
          expect(bound).toEqual(expect.arrayContaining(kept));
          expect(before.length === 0 || valuesOf(cluster.plan(asked)).length > 0).toBe(true);
        }
      }
    }),
  );
});

test('when nothing is wrong, a Gateway ends with one Service for each address, and stays so', () => {
  fc.assert(
    fc.property(runs, fc.uniqueArray(fc.constantFrom(...free), { minLength: 1, maxLength: 3 }), (steps, addresses) => {
      const cluster = new Cluster();
      for (const asked of steps) {
        cluster.now += asked.seconds * 1000;
        cluster.pass(asked);
      }
      const last: Step = { addresses, settings: {}, ports: [80], seconds: 0 };
      for (let pass = 0; pass < 4; pass += 1) {
        cluster.pass(last);
        cluster.now += 61_000;
      }
      expect(new Set(valuesOf(cluster.plan(last)))).toEqual(new Set(addresses));
      expect(cluster.own).toHaveLength(addresses.length);
      const { services } = cluster.plan(last);
      cluster.pass(last);
      expect(cluster.plan(last).services).toEqual(services);
    }),
  );
});
