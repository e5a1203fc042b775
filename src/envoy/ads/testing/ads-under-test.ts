// The service over real TLS on loopback, with an authority in memory, and a map instead of the API server's pods.
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../kube/clock.ts';
import { type ObjectKey, objectKey } from '../../../kube/object.ts';
import { MemoryClient } from '../../../kube/testing/memory-client.ts';
import { silentLogger } from '../../../kube/testing/silent-logger.ts';
import { AdsAuthority, type Trust } from '../authority.ts';
import type { Placement } from '../publications.ts';
import { AdsServer } from '../server.ts';
import { audience, reviewOf, uidOf } from './tokens.ts';

export const serverName = 'gatehouse-ads.gatehouse-system.svc';
export const web = objectKey({ namespace: 'demo', name: 'web' });

/** A new authority, and a certificate of it. */
export async function newTrust(): Promise<Trust> {
  const { signal } = new AbortController();
  const secret = objectKey({ namespace: 'gatehouse-system', name: 'gatehouse-ads' });
  const authority = new AdsAuthority({ client: new MemoryClient(), secret, serverName, clock: systemClock });
  await authority.maintain(signal);
  const trust = await authority.trust(signal);
  if (trust === undefined) throw new Error('Expected an authority');
  return trust;
}

export interface AdsUnderTest {
  readonly clock?: Clock;
  readonly proofMs?: number;
  readonly trust?: Trust;
  readonly port?: number;
  /** Of good tokens. */
  readonly signature?: string;
}

/** Starts the service, with the pods `one` and `two` of the Gateway demo/web. It ends with the test. */
export async function startAds({ clock = systemClock, proofMs = 15_000, signature, ...given }: AdsUnderTest = {}) {
  const trust = given.trust ?? (await newTrust());
  const pods = new Map<string, Placement>(['one', 'two'].map((pod) => [pod, { gateway: web, stage: 'serving' }]));
  const reviews: string[] = [];
  const changes: ObjectKey[] = [];
  const server = new AdsServer({
    audience,
    clock,
    certificate: trust.server,
    logger: silentLogger,
    proofMs,
    reviewToken: async (token) => {
      reviews.push(token);
      return reviewOf(token, signature);
    },
    placeOf: ({ pod, podUid }) => {
      const name = pod.slice('demo/'.length);
      return podUid === uidOf(name) ? pods.get(name) : undefined;
    },
    onChange: (gateway) => changes.push(gateway),
  });
  const over = new AbortController();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    over.abort();
    stopping ??= server.close();
    return stopping;
  };
  onTestFinished(stop);
  const host = '127.0.0.1';
  const { port } = await server.listen(given.port ?? 0, host);
  return {
    server,
    host,
    port,
    serverName,
    signal: over.signal,
    pods,
    reviews,
    changes,
    authorities: trust.authorities,
    stop,
  };
}
