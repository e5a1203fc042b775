import type { Logger } from '../telemetry/logger.ts';
import type { KubeClient } from './client.ts';
import type { Clock, Random } from './clock.ts';
import { type EventLimits, EventShares } from './event-shares.ts';
import type { Kind } from './kinds.ts';
import { KubeError } from './kube-error.ts';
import { microTime } from './leases.ts';
import { type KubeObject, objectKey } from './object.ts';
import { WorkQueue } from './queue.ts';
import { runWorkers } from './workers.ts';

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** The reason in CamelCase, for machines. */
  readonly reason: string;
  /** The action that we did or tried, in CamelCase. */
  readonly action: string;
  /** The text for people; it is cut at 1024 bytes. */
  readonly note: string;
}

interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

/** events.k8s.io/v1; times are MicroTime. */
export interface Event extends KubeObject, EventNote {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly regarding: ObjectReference;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

export const events: Kind<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Such as `example.io/controller`. */
  readonly reportingController: string;
  /** Such as the pod's name. */
  readonly reportingInstance: string;
  readonly limits?: Partial<EventLimits>;
}

/** Equal events: only the first one is created, the others are counted. */
interface Series {
  readonly regarding: ObjectReference;
  readonly note: EventNote;
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** The count that the server has. */
  written: number;
  /** Monotonic time. */
  writtenAt: number;
  name: string | undefined;
}

/** After this time without a repetition, an equal event starts a new series. */
const seriesMs = 10 * 60_000;
/** The shortest time between two writes of a series' count. */
const seriesWriteMs = 10_000;
const maxSeries = 1000;
const maxAttempts = 3;
const maxNoteBytes = 1024;

/** Writes Events about objects. If an Event cannot be written, it is dropped: Events are not essential. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #queue: WorkQueue;
  readonly #shares: EventShares;
  /** Ordered by last repetition, the oldest first. */
  readonly #series = new Map<string, Series>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock, backoffBaseMs: 1000, groupOf: namespaceOf });
    this.#shares = new EventShares(options.clock, options.limits);
  }

  /** Never throws and never waits. Repetitions become a series. Events beyond an object's share are dropped. */
  record(regarding: KubeObject, note: EventNote): void {
    const { clock } = this.#options;
    const key = [objectKey(regarding.metadata), regarding.kind, regarding.metadata.uid, ...Object.values(note)].join(
      ' ',
    );
    const old = this.#series.get(key);
    if (old !== undefined && clock.monotonic() - old.lastAt < seriesMs) {
      this.#repeat(key, old);
      return;
    }
    const { namespace, name, uid } = regarding.metadata;
    if (!this.#shares.take(`${regarding.kind} ${namespace ?? ''}/${name}`)) {
      this.#options.logger.debug({ key, reason: note.reason }, 'too many events about one object: dropped one');
      return;
    }
    const now = clock.monotonic();
    this.#remember(key, {
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
      },
      note: { ...note, note: cutToBytes(note.note, maxNoteBytes) },
      firstAt: clock.now(),
      lastAt: now,
      count: 1,
      written: 0,
      writtenAt: 0,
      name: undefined,
    });
    this.#queue.add(key);
  }

  /** Sends the recorded events until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    await runWorkers(this.#queue, 1, (key) => this.#send(key, signal), signal, logger);
  }

  #repeat(key: string, series: Series): void {
    const now = this.#options.clock.monotonic();
    series.count += 1;
    series.lastAt = now;
    this.#remember(key, series);
    // The first repetition is written at once, later ones at intervals.
    const wait = series.count <= 2 ? 0 : series.writtenAt + seriesWriteMs - now;
    this.#queue.addAfter(key, wait);
  }

  #remember(key: string, series: Series): void {
    this.#series.delete(key);
    this.#series.set(key, series);
    if (this.#series.size <= maxSeries) return;
    for (const oldest of this.#series.keys()) {
      this.#series.delete(oldest);
      return;
    }
  }

  async #send(key: string, signal: AbortSignal): Promise<undefined> {
    const series = this.#series.get(key);
    if (series === undefined || series.written === series.count) return;
    const { logger } = this.#options;
    const { count } = series;
    try {
      if (series.name === undefined) await this.#create(series, signal);
      else await this.#update(series, series.name, signal);
      series.written = count;
      series.writtenAt = this.#options.clock.monotonic();
    } catch (error) {
      const temporary =
        error instanceof KubeError && (error.status === 0 || error.status === 429 || error.status >= 500);
      if (temporary && this.#queue.failures(key) + 1 < maxAttempts) throw error;
      logger.warn({ err: error, regarding: series.regarding, reason: series.note.reason }, 'could not write an event');
      this.#series.delete(key);
    }
  }

  async #create(series: Series, signal: AbortSignal): Promise<void> {
    const { client, random, reportingController, reportingInstance } = this.#options;
    const { regarding, note, count, firstAt } = series;
    const unique = Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0');
    const name = `${regarding.name.slice(0, 200)}.${unique}`;
    const event: Event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      // Tools look in "default" for Events about cluster-scoped objects.
      metadata: { namespace: regarding.namespace ?? 'default', name },
      eventTime: microTime(firstAt),
      reportingController,
      reportingInstance: reportingInstance.slice(0, 128),
      regarding,
      ...note,
      ...(count > 1 ? { series: this.#seriesOf(series) } : {}),
    };
    await client.create(events, event, signal);
    series.name = name;
  }

  async #update(series: Series, name: string, signal: AbortSignal): Promise<void> {
    const key = objectKey({ namespace: series.regarding.namespace ?? 'default', name });
    const body = { series: this.#seriesOf(series) };
    await this.#options.client.patch(events, key, { kind: 'merge', body }, signal);
  }

  #seriesOf({ count, lastAt }: Series) {
    const { clock } = this.#options;
    return { count, lastObservedTime: microTime(clock.now() - (clock.monotonic() - lastAt)) };
  }
}

/** A series' key begins with the object's key. */
const namespaceOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')));

/** The longest prefix of whole characters that fits. */
function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes - 3;
  // Bytes 10xxxxxx continue a character.
  while (((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${encoded.subarray(0, end).toString('utf8')}…`;
}
