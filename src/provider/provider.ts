// The contract between the passes and whoever makes Gateways real. Each method is a word of the pipeline, and none of them says
// what is behind it. A provider is what a GatewayClass's controllerName stands for.

import type { Gateway, GatewayClass, ListenerSet } from '../api/gateway-api.ts';
import type { Sources } from '../gateway/gather.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { RouteRef } from '../gateway/problem-place.ts';
import type { Steps } from '../gateway/steps.ts';
import type { Capabilities, Topology, Translation } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { WhenWanted } from '../kube/workers.ts';
import type { Provisioned } from '../status/serving.ts';
import type { Finding } from './finding.ts';
import type { ProviderWords } from './words.ts';

/** The stages that a plan has in common with a pass. `T` is the topology with what the provider adds to it. */
export interface Stages<T extends Topology = Topology, Facts = unknown, Model = unknown> {
  readonly capabilities: Capabilities;
  /** What is asked of the provider: the translation under its own parameters, without what it can't do. Pure. */
  narrow(input: GatewayInput, translation: Translation): Steps<Asked<T>>;
  /** Learns what the model must know. */
  facts(accepted: Accepted<T>): Promise<Known<Facts>>;
  /** What is desired, and what can't be. Pure. */
  model(accepted: Accepted<T>, facts: Facts): Steps<Built<Model>>;
}

export interface Provider<T extends Topology = Topology, Facts = unknown, Model = unknown>
  extends Stages<T, Facts, Model> {
  /** For people: in logs. */
  readonly name: string;
  /** Whose GatewayClasses are the provider's. */
  readonly controllerName: string;
  /** Stands on a Gateway from before the first write until nothing is left. */
  readonly finalizer: string;
  readonly words: ProviderWords;
  /** The names by which the Gateway API's conformance suite knows what the provider can do, ascending. */
  readonly supportedFeatures: readonly string[];
  readonly certificates: ProviderCertificates;
  /** What is wrong with the parameters of a class of the provider's, or what keeps the provider from working. */
  checkClass(gatewayClass: GatewayClass): readonly Finding[];
  /** Learns, once, what exists. @returns what stands in the way of changing the Gateway, and of removing it */
  ready(gateway: Gateway): Promise<readonly Finding[]>;
  /** Diff, then execute. Without a model nothing is changed, but the members of what stands. */
  apply(gateway: ObjectKey, derived: Derived<Model>, whenWanted: WhenWanted): Promise<Applied>;
  /** What serves now. @param model what is desired; absent when what exists is to stay as it is */
  standing(gateway: ObjectKey, model: Model | undefined): Standing;
  /** Removes all that exists of the Gateway. It needs no class, routes or Secrets. */
  remove(gateway: ObjectKey, whenWanted: WhenWanted): Promise<Removed>;
  /** Forgets a Gateway that went without its finalizer. What it left is for the provider's own turns. */
  forget(gateway: ObjectKey): void;
  /** Changes the members of what serves the Service, and nothing else. */
  endpoints(service: ObjectKey): Promise<Applied>;
  /** The Services whose members depend on nodes. */
  servicesOnNodes(): Iterable<ObjectKey>;
  /** Has the passes and the provider's own work on one Gateway take turns. */
  exclusive<T>(gateway: ObjectKey, pass: () => Promise<T>): Promise<T>;
  /** The provider's own slow turns, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Called when all passes have ended. */
  close(): Promise<void>;
}

/** Certificates that the provider itself holds. They are known only after `ready`. */
export interface ProviderCertificates extends Pick<Sources, 'imported' | 'certificateOwner'> {
  /** Asks who may use those that listeners name. @returns what keeps it from being known what serves already */
  learn(gateway: Gateway, listenerSets: readonly ListenerSet[]): Promise<readonly Finding[]>;
}

export interface Asked<T extends Topology = Topology> extends Omit<Translation, 'topology' | 'problems'> {
  /** Absent when the Gateway as a whole is not accepted. What exists then stays as it is. */
  readonly topology?: T;
  readonly found: readonly Finding[];
}

/** What is asked by a Gateway that is accepted as a whole. */
export interface Accepted<T extends Topology = Topology> extends Asked<T> {
  readonly topology: T;
}

export interface Known<Facts> {
  /** Absent when what exists is to stay as it is. */
  readonly facts?: Facts;
  /** Why it is not known. They may be gone without a change in the cluster. */
  readonly found: readonly Finding[];
}

export interface Built<Model> {
  /** Absent when what exists is to stay as it is. */
  readonly model?: Model;
  readonly found: readonly Finding[];
  /** Those of them that may be gone without a change in the cluster. */
  readonly retryable: readonly Finding[];
}

/** What a Gateway and all that concerns it become. */
export interface Derived<Model> extends Built<Model> {
  readonly input: GatewayInput;
  readonly asked: Asked;
  /** Whether it is known what exists. Without that nothing is changed. */
  readonly known: boolean;
}

export interface Applied {
  /** What was refused or not answered. */
  readonly found: readonly Finding[];
  /** When to look again at what comes by itself, in milliseconds; absent where nothing does. */
  readonly requeueAfterMs?: number;
  /** Whether there was no time for some of it: the next pass goes on. */
  readonly behind: boolean;
}

export interface Standing extends Provisioned {
  /** What keeps requests from backends, and remarks. */
  readonly found: readonly Finding[];
  /** Whether nobody has looked at all backends of the route yet: what was said of them before stands. */
  readonly backendsUnknown: (route: RouteRef) => boolean;
  /** Whether the provider is still at work by itself. */
  readonly isProvisioning: boolean;
}

export interface Removed extends Applied {
  /** Only when the other side itself says that nothing is left. */
  readonly gone: boolean;
  /** What it waits for. */
  readonly held: readonly Finding[];
}
