// What every replica does for this provider: it makes the configuration of each Gateway's Envoys, and serves it to them.
import { hostname } from 'node:os';
import type { Pod } from '../api/workloads.ts';
import type { Summary } from '../envoy/ads/summary.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { ProviderContext } from '../provider/context.ts';
import { Derivations } from '../provider/derivations.ts';
import type { Feed, FeedContext } from '../provider/feed.ts';
import type { Accepted, Known, Provider } from '../provider/provider.ts';
import { Ads } from './ads.ts';
import { type MetallbCaches, openMetallbCaches } from './caches.ts';
import { familiesOf, keyPairsOf, portsOf } from './facts.ts';
import { elsewhere, runReports } from './followers.ts';
import { LastPairs } from './last-pairs.ts';
import { ownerOf, servicesOf } from './owned.ts';
import { drainsAt, placementOf } from './placement.ts';
import { openMetallb } from './provider.ts';
import { Published } from './published.ts';
import type { MetallbReplica } from './replica.ts';
import { reportedBy } from './report.ts';
import { areSameFacts, type MetallbFacts, type MetallbModel, metallbStages } from './stages.ts';
import type { MetallbTopology } from './translation.ts';
import { onAuthorities } from './triggers.ts';

export class MetallbFeed implements Feed<MetallbTopology, MetallbFacts, MetallbModel>, MetallbReplica {
  readonly capabilities = metallbStages.capabilities;
  readonly derivations = new Derivations<MetallbTopology, MetallbFacts, MetallbModel>(areSameFacts);
  readonly narrow = metallbStages.narrow;
  readonly model = metallbStages.model;
  /** A certificate has the name of its Secret. There are no others. */
  readonly certificates = {
    imported: (secret: ObjectKey) => (this.#lastPairs.get(secret) === undefined ? undefined : secret),
    certificateOwner: () => ({ kind: 'absent' as const }),
    configMap: (key: ObjectKey) => this.caches.caCertificates.get(key),
  };
  readonly caches: MetallbCaches;
  readonly ads: Ads;
  readonly #context: FeedContext;
  readonly #published: Published;
  readonly #lastPairs = new LastPairs();
  /** Aborts when this replica no longer leads. Undefined before it has led. */
  #term: AbortSignal | undefined;
  readonly #watchers = new Set<(gateway?: ObjectKey) => void>();

  constructor(context: FeedContext) {
    const { config, sources } = context;
    this.#context = context;
    this.caches = openMetallbCaches({ ...context, watchNamespace: config.watchNamespace });
    this.#published = new Published((service) => sources.endpointSlicesOf(service));
    this.ads = new Ads({
      context,
      placeOf: (identity) =>
        placementOf(identity, {
          pod: (key) => this.caches.pods.get(key),
          deployment: (key) => this.caches.deployments.get(key),
          gateway: (key) => sources.gateway(key),
          node: (name) => sources.node(name),
          now: () => context.clock.now(),
        }),
      onChange: (gateway) => this.#tell(gateway),
      onTrust: () => this.#tell(),
    });
  }

  get settled(): Promise<unknown> {
    return this.caches.settled;
  }

  async facts({ topology }: Accepted<MetallbTopology>): Promise<Known<MetallbFacts>> {
    const { sources } = this.#context;
    const before = this.#published.model(topology.gateway);
    const gateway = sources.gateway(topology.gateway);
    const keyPairs = keyPairsOf(
      topology,
      (key) => sources.secret(key),
      (key) => this.#lastPairs.get(key),
    );
    this.#lastPairs.use(topology.gateway, keyPairs);
    const facts = {
      families: familiesOf(sources.nodes()),
      standingPorts: portsOf(gateway === undefined ? [] : servicesOf(this.caches.services, gateway)),
      keyPairs,
      ...(before && { before }),
    };
    return { facts, found: [] };
  }

  async run(signal: AbortSignal): Promise<void> {
    const reflecting = this.caches.run(signal);
    await this.caches.settled;
    const { gatewayDue } = this.#context;
    const stops = [
      this.caches.pods.onChange((_, pod) => this.#podChanged(pod, signal)),
      this.caches.deployments.onChange(() => this.ads.podsChanged()),
      this.caches.authorities.onChange(() => this.ads.secretChanged()),
      onAuthorities(this.caches, this.#context),
      // What the Services have says where Envoy listens.
      this.caches.services.onChange((old, current) => {
        if (String([...portsOf(old ? [old] : [])]) === String([...portsOf(current ? [current] : [])])) return;
        const service = current ?? old;
        const gateway = service && ownerOf(service);
        if (gateway !== undefined) gatewayDue(gateway);
      }),
    ];
    await Promise.all([reflecting, this.ads.run(signal), this.#report(signal)]);
    for (const stop of stops) stop();
  }

  publish(gateway: ObjectKey, { envoy }: MetallbModel): void {
    this.ads.publish(
      gateway,
      this.#published.publish(gateway, envoy, () => this.ads.clusters(gateway)),
    );
  }

  withdraw(gateway: ObjectKey): void {
    this.derivations.forget(gateway);
    this.#published.withdraw(gateway);
    this.#lastPairs.use(gateway, new Map());
    this.ads.withdraw(gateway);
  }

  endpoints(service: ObjectKey): void {
    for (const [gateway, endpoints] of this.#published.refresh(service)) this.ads.publishEndpoints(gateway, endpoints);
  }

  summaries(gateway: ObjectKey): readonly Summary[] {
    const here = this.ads.summary(gateway);
    const reported = reportedBy(this.caches.reports, gateway, this.#context.clock.now());
    return [here, ...elsewhere(reported, here)];
  }

  open(context: ProviderContext, signal: AbortSignal): Promise<Provider> {
    this.#term = signal;
    return openMetallb(this, context, signal);
  }

  watch(watcher: (gateway?: ObjectKey) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #report(signal: AbortSignal): Promise<void> {
    const options = {
      context: this.#context,
      // In a pod, the name of the host is that of the pod.
      name: `gatehouse-envoys-${hostname().toLowerCase()}`,
      isLeading: () => this.#term?.aborted === false,
      summaries: () => this.ads.summaries(),
      reports: this.caches.reports,
    };
    return runReports(options, signal);
  }

  #podChanged(pod: Pod | undefined, signal: AbortSignal): void {
    const { clock } = this.#context;
    this.ads.podsChanged();
    if (pod?.metadata.deletionTimestamp === undefined) return;
    const untilDrainMs = Math.max(0, drainsAt(pod) - clock.now());
    void clock.sleep(untilDrainMs, signal).then(
      () => this.ads.podsChanged(),
      () => undefined,
    );
  }

  #tell(gateway?: ObjectKey): void {
    for (const watcher of this.#watchers) watcher(gateway);
  }
}
