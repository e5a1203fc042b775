// What each Gateway's Envoys should have, and their open streams.
import type { ObjectKey } from '../../kube/object.ts';
import type { Stage } from '../readiness.ts';
import { nowhere } from '../seen-from.ts';
import type { Location, Snapshot } from '../snapshot.ts';
import { History, perKind } from './history.ts';
import type { Identity } from './identities.ts';
import { Stream } from './stream.ts';
import { type EnvoyState, type Summary, summaryOf, suspectsOf } from './summary.ts';

/** Where a pod belongs. */
export interface Placement {
  readonly gateway: ObjectKey;
  readonly stage: Stage;
  /** Absent if it is not known. */
  readonly location?: Location;
}

/** Undefined if no pod of ours has this identity: it must exist, with its UID, our label, owner and ServiceAccount. */
export type PlaceOf = (identity: Identity) => Placement | undefined;

interface Publication {
  snapshot: Snapshot | undefined;
  readonly history: History;
  readonly streams: Set<Stream>;
}

export class Publications {
  readonly #placeOf: PlaceOf;
  readonly #onChange: (gateway: ObjectKey) => void;
  readonly #byGateway = new Map<ObjectKey, Publication>();

  constructor(placeOf: PlaceOf, onChange: (gateway: ObjectKey) => void) {
    this.#placeOf = placeOf;
    this.#onChange = onChange;
  }

  publish(gateway: ObjectKey, snapshot: Snapshot): void {
    const publication = this.#of(gateway);
    publication.snapshot = snapshot;
    publication.history.keep(
      snapshot,
      [...publication.streams].flatMap(({ state }) => state.references()),
    );
    for (const stream of publication.streams) this.#update(gateway, stream, () => stream.publish(snapshot));
  }

  withdraw(gateway: ObjectKey, error: Error): void {
    for (const stream of this.#byGateway.get(gateway)?.streams ?? []) stream.end(error);
    this.#byGateway.delete(gateway);
  }

  snapshot(gateway: ObjectKey): Snapshot | undefined {
    return this.#byGateway.get(gateway)?.snapshot;
  }

  clusters(gateway: ObjectKey): ReadonlySet<string> {
    const publication = this.#byGateway.get(gateway);
    if (publication?.snapshot === undefined) return new Set();
    const { history, snapshot, streams } = publication;
    return new Set([
      ...history.clustersWith(snapshot).keys(),
      ...[...streams].flatMap(({ state }) => state.clusters()),
    ]);
  }

  states(gateway: ObjectKey): readonly EnvoyState[] {
    return [...(this.#byGateway.get(gateway)?.streams ?? [])].map(({ identity, state }) => ({
      pod: identity.pod,
      isCurrent: state.isCurrent,
      acknowledged: perKind((kind) => new Map(state.acknowledged(kind))),
      rejected: state.rejections(),
    }));
  }

  summary(gateway: ObjectKey): Summary {
    const publication = this.#byGateway.get(gateway);
    return summaryOf(this.states(gateway), ({ kind, name }) => {
      const rejected = publication?.snapshot?.[kind].get(name);
      if (kind !== 'routes' || rejected === undefined) return [];
      return suspectsOf(publication?.history.lastGood(kind, name), rejected);
    });
  }

  open(identity: Identity, { gateway, stage, location = nowhere }: Placement): Stream {
    const publication = this.#of(gateway);
    const { history, streams, snapshot } = publication;
    const stream = new Stream(identity, history, location);
    streams.add(stream);
    stream.enter(stage);
    if (snapshot !== undefined) stream.publish({ ...snapshot, clusters: history.clustersWith(snapshot) });
    this.#onChange(gateway);
    return stream;
  }

  close(gateway: ObjectKey, stream: Stream): void {
    const publication = this.#byGateway.get(gateway);
    stream.end();
    if (publication?.streams.delete(stream) !== true) return;
    if (publication.streams.size === 0 && publication.snapshot === undefined) this.#byGateway.delete(gateway);
    this.#onChange(gateway);
  }

  /** Ends the streams of pods that are gone or belong elsewhere, and tells those that are about to end. */
  podsChanged(error: Error): void {
    for (const [gateway, { streams }] of this.#byGateway) {
      for (const stream of streams) {
        const placement = this.#placeOf(stream.identity);
        if (placement?.gateway !== gateway) stream.end(error);
        else this.#update(gateway, stream, () => stream.enter(placement.stage));
      }
    }
  }

  endAll(error: Error): void {
    for (const { streams } of this.#byGateway.values()) for (const stream of streams) stream.end(error);
  }

  request(gateway: ObjectKey, stream: Stream, request: Parameters<Stream['request']>[0]): void {
    this.#update(gateway, stream, () => stream.request(request));
  }

  #update(gateway: ObjectKey, stream: Stream, change: () => void): void {
    change();
    if (stream.hasNews()) this.#onChange(gateway);
  }

  #of(gateway: ObjectKey): Publication {
    const existing = this.#byGateway.get(gateway);
    if (existing !== undefined) return existing;
    const created: Publication = {
      snapshot: undefined,
      history: new History(),
      streams: new Set(),
    };
    this.#byGateway.set(gateway, created);
    return created;
  }
}
