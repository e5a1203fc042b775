// What the suite tests: Gatehouse with one provider, in everything that it needs.
import type { Cluster } from '../../localstack/cluster/cluster.ts';
import type { BuildOptions } from '../../localstack/cluster/go-build.ts';
import type { Gatehouse, GatehouseOptions } from '../../localstack/gatehouse.ts';
import type { SandboxOptions } from '../../localstack/sandbox.ts';

export interface Subject {
  readonly controllerName: string;
  readonly sandbox: Pick<SandboxOptions, 'nameserver'>;
  /** The file of the suite's report, in this folder. */
  readonly report: string;
  /** Flags of the suite. */
  readonly flags: Readonly<Record<string, string>>;
  /** Tests of claimed features that are not run, each with the reason. */
  readonly skips: Readonly<Record<string, string>>;
  /** Builds and downloads what `start` needs. */
  prepare(options: BuildOptions): Promise<void>;
  start(options: BuildOptions): Promise<Started>;
}

export interface Started {
  readonly cluster: Cluster;
  startGatehouse(options: GatehouseOptions): Promise<Gatehouse>;
  readonly suite: Place;
  /** The reference to the class's parameters. They exist. */
  readonly parametersRef?: object;
  /** What the run cost, in words; empty if nothing is counted. */
  cost(): string;
  stop(): Promise<void>;
}

/** Where the suite runs. */
export interface Place {
  readonly kubeconfig: string;
  /** Starts a program there, with its arguments. */
  readonly launcher: readonly string[];
}
