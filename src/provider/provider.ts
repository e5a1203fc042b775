// The contract between the passes and a provider, which creates what Gateways need. Each method is a step of the pipeline. A provider
// serves the GatewayClasses of one controllerName.

import type { Gateway, GatewayClass, ListenerSet } from '../api/gateway-api.ts';
import type { Capabilities } from '../gateway/capabilities.ts';
import type { Sources } from '../gateway/gather.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { RouteRef } from '../gateway/problem-place.ts';
import type { Steps } from '../gateway/steps.ts';
import type { Topology, Translation } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { WhenWanted } from '../kube/workers.ts';
import type { Provisioned } from '../status/serving.ts';
import type { Finding } from './finding.ts';
import type { ProviderWords } from './words.ts';

export interface Derivation<T extends Topology, Facts, Model> {
  readonly input: GatewayInput;
  readonly asked: Accepted<T>;
  readonly facts: Facts;
  readonly built: Built<Model>;
}

/** What was derived last for each Gateway. */
interface KeptDerivations<T extends Topology, Facts, Model> {
  /** Undefined if the input is another now. */
  asked(input: GatewayInput): Accepted<T> | undefined;
  /** Undefined if it was made from something else. */
  built(input: GatewayInput, asked: Accepted<T>, facts: Facts): Built<Model> | undefined;
  keep(derivation: Derivation<T, Facts, Model>): void;
}

/** The stages that a plan and a pass share. `T` is the topology with the provider's additions. */
export interface Stages<T extends Topology = Topology, Facts = unknown, Model = unknown> {
  /** Absent if nothing is kept. */
  readonly derivations?: KeptDerivations<T, Facts, Model>;
  readonly capabilities: Capabilities;
  /** Adds the provider's own parameters to the translation, and removes what the provider cannot do. Pure. */
  narrow(input: GatewayInput, translation: Translation): Steps<Asked<T>>;
  /** Reads the facts that the model needs. */
  facts(accepted: Accepted<T>): Promise<Known<Facts>>;
  /** Makes the desired resources, and the problems of what cannot be made. Pure. */
  model(accepted: Accepted<T>, facts: Facts): Steps<Built<Model>>;
}

export interface Provider<T extends Topology = Topology, Facts = unknown, Model = unknown>
  extends Stages<T, Facts, Model> {
  /** The name in logs. */
  readonly name: string;
  /** GatewayClasses with this controllerName belong to the provider. */
  readonly controllerName: string;
  /** The Gateway has this finalizer from before the first write until nothing is left. */
  readonly finalizer: string;
  readonly words: ProviderWords;
  /** The supported features, by their names in the Gateway API's conformance suite, in ascending order. */
  readonly supportedFeatures: readonly string[];
  readonly certificates: ProviderCertificates;
  /** Checks the parameters of a class, and whether the provider can work at all. */
  checkClass(gatewayClass: GatewayClass): readonly Finding[];
  /** Reads once what exists. @returns obstacles to changing or removing the Gateway */
  ready(gateway: Gateway): Promise<readonly Finding[]>;
  /** Runs diff and execute. Without a model, only the members of existing resources are updated. */
  apply(gateway: ObjectKey, derived: Derived<Model>, whenWanted: WhenWanted): Promise<Applied>;
  /** What serves now. @param model the desired resources. Absent if existing resources stay as they are */
  standing(gateway: ObjectKey, model: Model | undefined): Standing;
  /** Removes everything of the Gateway. It needs no class, routes or Secrets. */
  remove(gateway: ObjectKey, whenWanted: WhenWanted): Promise<Removed>;
  /** Forgets a Gateway that was deleted without its finalizer. Later, `run` removes what it left. */
  forget(gateway: ObjectKey): void;
  /** Updates only the members of what serves the Service. */
  endpoints(service: ObjectKey): Promise<Applied>;
  /** The Services whose members depend on nodes. */
  servicesOnNodes(): Iterable<ObjectKey>;
  /** Runs a pass while nothing else works on the same Gateway. */
  exclusive<T>(gateway: ObjectKey, pass: () => Promise<T>): Promise<T>;
  /** The provider's own background work, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Called when all passes have ended. */
  close(): Promise<void>;
}

/** The provider's own certificates. They are known only after `ready`. */
export interface ProviderCertificates extends Pick<Sources, 'imported' | 'certificateOwner' | 'configMap'> {
  /** Asks who may use the certificates that listeners name. @returns why it is not known which of them serve already */
  learn(gateway: Gateway, listenerSets: readonly ListenerSet[]): Promise<readonly Finding[]>;
}

export interface Asked<T extends Topology = Topology> extends Omit<Translation, 'topology' | 'problems'> {
  /** Absent if the Gateway is not accepted. Then existing resources stay as they are. */
  readonly topology?: T;
  readonly found: readonly Finding[];
}

/** The result of narrowing for an accepted Gateway. */
export interface Accepted<T extends Topology = Topology> extends Asked<T> {
  readonly topology: T;
}

export interface Known<Facts> {
  /** Absent if existing resources stay as they are. */
  readonly facts?: Facts;
  /** Why the facts are not known. This may change without a change in the cluster. */
  readonly found: readonly Finding[];
}

export interface Built<Model> {
  /** Absent if existing resources stay as they are. */
  readonly model?: Model;
  readonly found: readonly Finding[];
  /** The findings that may pass without a change in the cluster. */
  readonly retryable: readonly Finding[];
  /** The facts may be outdated, and are to be learnt again. */
  readonly doubtsFacts?: true;
}

/** The results of all pure stages for a Gateway. */
export interface Derived<Model> extends Built<Model> {
  readonly input: GatewayInput;
  readonly asked: Asked;
  /** Whether it is known what exists. If not, nothing is changed. */
  readonly known: boolean;
}

export interface Applied {
  /** Calls that were refused or not answered. */
  readonly found: readonly Finding[];
  /** When to look again at work that the provider finishes by itself, in milliseconds. Absent if there is none. */
  readonly requeueAfterMs?: number;
  /** Whether some work is left for the next pass, because others waited. */
  readonly behind: boolean;
}

export interface Standing extends Provisioned {
  /** Problems between load balancer and backends, and remarks. */
  readonly found: readonly Finding[];
  /** Whether the backends of the route have not all been checked yet. Then their earlier condition stays. */
  readonly backendsUnknown: (route: RouteRef) => boolean;
  /** Whether the provider is still provisioning. */
  readonly isProvisioning: boolean;
  /** Whether only a change in the cluster can complete the Gateway. Then nobody looks again before. */
  readonly needsChange?: boolean;
}

export interface Removed extends Applied {
  /** True only if the provider's API itself shows that nothing is left. */
  readonly gone: boolean;
  /** What the removal waits for. */
  readonly held: readonly Finding[];
}
