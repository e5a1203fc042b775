// A pod on its node, from its network to its end.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, isConflict, isNotFound } from '../connection.ts';
import type { ContainerLog } from './container-log.ts';
import { type ContainerProcess, type Mount, startContainer } from './container-process.ts';
import type { FindImage, RunnableImage } from './images.ts';
import type { NodePlace, PodAttachment, PodNetwork } from './network.ts';
import type { Container, Pod } from './objects.ts';
import { privilegesOf } from './privileges.ts';
import { RunningContainer } from './running-container.ts';
import { type ContainerReport, notMade, podStatus } from './status.ts';
import { environmentOf, expand, type PodPlace } from './variables.ts';
import { PodVolume, sourcesIn } from './volumes.ts';

export interface PodContext {
  readonly connection: Connection;
  readonly network: PodNetwork;
  readonly findImage: FindImage;
  /** Variables that every container has. */
  readonly variables: Readonly<Record<string, string>>;
  /** The folder for the files of all pods. */
  readonly folder: string;
}

/** The objects that a pod refers to are often created just after the pod. */
const firstRetryMs = 50;
const retryMs = 1_000;
/** A kubelet needs a minute or more. */
const followMs = 10_000;
const defaultGraceSeconds = 30;

const primary = ({ podAddresses: [first], hostAddress }: PodPlace): string => first ?? hostAddress;

export class RunningPod {
  #pod: Pod;
  readonly #node: NodePlace;
  readonly #context: PodContext;
  readonly #folder: string;
  readonly #startedAt = Date.now();
  readonly #gone = new AbortController();
  #attachment: PodAttachment | undefined;
  #volumes: readonly PodVolume[] | undefined;
  #following: Promise<void> | undefined;
  /** The pod's containers, after everything that they need exists. */
  #containers: readonly RunningContainer[] = [];
  /** Why the containers can't be created. */
  #obstacle: string | undefined;
  #ending: Promise<void> | undefined;
  readonly #running: Promise<void>;
  #writing: Promise<void> | undefined;
  #stale = false;

  constructor(pod: Pod, node: NodePlace, context: PodContext) {
    this.#pod = pod;
    this.#node = node;
    this.#context = context;
    this.#folder = join(context.folder, pod.metadata.uid);
    this.#running = this.#start();
  }

  /** The log of a container that has started; with `previous` the log of its previous run. */
  logOf(container: string, previous: boolean): ContainerLog | undefined {
    const index = this.#pod.spec.containers.findIndex(({ name }) => name === container);
    return previous ? this.#containers[index]?.previousLog : this.#containers[index]?.log;
  }

  /** The pod as the API server has it now. */
  update(pod: Pod): void {
    const gatesBefore = JSON.stringify(this.#pod.status?.conditions);
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.#ending ??= this.#end();
    else if (pod.spec.readinessGates && JSON.stringify(pod.status?.conditions) !== gatesBefore) this.#report();
  }

  /** Kills it, because the API server does not have it any more. Resolves when everything has ended. */
  async remove(): Promise<void> {
    this.#gone.abort();
    await this.#running;
    await this.#following;
    await Promise.all(this.#containers.map((container) => container.stop(0)));
    await this.#ending;
    await this.#attachment?.detach();
    this.#attachment = undefined;
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Tries until everything that the pod needs exists. */
  async #start(): Promise<void> {
    const { signal } = this.#gone;
    for (let waitMs = firstRetryMs; !signal.aborted && this.#ending === undefined; waitMs *= 2) {
      try {
        await this.#prepare();
        this.#following = this.#followSources();
        return;
      } catch (error) {
        const obstacle = error instanceof Error ? error.message : String(error);
        if (obstacle !== this.#obstacle) {
          this.#obstacle = obstacle;
          this.#report();
        }
        await sleep(Math.min(waitMs, retryMs), undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Until the end of the pod its volumes follow their sources. If a source is missing, the volume stays as it is. */
  async #followSources(): Promise<void> {
    const { signal } = this.#gone;
    while (!signal.aborted) {
      await sleep(followMs, undefined, { signal }).catch(() => {});
      for (const volume of this.#volumes ?? []) if (!signal.aborted) await volume.fill(this.#pod).catch(() => {});
    }
  }

  async #prepare(): Promise<void> {
    const { spec } = this.#pod;
    const { network, connection } = this.#context;
    if (spec.initContainers?.length) throw new Error('The nodes of this cluster run no init containers');
    if (!spec.hostNetwork) this.#attachment ??= await network.attach(this.#node, spec.securityContext?.sysctls);
    const place = this.#place();
    await mkdir(this.#folder, { recursive: true });
    this.#volumes ??= (spec.volumes ?? []).map(
      (volume) => new PodVolume({ folder: this.#volume(volume.name), volume, place, connection }),
    );
    for (const volume of this.#volumes) await volume.fill(this.#pod);
    if (this.#gone.signal.aborted || this.#ending) return;
    this.#containers = spec.containers.map(
      (container) =>
        new RunningContainer({
          container,
          restartPolicy: spec.restartPolicy,
          address: primary(place),
          image: this.#context.findImage(container.image),
          start: (image, log) => this.#startContainer(container, image, log),
          changed: () => this.#report(),
        }),
    );
  }

  async #startContainer(container: Container, image: RunnableImage, log: ContainerLog): Promise<ContainerProcess> {
    const { name, namespace } = this.#pod.metadata;
    const place = this.#place();
    const sources = sourcesIn(namespace, this.#context.connection);
    const own = await environmentOf(this.#pod, container, place, sources);
    const environment = { ...this.#context.variables, ...own };
    const { command = [image.entrypoint], args = [] } = container;
    const mounts = (container.volumeMounts ?? []).map(
      ({ name: volume, mountPath, subPath = '' }): Mount => ({
        source: join(this.#volume(volume), join('/', subPath)),
        target: mountPath,
      }),
    );
    return startContainer(
      {
        root: join(this.#folder, 'containers', container.name),
        namespace: this.#attachment?.namespace,
        hostname: name,
        address: primary(place),
        image,
        privileges: privilegesOf(this.#pod.spec, container, image),
        command: [...command, ...args].map((word) => expand(word, environment)),
        environment,
        mounts,
      },
      log,
    );
  }

  /** Stops the pod within its grace period, then deletes it from the API server. */
  async #end(): Promise<void> {
    const grace = this.#pod.metadata.deletionGracePeriodSeconds ?? defaultGraceSeconds;
    await this.#running;
    await Promise.all(this.#containers.map((container) => container.stop(grace)));
    this.#report();
    await this.#writing;
    const { namespace, name, uid } = this.#pod.metadata;
    await this.#untilDone(() =>
      this.#context.connection.request('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, {
        body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } },
      }),
    );
  }

  /** Schedules one write of the status, for all changes until then. */
  #report(): void {
    this.#stale = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    const { connection } = this.#context;
    await Promise.resolve();
    while (this.#stale && !this.#gone.signal.aborted) {
      this.#stale = false;
      const { namespace, name, uid } = this.#pod.metadata;
      const place =
        this.#attachment || this.#pod.spec.hostNetwork ? this.#place() : { hostAddress: this.#node.address };
      const report = { ...place, startedAt: this.#startedAt, containers: this.#containerReports() };
      const { status } = podStatus(this.#pod, report, Date.now());
      await this.#untilDone(() =>
        connection.request('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, {
          contentType: 'application/strategic-merge-patch+json',
          body: { metadata: { uid }, status },
        }),
      );
    }
  }

  #containerReports(): readonly ContainerReport[] {
    if (this.#containers.length > 0) return this.#containers.map((container) => container.report());
    return this.#pod.spec.containers.map(({ name, image }) => notMade(name, image, this.#obstacle));
  }

  /** Retries until the API server has done it, or does not have the pod. */
  async #untilDone(ask: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#gone;
    while (!signal.aborted) {
      try {
        await ask();
        return;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        await sleep(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  #place(): PodPlace {
    const hostAddress = this.#node.address;
    return { hostAddress, podAddresses: this.#attachment?.addresses ?? [hostAddress] };
  }

  #volume(name: string): string {
    return join(this.#folder, 'volumes', name);
  }
}
