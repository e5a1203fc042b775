// Events on objects that can't be read and have no status of ours to say so.
import type { EventRecorder } from '../kube/events.ts';
import type { KubeObject } from '../kube/object.ts';
import { unreadable } from '../status/words.ts';
import type { Caches } from './caches.ts';

/** @returns how to stop it */
export function tellFaults(
  caches: Pick<Caches, 'referenceGrants' | 'gatewayClasses'>,
  events: Pick<EventRecorder, 'record'>,
): () => void {
  const tell = (old: KubeObject | undefined, current: KubeObject | undefined, initial: boolean): void => {
    const { fault } = current ?? {};
    const known = old?.fault;
    // What was there before this term was told in another one.
    if (initial || current === undefined || fault === undefined) return;
    if (known?.field === fault.field && known.detail === fault.detail) return;
    const note = `${fault.field}: ${unreadable(fault, "What can't be read grants nothing.")}`;
    events.record(current, { type: 'Warning', reason: 'Unreadable', action: 'Read', note });
  };
  const stops = [caches.referenceGrants.onChange(tell), caches.gatewayClasses.onChange(tell)];
  return () => {
    for (const stop of stops) stop();
  };
}
