// The configuration service of this replica: it begins when there is an authority, and renews its certificate.
import { tokenReviews } from '../api/kinds.ts';
import { AdsAuthority, type Trust } from '../envoy/ads/authority.ts';
import type { ReviewToken } from '../envoy/ads/identities.ts';
import type { PlaceOf } from '../envoy/ads/publications.ts';
import { AdsServer } from '../envoy/ads/server.ts';
import type { Summary } from '../envoy/ads/summary.ts';
import type { AdsClient } from '../envoy/fleet/options.ts';
import type { Resource, Snapshot } from '../envoy/snapshot.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { FeedContext } from '../provider/feed.ts';
import { ADS_NAME, adsClient, audience } from './ads-client.ts';

/** How often to ask whether there is an authority. In milliseconds. */
const askMs = 250;
/** When to try again what failed, such as to listen. In milliseconds. */
const retryMs = 5000;
/** How often to look whether a certificate must be renewed. In milliseconds. */
const renewMs = 3_600_000;

export interface AdsOptions {
  readonly context: FeedContext;
  readonly placeOf: PlaceOf;
  /** The Envoys of a Gateway have news. */
  readonly onChange: (gateway: ObjectKey) => void;
  /** What Envoys trust has changed. */
  readonly onTrust: () => void;
}

export class Ads {
  readonly #options: AdsOptions;
  readonly #authority: AdsAuthority;
  readonly #client: Omit<AdsClient, 'authorities'>;
  readonly #snapshots = new Map<ObjectKey, Snapshot>();
  #server: AdsServer | undefined;
  #trust: Trust | undefined;
  /** Aborts when the Secret has changed. */
  #changed = new AbortController();

  constructor(options: AdsOptions) {
    const { client, clock, config, namespace } = options.context;
    this.#options = options;
    this.#client = adsClient(namespace, config);
    const secret = objectKey({ namespace, name: ADS_NAME });
    this.#authority = new AdsAuthority({ client, secret, serverName: this.#client.serverName, clock });
  }

  /** How Envoys call it. Undefined until the leader has made an authority. */
  get client(): AdsClient | undefined {
    return this.#trust && { ...this.#client, authorities: this.#trust.authorities };
  }

  /** Makes authorities, until the signal aborts. Only the leader does. */
  async maintain(signal: AbortSignal): Promise<void> {
    await this.#repeat(signal, async () => {
      await this.#authority.maintain(signal);
      return renewMs;
    });
  }

  /** Serves until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#repeat(signal, async () => {
      const trust = await this.#authority.trust(signal);
      if (trust === undefined) return askMs;
      const isNew = trust.authorities !== this.#trust?.authorities;
      this.#trust = trust;
      if (this.#server === undefined) await this.#listen(trust);
      else this.#server.useCertificate(trust.server);
      if (isNew) this.#options.onTrust();
      return renewMs;
    });
    await this.#server?.close();
  }

  publish(gateway: ObjectKey, snapshot: Snapshot): void {
    this.#snapshots.set(gateway, snapshot);
    this.#server?.publish(gateway, snapshot);
  }

  publishEndpoints(gateway: ObjectKey, endpoints: ReadonlyMap<string, Resource>): void {
    const snapshot = this.#snapshots.get(gateway);
    if (snapshot === undefined) return;
    this.#snapshots.set(gateway, { ...snapshot, endpoints });
    this.#server?.publishEndpoints(gateway, endpoints);
  }

  withdraw(gateway: ObjectKey): void {
    this.#snapshots.delete(gateway);
    this.#server?.withdraw(gateway);
  }

  /** What the Envoys have that are connected to this replica. */
  summary(gateway: ObjectKey): Summary {
    return this.#server?.summary(gateway) ?? { groups: [], rejected: [] };
  }

  /** Of all Gateways with a connected Envoy. */
  summaries(): ReadonlyMap<ObjectKey, Summary> {
    const all = [...this.#snapshots.keys()].map((gateway) => [gateway, this.summary(gateway)] as const);
    return new Map(all.filter(([, { groups, rejected }]) => groups.length + rejected.length > 0));
  }

  /** The clusters that Envoys of the Gateway may still use, also of earlier snapshots. */
  clusters(gateway: ObjectKey): ReadonlySet<string> {
    return this.#server?.clusters(gateway) ?? new Set();
  }

  /** Somebody has changed the Secret of the authorities. */
  secretChanged(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  podsChanged(): void {
    this.#server?.podsChanged();
  }

  async #listen({ server: certificate }: Trust): Promise<void> {
    const { context, placeOf, onChange } = this.#options;
    const { clock, config, client, logger } = context;
    const reviewToken = reviewWith(client);
    const server = new AdsServer({ audience, clock, certificate, logger, reviewToken, placeOf, onChange });
    const { host, port } = hostAndPort(config.adsBindAddr);
    const { port: bound } = await server.listen(port, host);
    for (const [gateway, snapshot] of this.#snapshots) server.publish(gateway, snapshot);
    this.#server = server;
    logger.info({ port: bound }, 'Envoys get their configuration');
  }

  /** @param turn returns when to have the next one, in milliseconds. A failed one is had again soon */
  async #repeat(signal: AbortSignal, turn: () => Promise<number>): Promise<void> {
    const { clock, logger } = this.#options.context;
    while (!signal.aborted) {
      const changed = this.#changed;
      const waitMs = await turn().catch((error: unknown) => {
        if (!signal.aborted) logger.error({ err: error }, 'the configuration service waits');
        return retryMs;
      });
      await clock.sleep(waitMs, AbortSignal.any([signal, changed.signal])).catch(() => undefined);
    }
  }
}

const reviewWith =
  (client: FeedContext['client']): ReviewToken =>
  async (token, audiences) => {
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: { name: '' },
      spec: { token, audiences },
    } as const;
    return (await client.create(tokenReviews, review, AbortSignal.timeout(10_000))).status ?? {};
  };

function hostAndPort(bind: string): { readonly host?: string; readonly port: number } {
  const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(bind) ?? [];
  return { port: Number(port), ...(host !== '' && { host }) };
}
