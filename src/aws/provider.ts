// AWS as a provider: each method of the contract, and the function that does the work.

import type { Gateway, ListenerSet } from '../api/gateway-api.ts';
import { type Config, settingsDefaults } from '../config.ts';
import { supportedFeatures } from '../gateway/features.ts';
import { objectKey } from '../kube/object.ts';
import type { ProviderContext } from '../provider/context.ts';
import type { LedKind } from '../provider/kind.ts';
import { isHeldBy, isOfClass } from '../provider/ownership.ts';
import type { Provider } from '../provider/provider.ts';
import { certificateArns } from './certificate-arns.ts';
import { Cloud } from './cloud.ts';
import { errandOf, onErrand } from './errand.ts';
import { awsFinding } from './findings.ts';
import { checkClass } from './gateway-class.ts';
import { addressesIn, keptZones } from './handover.ts';
import { regionNearQuota } from './inventory/census.ts';
import { AWS_CAPABILITIES } from './model/capabilities.ts';
import { DEFAULT_QUOTAS } from './model/options.ts';
import { gatewayOwner } from './model/owner.ts';
import type { Model } from './model/resources.ts';
import { UNCLAIMED_FEATURES } from './model/unclaimed.ts';
import { otherRegion } from './network/place.ts';
import { applyModel, learnFacts } from './provision.ts';
import { provisioned } from './provisioned.ts';
import { unreachable } from './reach/unreachable.ts';
import { remove } from './remove.ts';
import { type AwsFacts, awsStages, narrowForAws } from './stages.ts';
import { runAudit } from './sweep/audit-turns.ts';
import { runSweep } from './sweep/sweep.ts';
import { syncEndpoints } from './targets/endpoints.ts';
import { targetsNearQuota } from './targets/network-room.ts';
import type { AwsTopology } from './translation.ts';
import { awsWords } from './words.ts';

/** The name never changes, because Gateways of older installations have it, whatever their controllerName is now. */
export const awsFinalizer = 'gatehouse.dev/aws';

export const awsProvider = (config: Config): LedKind => ({
  ...kindOf(config),
  capabilities: AWS_CAPABILITIES,
  narrow: narrowForAws(settingsDefaults(config)),
  open: openAws,
});

const kindOf = ({ awsControllerName }: Config) => ({
  name: 'aws',
  controllerName: awsControllerName,
  finalizer: awsFinalizer,
  words: awsWords,
  supportedFeatures: supportedFeatures(AWS_CAPABILITIES, UNCLAIMED_FEATURES),
});

/** @throws ConfigError if the region is not known */
export async function openAws(
  context: ProviderContext,
  signal: AbortSignal,
): Promise<Provider<AwsTopology, AwsFacts, Model>> {
  const { config, clock, logger, metrics, sources, clusterUid } = context;
  const kind = kindOf(config);
  const isOurs = (gateway: Gateway) => isHeldBy(kind, gateway) || isOfClass(kind, gateway, sources) === true;
  const ownGateways = () => sources.gateways().filter(isOurs);
  const cloud = await Cloud.open({ ...context, ownGateways }, signal);
  logger.info({ region: cloud.region, rateFactor: config.awsRateFactor }, 'leads: Gateways are reconciled');
  metrics.watchTargets(() => cloud.targetStates());
  const options = { clusterName: config.clusterName, clusterUid, quotas: DEFAULT_QUOTAS };
  return {
    ...kind,
    ...awsStages(options, settingsDefaults(config)),
    checkClass: (gatewayClass) => checkClass(gatewayClass, sources).map(awsFinding),
    certificates: {
      learn: async (gateway, sets) => {
        const problems = await cloud.certificateOwners.learn(objectKey(gateway.metadata), namedArns(gateway, sets));
        return problems.map(awsFinding);
      },
      // A load balancer trusts all backends.
      configMap: () => undefined,
      imported: (secret) => cloud.shared.imported(secret),
      certificateOwner: (arn, gateway) => cloud.certificateOwners.of(arn, gateway),
    },
    ready: async (gateway) => [...(await cloud.ready()), ...otherRegion(gateway, cloud.region)].map(awsFinding),
    facts: (accepted) => learnFacts(cloud, sources, clock.now(), accepted),
    apply: (gateway, derived, whenWanted) => applyModel(cloud, clock, gateway, derived, whenWanted),
    standing: (gateway, model) => {
      const bindings = cloud.bindings.ofGateway(gateway);
      const { resources } = cloud.inventory.observed(gatewayOwner(gateway), clock.now());
      const { problems, isUnknown } = unreachable(model, bindings, cloud.troubles);
      return {
        ...provisioned(model, resources, addressesIn(sources.gateway(gateway))),
        found: [
          ...problems,
          ...keptZones(resources, clock.now(), cloud.handover),
          ...cloud.reachability.widened(bindings),
          ...targetsNearQuota(model, bindings, cloud.membership),
          ...cloud.foreignRules.problemsOf(gateway, resources),
          ...regionNearQuota(model, cloud.inventory.census()),
        ].map(awsFinding),
        backendsUnknown: isUnknown,
        isProvisioning: cloud.progress.isProvisioning(gateway),
      };
    },
    remove: (gateway, whenWanted) => remove(cloud, clock, gateway, whenWanted),
    forget: (gateway) => cloud.release(gateway),
    endpoints: (service) => onErrand(errandOf(service), () => syncEndpoints(cloud, context, service)),
    servicesOnNodes: () => cloud.bindings.nodeServices(),
    exclusive: (gateway, pass) => onErrand(errandOf(gateway), () => cloud.exclusive(gatewayOwner(gateway), pass)),
    run: async (until) => {
      await Promise.all([
        cloud.releasePass.run(until),
        runAudit(context, cloud, until),
        runSweep(context, cloud, until),
      ]);
    },
    close: async () => {
      metrics.watchTargets(() => []);
      await cloud.close();
    },
  };
}

/** The ARNs that listeners name: first one of each owner, so that no owner uses up the limit of a pass. */
function namedArns(gateway: Gateway, listenerSets: readonly ListenerSet[]): readonly string[] {
  const ranked = [gateway, ...listenerSets].flatMap((owner) => [...certificateArns(owner).entries()]);
  return [...new Set(ranked.toSorted(([a], [b]) => a - b).map(([, arn]) => arn))];
}
