import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Gateway } from '../api/gateway-api.ts';
import { overlaps, toHostname } from './hostnames.ts';
import { listenerOverlaps } from './listener-overlaps.ts';
import { finish } from './steps.ts';

const hostname = fc.constantFrom(undefined, '*.com', '*.a.com', 'a.com', 'b.a.com', '*.b.a.com', 'c.b.a.com', 'x.org');
const listeners = fc.array(fc.record({ port: fc.constantFrom(443, 8443), hostname }), { maxLength: 9 });

const owner: Gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: { gatewayClassName: 'aws', listeners: [] },
};
const owned = (all: readonly { readonly port: number; readonly hostname: string | undefined }[]) =>
  all.map(({ port, hostname: host }, index) => {
    const listener = { name: `l${index}`, port, protocol: 'HTTPS', ...(host !== undefined && { hostname: host }) };
    return { id: listener.name, listener, owner };
  });

test('a listener reports only the listeners of its port that overlap with it and differ from it', () => {
  fc.assert(
    fc.property(listeners, (written) => {
      const all = owned(written);
      const found = finish(listenerOverlaps(all));
      for (const each of all) {
        const own = toHostname(each.listener.hostname);
        const expected = all.filter(({ listener }) => {
          const theirs = toHostname(listener.hostname);
          return listener.port === each.listener.port && theirs !== own && overlaps(theirs, own);
        });
        expect(found.get(each)?.others.toSorted() ?? []).toEqual(expected.map(({ id }) => id));
      }
    }),
  );
});

test('a listener with very many overlaps reports the first ones, and the number of the others', () => {
  const all = owned([undefined, ...Array.from({ length: 64 }, (_, index) => `h${index}.example.com`)].map(on443));
  const [any, first] = all.map((each) => finish(listenerOverlaps(all)).get(each));
  expect(any).toEqual({ others: ['l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7', 'l8', 'l9', 'l10'], more: 54 });
  expect(first).toEqual({ others: ['l0'] });
});

const on443 = (host: string | undefined) => ({ port: 443, hostname: host });
