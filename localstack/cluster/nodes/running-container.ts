// A container of a pod. It starts, probes, restarts and stops its program.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerLog } from './container-log.ts';
import type { ContainerProcess } from './container-process.ts';
import { type RunnableImage, unknownImage } from './images.ts';
import type { Container, PodSpec } from './objects.ts';
import { attempt, type ProbeTarget, probe } from './probe.ts';
import type { ContainerReport, ContainerState, Terminated } from './status.ts';
import { MissingError } from './variables.ts';

export interface ContainerOptions {
  readonly container: Container;
  readonly restartPolicy: PodSpec['restartPolicy'];
  /** The address of the pod. */
  readonly address: string;
  readonly image: RunnableImage | undefined;
  /** Throws a MissingError if an object that the container refers to is missing. */
  readonly start: (image: RunnableImage, log: ContainerLog) => Promise<ContainerProcess>;
  /** Called when the report changes. */
  readonly changed: () => void;
}

const retryMs = 1_000;
const afterHookMs = 2_000;
const backoffBaseMs = 1_000;
const backoffMaxMs = 60_000;
/** After a run of this length, the backoff starts again. */
const steadyMs = 600_000;

export class RunningContainer {
  readonly #options: ContainerOptions;
  readonly #stopping = new AbortController();
  #state: ContainerState = { kind: 'waiting', reason: 'ContainerCreating' };
  #last: Terminated | undefined;
  #restarts = 0;
  #started = false;
  #ready = false;
  #process: ContainerProcess | undefined;
  #log: ContainerLog | undefined;
  #previousLog: ContainerLog | undefined;
  /** Resolves when the container will not run again. */
  readonly over: Promise<void>;

  constructor(options: ContainerOptions) {
    this.#options = options;
    this.over = this.#run();
  }

  /** Undefined before its first run. */
  get log(): ContainerLog | undefined {
    return this.#log;
  }

  /** The log of the previous run, if there was one. */
  get previousLog(): ContainerLog | undefined {
    return this.#previousLog;
  }

  report(): ContainerReport {
    const { name, image } = this.#options.container;
    return {
      name,
      image,
      state: this.#state,
      last: this.#last,
      restarts: this.#restarts,
      started: this.#started,
      ready: this.#ready,
      willRestart: this.#state.kind === 'terminated' && this.#restartsAfter(this.#state),
    };
  }

  /** Runs its preStop hook, sends SIGTERM, and kills it after the grace period. Resolves when it has ended. */
  async stop(graceSeconds: number): Promise<void> {
    const deadline = performance.now() + graceSeconds * 1000;
    const running = this.#process;
    this.#stopping.abort();
    if (graceSeconds > 0 && running) {
      await this.#preStop(running, AbortSignal.timeout(graceSeconds * 1000));
      running.kill('SIGTERM');
      // If the hook used the whole grace period, the container still gets this time, as on a real node.
      const remainingMs = Math.max(deadline - performance.now(), afterHookMs);
      const waiting = new AbortController();
      const late = sleep(remainingMs, undefined, { signal: waiting.signal }).catch(() => {});
      await Promise.race([running.ended, late]);
      waiting.abort();
    }
    running?.kill('SIGKILL');
    await this.over;
  }

  async #run(): Promise<void> {
    const { image, container } = this.#options;
    const { signal } = this.#stopping;
    if (image === undefined) {
      this.#become({ kind: 'waiting', reason: 'ErrImagePull', message: unknownImage(container.image) });
      return;
    }
    let backoffMs = backoffBaseMs;
    while (!signal.aborted) {
      const ended = await this.#runOnce(image);
      if (ended === undefined) {
        await sleep(retryMs, undefined, { signal }).catch(() => {});
        continue;
      }
      if (!this.#restartsAfter(ended)) return;
      if (ended.finishedAt - ended.startedAt > steadyMs) backoffMs = backoffBaseMs;
      this.#last = ended;
      const message = `back-off ${backoffMs / 1000}s restarting failed container=${container.name}`;
      this.#become({ kind: 'waiting', reason: 'CrashLoopBackOff', message });
      await sleep(backoffMs, undefined, { signal }).catch(() => {});
      backoffMs = Math.min(2 * backoffMs, backoffMaxMs);
      if (signal.aborted) this.#become(ended);
      else this.#restarts += 1;
    }
  }

  /** One run from start to end; undefined if it could not be started. */
  async #runOnce(image: RunnableImage): Promise<Terminated | undefined> {
    const log = new ContainerLog();
    let running: ContainerProcess;
    try {
      running = await this.#options.start(image, log);
    } catch (error) {
      const reason = error instanceof MissingError ? 'CreateContainerConfigError' : 'RunContainerError';
      this.#become({ kind: 'waiting', reason, message: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
    this.#previousLog = this.#log;
    this.#log = log;
    this.#process = running;
    const startedAt = Date.now();
    const probing = new AbortController();
    this.#probe(running, probing.signal);
    this.#become({ kind: 'running', startedAt });
    // It was stopped during its start.
    if (this.#stopping.signal.aborted) running.kill('SIGKILL');
    const exit = await running.ended;
    probing.abort();
    this.#started = false;
    this.#ready = false;
    const reason = exit.exitCode === 0 ? 'Completed' : 'Error';
    const ended: Terminated = { kind: 'terminated', reason, ...exit, startedAt, finishedAt: Date.now() };
    this.#become(ended);
    return ended;
  }

  #probe(running: ContainerProcess, signal: AbortSignal): void {
    const { startupProbe, readinessProbe, livenessProbe } = this.#options.container;
    const target = this.#target(running);
    const begin = (): void => {
      this.#started = true;
      this.#ready = readinessProbe === undefined;
      if (readinessProbe)
        void probe(readinessProbe, target, signal, (healthy) => {
          if (this.#ready === healthy) return;
          this.#ready = healthy;
          this.#options.changed();
        });
      if (livenessProbe)
        void probe(livenessProbe, target, signal, (healthy) => {
          if (!healthy) running.kill('SIGKILL');
        });
    };
    if (startupProbe === undefined) {
      begin();
      return;
    }
    const starting = new AbortController();
    void probe(startupProbe, target, AbortSignal.any([signal, starting.signal]), (healthy) => {
      starting.abort();
      if (!healthy) running.kill('SIGKILL');
      else begin();
      this.#options.changed();
    });
  }

  async #preStop(running: ContainerProcess, deadline: AbortSignal): Promise<void> {
    const hook = this.#options.container.lifecycle?.preStop;
    if (hook === undefined) return;
    const over = new AbortController();
    void running.ended.then(() => over.abort());
    const signal = AbortSignal.any([deadline, over.signal]);
    if (hook.sleep) await sleep(hook.sleep.seconds * 1000, undefined, { signal }).catch(() => {});
    else await attempt(hook, this.#target(running), signal);
  }

  #target(running: ContainerProcess): ProbeTarget {
    const { container, address } = this.#options;
    return { container, address, exec: (command, signal) => execIn(running.pid, command, signal) };
  }

  #restartsAfter({ exitCode }: Terminated): boolean {
    const { restartPolicy = 'Always' } = this.#options;
    if (this.#stopping.signal.aborted) return false;
    return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exitCode !== 0);
  }

  #become(state: ContainerState): void {
    this.#state = state;
    this.#options.changed();
  }
}

/** Runs a command in the namespaces and below the root of a process. */
function execIn(pid: number, command: readonly string[], signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const args = ['--target', String(pid), '--mount', '--net', '--root', '--wd', '--', ...command];
  const child = spawn('nsenter', args, { stdio: 'ignore', signal });
  child.once('error', reject);
  child.once('exit', (code) => resolve(code ?? 1));
  return promise;
}
