// The Events of a namespace.
import { expect } from 'vitest';
import { get } from '../../../localstack/cluster/apply.ts';
import type { Rig } from './gatehouse.ts';

interface Events {
  readonly items: readonly {
    readonly type: string;
    readonly reason: string;
    readonly note: string;
    readonly regarding: { readonly kind: string };
    readonly series?: { readonly count: number };
  }[];
}

/** Each Event with its count. */
export async function eventsIn(rig: Rig, ns: string): Promise<readonly string[]> {
  const events = await get<Events>(rig.cluster.admin, `/apis/events.k8s.io/v1/namespaces/${ns}/events`);
  return (events?.items ?? []).map(({ regarding, type, reason, note, series }) => {
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    return `${regarding.kind} ${type} ${reason} ${series?.count ?? 1}: ${note}`;
  });
}
