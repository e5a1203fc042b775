// The pass over one GatewayClass: whether it is ours, whether its parameters are valid, and what the data plane supports. A
// finalizer keeps the class while Gateways use it.
import type { GatewayClass } from '../api/gateway-api.ts';
import { customResourceDefinitions, gatewayClasses, gateways, httpRoutes, referenceGrants } from '../api/kinds.ts';
import { supportedVersion } from '../gateway/supported-version.ts';
import { addFinalizer, removeFinalizer } from '../kube/finalizers.ts';
import type { Kind } from '../kube/kinds.ts';
import { isForbidden, isNotFound } from '../kube/kube-error.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Provider } from '../provider/provider.ts';
import { updated } from '../status/condition.ts';
import { gatewayClassConditions } from '../status/gateway-class-status.ts';
import { type ReportContext, reportGatewayClass } from '../status/report.ts';
import type { Caches } from './caches.ts';
import { kindsNotInstalled } from './obstacles.ts';

/** The finalizer's name in the Gateway API. */
const finalizer = 'gateway-exists-finalizer.gateway.networking.k8s.io';

/** CRDs are not watched, so an upgrade is noticed after this time. In milliseconds. */
const recheckMs = 600_000;

/** The same while a kind is missing, because somebody may be installing it. In milliseconds. */
const missingRecheckMs = 30_000;

export interface GatewayClassContext extends ReportContext {
  readonly caches: Caches;
  readonly provider: Pick<Provider, 'controllerName' | 'supportedFeatures' | 'checkClass'>;
}

/** @param contexts one per provider */
export async function reconcileGatewayClass(
  contexts: readonly GatewayClassContext[],
  key: ObjectKey,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  const gatewayClass = contexts[0]?.caches.gatewayClasses.get(key);
  const context = contexts.find(({ provider }) => provider.controllerName === gatewayClass?.spec.controllerName);
  if (gatewayClass === undefined || context === undefined) return undefined;
  const { client, caches } = context;
  const used = caches.gateways.byIndex('class', gatewayClass.metadata.name).length > 0;
  if (!used) await removeFinalizer(client, gatewayClasses, gatewayClass, finalizer, signal);
  if (gatewayClass.metadata.deletionTimestamp !== undefined) return undefined;
  const held = used ? await addFinalizer(client, gatewayClasses, gatewayClass, finalizer, signal) : gatewayClass;
  if (held !== undefined) await writeClassStatus(context, gatewayClass, signal);
  return { requeueAfterMs: caches.missing().length > 0 ? missingRecheckMs : recheckMs };
}

async function writeClassStatus(
  context: GatewayClassContext,
  gatewayClass: GatewayClass,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, caches, provider } = context;
  const version = supportedVersion(await bundleAnnotations(client, signal));
  const conditions = gatewayClassConditions(provider.checkClass(gatewayClass), {
    ...version,
    missing: kindsNotInstalled(caches),
  });
  const generation = gatewayClass.metadata.generation ?? 0;
  await reportGatewayClass(
    context,
    gatewayClass,
    ({ status }) => ({
      ...status,
      conditions: updated(status?.conditions, conditions, generation, clock.now()),
      supportedFeatures: provider.supportedFeatures.map((name) => ({ name })),
    }),
    signal,
  );
}

type Annotations = Readonly<Record<string, string>>;

/** The annotations of the installed CRDs that we use. Undefined for a CRD that we may not read. */
async function bundleAnnotations(
  client: ReportContext['client'],
  signal: AbortSignal,
): Promise<readonly (Annotations | undefined)[]> {
  const read = async ({ plural, group }: Kind): Promise<readonly (Annotations | undefined)[]> => {
    try {
      const name = `${plural}.${group}`;
      return [(await client.get(customResourceDefinitions, objectKey({ name }), signal)).metadata.annotations ?? {}];
    } catch (error) {
      if (isNotFound(error)) return [];
      if (isForbidden(error)) return [undefined];
      throw error;
    }
  };
  return (await Promise.all([gatewayClasses, gateways, httpRoutes, referenceGrants].map(read))).flat();
}
