// The configuration of one Gateway's Envoys. Each resource is encoded once; all streams share the bytes.
import { createHash } from 'node:crypto';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

export interface Resource {
  readonly name: string;
  /** A hash of the bytes, so that all replicas of Gatehouse have the same version for the same content. */
  readonly version: string;
  /** The value of a `google.protobuf.Any`. */
  readonly bytes: Uint8Array;
  readonly typeUrl: string;
  /** Of endpoints that differ by the place of the Envoy. */
  readonly nearby?: Nearby;
}

/** Where an Envoy runs. */
export interface Location {
  readonly node: string | undefined;
  readonly zone: string | undefined;
}

interface Nearby {
  /** Changes with what `at` returns. */
  readonly version: string;
  at(location: Location): Resource;
}

type Resources = ReadonlyMap<string, Resource>;

/** All resources of a Gateway, by kind and name. A cluster waits for the endpoints that have the cluster's name. */
export interface Snapshot {
  readonly clusters: Resources;
  readonly endpoints: Resources;
  readonly secrets: Resources;
  readonly listeners: Resources;
  readonly routes: Resources;
}

export type ResourceKind = keyof Snapshot;

export const typeUrls = {
  clusters: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoints: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  secrets: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  listeners: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  routes: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
} as const satisfies Record<ResourceKind, string>;

/** In the order in which a new configuration is sent. */
export const resourceKinds = ['clusters', 'endpoints', 'secrets', 'listeners', 'routes'] as const;

/** A message as a resource. Equal messages have equal versions if their maps have equal order. */
export const resource = <D extends DescMessage>(schema: D, name: string, message: MessageInitShape<D>): Resource =>
  encodedResource(schema, name, toBinary(schema, create(schema, message)));

export function encodedResource({ typeName }: DescMessage, name: string, bytes: Uint8Array): Resource {
  return { name, version: versionOf(bytes), bytes, typeUrl: `type.googleapis.com/${typeName}` };
}

export const versionOf = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 32);
