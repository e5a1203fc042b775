// MetalLB and Envoy as a provider: each method of the contract, and the function that does the work. The leader has it.
import type { GatewayClass } from '../api/gateway-api.ts';
import { fleetObjects } from '../envoy/fleet/objects.ts';
import { classParametersKey } from '../gateway/references.ts';
import { applyObjects, planObjects } from '../kube/apply-set.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';
import type { ProviderContext } from '../provider/context.ts';
import { ProviderError } from '../provider/error.ts';
import type { Finding } from '../provider/finding.ts';
import type { Applied, Derived, Provider, Standing } from '../provider/provider.ts';
import { apiFinding } from '../status/api-findings.ts';
import { addressPlan } from './addresses.ts';
import { adsClient } from './ads-client.ts';
import { announced } from './announced.ts';
import { cachedWorld, type WorldSources } from './cached-world.ts';
import { fleetKinds } from './caches.ts';
import { fleetOptions, serviceOptions } from './desired.ts';
import { fleetTurn, keepReplicas } from './fleet-turn.ts';
import { metallbKnown } from './known.ts';
import { KubernetesVersion } from './kubernetes-version.ts';
import { fleetKey, objectNameOf } from './names.ts';
import { findingsOf } from './outcomes.ts';
import { isEnvoyOf, isOwnedBy, servicesOf } from './owned.ts';
import { pending } from './pending.ts';
import { metallbWords } from './provider-words.ts';
import { removeFleet } from './remove.ts';
import type { MetallbReplica } from './replica.ts';
import { checkProxyClass } from './settings.ts';
import type { MetallbFacts, MetallbModel } from './stages.ts';
import { standingOf } from './standing.ts';
import type { MetallbTopology } from './translation.ts';
import { runTriggers } from './triggers.ts';
import { untilSeen } from './until-seen.ts';

type MetallbProvider = Provider<MetallbTopology, MetallbFacts, MetallbModel>;

export async function openMetallb(
  replica: MetallbReplica,
  context: ProviderContext,
  signal: AbortSignal,
): Promise<MetallbProvider> {
  const { config, logger, namespace } = context;
  const { caches, ads } = replica;
  const client = whileLeading(context);
  const rollout = { isTaken: false };
  const kubernetes = new KubernetesVersion(client, logger);
  await kubernetes.read(signal);
  logger.info({ ads: adsClient(namespace, config).address }, 'leads: Gateways are reconciled');
  return {
    ...metallbKnown(config),
    facts: (accepted) => replica.facts(accepted),
    model: replica.model,
    ...(replica.derivations && { derivations: replica.derivations }),
    certificates: { ...replica.certificates, learn: async () => [] },
    checkClass: (gatewayClass) => [
      ...kubernetes.findings,
      ...unlisted(caches.unlisted()),
      ...classFindings(gatewayClass, context),
    ],
    ready: async () => {
      // The cluster may have been upgraded since.
      if (kubernetes.findings.length > 0) await kubernetes.read(signal);
      return [...kubernetes.findings, ...unlisted(caches.unlisted())];
    },
    apply: (gateway, derived) => apply({ replica, context, client, rollout, signal }, gateway, derived),
    standing: (gateway, model) => standing(replica, context, gateway, model),
    remove: (gateway) => removeFleet(client, gateway, signal),
    // Kubernetes deletes what a Gateway owns.
    forget: () => undefined,
    // Every replica publishes endpoints.
    endpoints: async () => ({ found: [], behind: false }),
    servicesOnNodes: () => [],
    exclusive: (_, pass) => pass(),
    run: async (until) => {
      await Promise.all([ads.maintain(until), runTriggers(replica, context, until)]);
    },
    close: async () => undefined,
  };
}

/** When a fleet that waits asks again whether it is its turn. In milliseconds. */
const turnAgainMs = 5_000;

interface Applying {
  readonly replica: MetallbReplica;
  readonly context: ProviderContext;
  readonly client: KubeClient;
  /** Whether a fleet gets a new release that the caches do not have yet. */
  readonly rollout: { isTaken: boolean };
  readonly signal: AbortSignal;
}

async function apply(
  { replica, context, client, rollout, signal }: Applying,
  key: ObjectKey,
  { input: { gateway }, model }: Derived<MetallbModel>,
): Promise<Applied> {
  if (model === undefined) return { found: [], behind: false };
  const { ads, caches } = replica;
  if (ads.client === undefined) return { found: [noAuthority], behind: false };
  const fleet = fleetKey(key);
  const { services, againInMs } = addressPlan(
    serviceOptions(gateway, model, servicesOf(caches.services, gateway)),
    cachedWorld(gateway, worldSources(replica, context)),
  );
  const proxies = fleetObjects(fleetOptions(gateway, model, ads.client));
  const existing = caches.fleets.flatMap((store): readonly KubeObject[] => store.byIndex('fleet', fleet));
  const isOurs = (object: KubeObject): boolean => isOwnedBy(object, gateway);
  const all = { desired: [...proxies, ...services], existing: existing.filter(isOurs) };
  const { isNext, waits, ...objects } = fleetTurn(all, caches.deployments.list(), rollout.isTaken);
  rollout.isTaken ||= isNext;
  try {
    await keepReplicas(client, objects, signal);
    const plan = planObjects(objects);
    const outcomes = await applyObjects(client, plan, { kinds: fleetKinds, isOurs, signal });
    await untilSeen(caches, outcomes, signal);
    return {
      found: [...findingsOf(outcomes), ...(waits === undefined ? [] : [waits])],
      behind: plan.ending.length > 0,
      ...soonest(againInMs, waits && turnAgainMs),
    };
  } finally {
    if (isNext) rollout.isTaken = false;
  }
}

const soonest = (...times: readonly (number | undefined)[]): Pick<Applied, 'requeueAfterMs'> => {
  const known = times.filter((ms) => ms !== undefined);
  return known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) };
};

function standing(
  replica: MetallbReplica,
  context: ProviderContext,
  key: ObjectKey,
  model: MetallbModel | undefined,
): Standing {
  const { caches } = replica;
  const fleet = fleetKey(key);
  const gateway = context.sources.gateway(key);
  const services = gateway === undefined ? [] : servicesOf(caches.services, gateway);
  const seen = {
    gateway,
    model,
    services,
    pods: caches.pods.byIndex('fleet', fleet).filter((pod) => isEnvoyOf(pod, objectNameOf(key))),
    summaries: replica.summaries(key),
  };
  if (gateway === undefined || model === undefined) return standingOf({ ...seen, plan: undefined, conditions: [] });
  const world = cachedWorld(gateway, worldSources(replica, context));
  const plan = addressPlan(serviceOptions(gateway, model, services), world);
  const verdict = announced(plan.announced, world, gateway.status?.conditions);
  return standingOf({ ...seen, plan, conditions: verdict === undefined ? [] : [verdict] });
}

const worldSources = ({ caches }: MetallbReplica, { config, sources, clock }: ProviderContext): WorldSources => ({
  caches,
  servicesAt: (address) => sources.servicesAt(address),
  namespace: (name) => sources.namespace(name),
  now: clock.now(),
  handoverMs: config.handoverPeriod,
});

const noAuthority = pending('authority-missing', 'the certificate of the configuration service does not exist yet.');

function classFindings(gatewayClass: GatewayClass, { sources }: ProviderContext): readonly Finding[] {
  const key = classParametersKey(gatewayClass, 'ProxyConfiguration');
  const found = key && sources.proxyConfiguration(key);
  const problems = checkProxyClass(gatewayClass, new Map(found && [[key, found]]));
  return problems.map((problem) => apiFinding(problem, metallbWords));
}

/** Without them, nothing is known about what exists. */
const unlisted = (kinds: readonly string[]): readonly Finding[] =>
  kinds.length === 0
    ? []
    : [
        pending(
          'kinds-unlisted',
          `Gatehouse could not list ${kinds.join(', ')} yet. Check that its role has all rights of deploy/proxies.`,
        ),
      ];

/** After the lease is lost no write begins. */
export function whileLeading({ client, isLeader }: Pick<ProviderContext, 'client' | 'isLeader'>): KubeClient {
  const lead = (): void => {
    if (!isLeader()) throw new ProviderError('The lease is lost');
  };
  return {
    server: client.server,
    namespace: client.namespace,
    get: (kind, key, signal) => client.get(kind, key, signal),
    list: (kind, options, signal) => client.list(kind, options, signal),
    version: (signal) => client.version(signal),
    watch: (kind, options, signal) => client.watch(kind, options, signal),
    close: () => client.close(),
    create: async (...call) => {
      lead();
      return await client.create(...call);
    },
    update: async (...call) => {
      lead();
      return await client.update(...call);
    },
    updateStatus: async (...call) => {
      lead();
      return await client.updateStatus(...call);
    },
    patch: async (...call) => {
      lead();
      return await client.patch(...call);
    },
    delete: async (...call) => {
      lead();
      await client.delete(...call);
    },
  };
}
