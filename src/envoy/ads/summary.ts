// What the Envoys of a Gateway have, so short that a replica can tell it to the leader.
import { equals, fromBinary } from '@bufbuild/protobuf';
import { z } from 'zod';
import type { ObjectKey } from '../../kube/object.ts';
import type { Resource, ResourceKind } from '../snapshot.ts';
import { type Route, RouteSchema } from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../xds/envoy/config/route/v3/route_pb.ts';
import type { Rejection } from './delta.ts';

/** What one connected pod has. */
export interface EnvoyState {
  readonly pod: ObjectKey;
  /** The pod has all of what was published last, except what it rejected. */
  readonly isCurrent: boolean;
  /** Version by name, of each kind. */
  readonly acknowledged: Readonly<Record<ResourceKind, ReadonlyMap<string, string>>>;
  readonly rejected: readonly Rejection[];
}

const MAX_REJECTIONS = 20;
const MAX_SUSPECTS = 10;
const MAX_WORDS = 500;

const rejectedSchema = z.object({
  kind: z.enum(['clusters', 'endpoints', 'secrets', 'listeners', 'routes']),
  name: z.string(),
  /** Envoy's words. */
  message: z.string(),
  /** The routes that the last good version of the table has not. Empty if there is no such version, or if they are many. */
  suspects: z.array(
    z.object({
      /** As Envoy's route is named. */
      name: z.string(),
      /** The last good version has no route of the name. */
      isNew: z.boolean(),
    }),
  ),
});

export const summarySchema = z.object({
  /** Pods that have the same. */
  groups: z.array(
    z.object({
      pods: z.array(z.string()),
      /** The pods have all of what their replica of Gatehouse published last, except what they rejected. */
      isCurrent: z.boolean(),
      /** Names of Envoy's listeners that serve. */
      listeners: z.array(z.string()),
    }),
  ),
  rejected: z.array(rejectedSchema),
});

export type Summary = z.infer<typeof summarySchema>;
export type Rejected = z.infer<typeof rejectedSchema>;
type Suspect = Rejected['suspects'][number];

/** @param suspects asked about each rejection that is in the summary */
export function summaryOf(
  states: readonly EnvoyState[],
  suspects: (rejection: Rejection) => readonly Suspect[],
): Summary {
  const groups = Map.groupBy(states, ({ isCurrent, acknowledged }) =>
    JSON.stringify([isCurrent, [...acknowledged.listeners.keys()].toSorted()]),
  );
  const rejections = states.flatMap(({ rejected }) => rejected);
  const distinct = new Map(rejections.map((each) => [`${each.kind} ${each.name}`, each]));
  return {
    groups: [...groups.values()].map((same) => ({
      pods: same.map(({ pod }) => pod).toSorted(),
      isCurrent: same.every(({ isCurrent }) => isCurrent),
      listeners: [...(same[0]?.acknowledged.listeners.keys() ?? [])].toSorted(),
    })),
    rejected: [...distinct.values()].slice(0, MAX_REJECTIONS).map((rejection) => ({
      kind: rejection.kind,
      name: rejection.name,
      message: rejection.message.slice(0, MAX_WORDS),
      suspects: [...suspects(rejection)],
    })),
  };
}

/** @param good the last good version of the rejected table */
export function suspectsOf(good: Resource | undefined, rejected: Resource): readonly Suspect[] {
  if (good === undefined) return [];
  const before = routesOf(good);
  const changed = [...routesOf(rejected)].filter(([name, route]) => {
    const earlier = before.get(name);
    return earlier === undefined || !equals(RouteSchema, earlier, route);
  });
  return changed.length > MAX_SUSPECTS ? [] : changed.map(([name]) => ({ name, isNew: !before.has(name) }));
}

const routesOf = ({ bytes }: Resource): ReadonlyMap<string, Route> =>
  new Map(
    fromBinary(RouteConfigurationSchema, bytes).virtualHosts.flatMap(({ routes }) =>
      routes.map((route) => [route.name, route]),
    ),
  );
