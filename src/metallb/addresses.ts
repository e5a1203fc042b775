// The addresses of a Gateway: which Services it needs now, which addresses it has, and why it does not have the others.
//
// A Service with an address is never moved to another one. The other address gets a second Service, and the first one serves until
// the second has its address, and a while longer, because clients remember names.
import type { Service } from '../api/core.ts';
import type { GatewayAddress } from '../api/gateway-api.ts';
import { objectKey } from '../kube/object.ts';
import { canonicalAddress } from './ip-address.ts';
import { objectionTo } from './objection.ts';
import type { ChangeHeld, ClassKept, ConfigurationInvalid, MetallbProblem } from './problem.ts';
import type { ServiceOptions } from './service-options.ts';
import { REPLACED_ANNOTATION, serviceOf, unchanged } from './services.ts';
import { boundTo, isBound, type Slot, slotsOf } from './slots.ts';
import { unansweredWish } from './unanswered.ts';
import { wishesOf } from './wishes.ts';
import type { AddressWorld } from './world.ts';

/** When to look again whether a held change is possible: Services of others are not watched for it. In milliseconds. */
const HELD_MS = 60_000;

export interface AddressPlan {
  /** The desired Services. All others of the Gateway are to be deleted. */
  readonly services: readonly Service[];
  readonly problems: readonly MetallbProblem[];
  /** The addresses that the Gateway has. While it has none that it asks for, those that it had before. */
  readonly addresses: readonly GatewayAddress[];
  /** The Services with these addresses. */
  readonly announced: readonly Service[];
  /** Whether other addresses will take their place. */
  readonly replacing: boolean;
  /** When to look again, though nothing has changed in the cluster. */
  readonly againInMs?: number;
}

export function addressPlan(options: ServiceOptions, world: AddressWorld): AddressPlan {
  // A Service must have a port. Without a listener nothing is changed.
  if (options.ports.length === 0) return standingStill(options);
  const asked = wishesOf(options.addresses, options.settings);
  const { slots, leaving } = slotsOf(asked.wishes, options);
  const kept = slots.map((slot) => careful(slot, options, world));
  const unanswered = slots.filter(({ live }) => live === undefined || !isBound(live));
  const waits = unanswered.map((slot) => unansweredWish(slot, serviceOf(slot, options), world));
  const isDone = asked.problems.length === 0 && unanswered.length === 0;
  const old = isDone ? handedOver(leaving, options, world) : leaving.map((live) => unchanged(live, options));
  const current = slots.flatMap(({ live }) => (live !== undefined && isBound(live) ? live : []));
  const announced = current.length > 0 ? current : leaving;
  const againInMs = Math.min(
    ...waits.flatMap((wait) => wait.againInMs ?? []),
    ...old.flatMap((service) => handoverLeft(service, world) ?? []),
    ...kept.flatMap(({ problems }) => (problems.some(({ kind }) => kind === 'change-held') ? HELD_MS : [])),
  );
  return {
    services: [...kept.map(({ service }) => service), ...old],
    problems: [
      ...asked.problems,
      ...waits.map(({ problem }) => problem),
      ...kept.flatMap(({ problems }) => problems),
      ...misconfiguration(world, unanswered.length > 0),
    ],
    addresses: announced.flatMap(addressesOf),
    announced,
    replacing: current.length === 0 && leaving.length > 0,
    ...(Number.isFinite(againInMs) && { againInMs }),
  };
}

function standingStill(options: ServiceOptions): AddressPlan {
  const announced = options.live.filter(isBound);
  return {
    services: options.live.map((live) => unchanged(live, options)),
    problems: [],
    addresses: announced.flatMap(addressesOf),
    announced,
    replacing: false,
  };
}

export const addressesOf = ({ status }: Service): readonly GatewayAddress[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }): readonly GatewayAddress[] => {
    if (ip !== undefined) return [{ type: 'IPAddress', value: canonicalAddress(ip) ?? ip }];
    return hostname === undefined ? [] : [{ type: 'Hostname', value: hostname }];
  });

interface Kept {
  readonly service: Service;
  readonly problems: readonly (ChangeHeld | ClassKept)[];
}

/** The desired Service. If MetalLB would take the address from it, the Service stays as it is. */
function careful(slot: Slot, options: ServiceOptions, world: AddressWorld): Kept {
  const service = serviceOf(slot, options);
  const { live } = slot;
  if (live === undefined || !isBound(live)) return { service, problems: [] };
  const key = objectKey(live.metadata);
  const { loadBalancerClass } = live.spec;
  const wanted = options.settings.loadBalancerClass;
  const problems: (ChangeHeld | ClassKept)[] = [];
  if (loadBalancerClass !== wanted) {
    problems.push({
      kind: 'class-kept',
      service: key,
      ...(loadBalancerClass !== undefined && { loadBalancerClass }),
      ...(wanted !== undefined && { wanted }),
    });
  }
  const standing = unchanged(live, options);
  const why = objectionTo(addressesIn(live), service, world);
  // If MetalLB does not agree with the Service as it is, a change takes nothing from it.
  if (why === undefined || objectionTo(addressesIn(live), standing, world) !== undefined) return { service, problems };
  return { service: standing, problems: [...problems, { kind: 'change-held', service: key, why }] };
}

const addressesIn = (service: Service): readonly string[] =>
  boundTo(service).flatMap((address) => canonicalAddress(address) ?? []);

/** The old Services whose time is not over. The time begins when the new addresses are there. */
const handedOver = (leaving: readonly Service[], options: ServiceOptions, world: AddressWorld): readonly Service[] =>
  leaving
    .map((live) => unchanged(live, options))
    .map((service) =>
      REPLACED_ANNOTATION in (service.metadata.annotations ?? {}) ? service : replaced(service, world),
    )
    .filter((service) => (handoverLeft(service, world) ?? 0) > 0);

const replaced = (service: Service, { now }: AddressWorld): Service => ({
  ...service,
  metadata: {
    ...service.metadata,
    annotations: { ...service.metadata.annotations, [REPLACED_ANNOTATION]: new Date(now).toISOString() },
  },
});

/** Undefined before the handover. A time that cannot be read is over. */
function handoverLeft({ metadata }: Service, { now, handoverMs }: AddressWorld): number | undefined {
  const since = metadata.annotations?.[REPLACED_ANNOTATION];
  return since === undefined ? undefined : (Date.parse(since) || 0) + handoverMs - now;
}

function misconfiguration({ metallb }: AddressWorld, isFelt: boolean): readonly ConfigurationInvalid[] {
  return (metallb?.configuration ?? []).flatMap(({ metadata, status }) =>
    status?.result === 'Invalid'
      ? { kind: 'configuration-invalid', part: metadata.name, detail: status.errorSummary ?? '', isFelt }
      : [],
  );
}
