// Events for objects that can't be read, and whose status is not ours to write.
import type { EventRecorder } from '../kube/events.ts';
import type { KubeObject } from '../kube/object.ts';
import { unreadable } from '../status/words.ts';
import type { Caches } from './caches.ts';

/** @returns a function that stops it */
export function reportFaults(
  caches: Pick<Caches, 'referenceGrants' | 'gatewayClasses'>,
  events: Pick<EventRecorder, 'record'>,
): () => void {
  const report = (old: KubeObject | undefined, current: KubeObject | undefined, initial: boolean): void => {
    const { fault } = current ?? {};
    const known = old?.fault;
    // An earlier term has already reported faults that the first list shows.
    if (initial || current === undefined || fault === undefined) return;
    if (known?.field === fault.field && known.detail === fault.detail) return;
    const note = `${fault.field}: ${unreadable(fault, "What can't be read grants nothing.")}`;
    events.record(current, { type: 'Warning', reason: 'Unreadable', action: 'Read', note });
  };
  const stops = [caches.referenceGrants.onChange(report), caches.gatewayClasses.onChange(report)];
  return () => {
    for (const stop of stops) stop();
  };
}
