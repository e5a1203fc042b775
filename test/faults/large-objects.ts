// The largest objects that the Gateway API allows, and many of them.
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { type Connection, isConflict } from '../../localstack/cluster/connection.ts';
import { eventually } from '../integration/support/eventually.ts';
import { backendRef, http, httpRoute, listenerSet } from '../integration/support/objects.ts';
import { gatewayApi } from '../integration/support/status.ts';
import { patienceMs } from './awaiting.ts';

interface ParentRef {
  readonly name: string;
  readonly namespace?: string;
}

const hostnames = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `h${index}.example.org`);

/** Rules with 64 matches each, as many as one may have. */
const manyMatches = (rules: number, prefix: string) =>
  Array.from({ length: rules }, (_, rule) => ({
    matches: Array.from({ length: 64 }, (__, match) => ({
      path: { type: 'Exact', value: `/${prefix}/${rule}/${match}` },
    })),
    backendRefs: [backendRef('api')],
  }));

/** A route as large as the API allows: 128 matches × 16 hostnames. */
export const largeRoute = (ns: string, name: string, parentRef: ParentRef): KubeObject =>
  httpRoute(ns, name, [parentRef], manyMatches(2, name), { hostnames: hostnames(16) });

/** Each has 64 listeners, as many as one may have. */
export const largeListenerSets = (count: number, ns: string, parentRef: ParentRef): readonly KubeObject[] =>
  Array.from({ length: count }, (_, set) =>
    listenerSet(
      ns,
      `s${set}`,
      parentRef,
      Array.from({ length: 64 }, (__, index) => http({ name: `l${index}`, hostname: `h${index}.s${set}.example.org` })),
    ),
  );

/** Creates them as fast as the API server accepts them. @returns a function that removes all of the kind */
export async function createAll(
  admin: Connection,
  ns: string,
  plural: string,
  objects: readonly KubeObject[],
): Promise<{ readonly remove: () => Promise<unknown> }> {
  const path = `${gatewayApi}/namespaces/${ns}/${plural}`;
  const left = objects[Symbol.iterator]();
  const create = async (body: KubeObject): Promise<void> => {
    await admin.request('POST', path, { body }).catch((error: unknown) => {
      // The answer came after the timeout.
      if (!isConflict(error)) throw error;
    });
  };
  const go = async (): Promise<void> => {
    for (const object of left) await eventually(() => create(object), patienceMs);
  };
  // The API server validates large objects slowly, and others need it, too.
  await Promise.all(Array.from({ length: 2 }, go));
  // The API server may answer 504 while it still deletes.
  return { remove: () => eventually(() => admin.request('DELETE', path), patienceMs) };
}
