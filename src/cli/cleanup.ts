// gatehouse cleanup: lists the resources that deleted clusters with a name have left in AWS, and with --yes deletes them.
import { Command } from 'commander';
import { namespaces } from '../api/kinds.ts';
import { createAwsClients } from '../aws/clients.ts';
import { AwsError } from '../aws/errors.ts';
import { holdersOf } from '../aws/execute/holders.ts';
import { awsFinding } from '../aws/findings.ts';
import { Limits } from '../aws/limits.ts';
import { findRegion } from '../aws/network/place.ts';
import { OwnWrites } from '../aws/own-writes.ts';
import type { Problem } from '../aws/problem.ts';
import {
  findLeftovers,
  type Leftovers,
  type LeftoversContext,
  leftoversOf,
  removeLeftovers,
} from '../aws/sweep/leftovers.ts';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { type Clock, systemClock } from '../kube/clock.ts';
import { connect } from '../kube/connect.ts';
import { KubeError } from '../kube/kube-error.ts';
import { KubeConfigError } from '../kube/kubeconfig.ts';
import { objectKey } from '../kube/object.ts';
import { messageOf } from '../status/words.ts';
import { pinoLogger } from '../telemetry/pino-logger.ts';
import { deletionLine, leftoversLines, summary } from './cleanup-words.ts';
import { exit } from './exit.ts';
import { flagOption, givenFlags } from './flag-options.ts';

/** AWS needs minutes to release a deleted load balancer's security groups and target groups. In milliseconds. */
const patience = { retryMs: 5000, maxMs: 900_000 } as const;

interface CleanupOptions {
  readonly clusterUid?: string;
  readonly yes?: true;
  /** False for `--no-cluster`. */
  readonly cluster: boolean;
}

export function cleanupCommand(): Command {
  const command = new Command('cleanup')
    .description('Lists what clusters of a name have left in AWS. With --yes it deletes what one of them left.')
    .addOption(flagOption('cluster-name', 'the name under which the cluster owned things in AWS; required'))
    .addOption(flagOption('aws-region'))
    .addOption(flagOption('aws-rate-factor'))
    .option('--cluster-uid <UID>', "the UID of the dead cluster's namespace kube-system, from the list")
    .option('--yes', 'delete what that cluster left')
    .option('--no-cluster', 'do not ask the cluster of KUBECONFIG whether the UID is its own');
  return command.action(async (options: CleanupOptions) => {
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => stop.abort(new Error(`Got ${signal}`)));
    process.exitCode = await cleanup({
      options,
      given: givenFlags(command),
      env: process.env,
      clock: systemClock,
      print: (line) => console.log(line),
      complain: (line) => console.error(line),
      signal: stop.signal,
    });
    stop.abort();
  });
}

export interface CleanupInput {
  readonly options: CleanupOptions;
  /** Flags of `gatehouse run`, by name. */
  readonly given: Readonly<Record<string, string>>;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly signal: AbortSignal;
}

/** @returns the exit status */
export async function cleanup(input: CleanupInput): Promise<number> {
  const { options, given, env, complain } = input;
  try {
    if (options.yes === true && options.clusterUid === undefined) {
      complain('--yes needs --cluster-uid. Without --yes, the command lists the UIDs.');
      return exit.usage;
    }
    const config = readConfig(given, env);
    const living = options.cluster ? await livingUid(input) : undefined;
    if (options.clusterUid !== undefined && options.clusterUid === living) {
      complain(`${living} is the living cluster of KUBECONFIG: delete its Gateways instead.`);
      return exit.usage;
    }
    return await withAws(input, config, (context) => run(input, context, config.clusterName, living));
  } catch (error) {
    if (error instanceof ConfigError || error instanceof KubeConfigError) {
      complain(error.message);
      return exit.usage;
    }
    if (!(error instanceof AwsError || error instanceof KubeError)) throw error;
    complain(error.message);
    return exit.problem;
  }
}

/** The UID of the living cluster. If we don't know it, nothing is deleted. @throws KubeError, KubeConfigError */
async function livingUid({ clock, env, signal, options, complain }: CleanupInput): Promise<string | undefined> {
  try {
    const client = await connect({ userAgent: 'gatehouse', clock, random: Math.random, env });
    const { metadata } = await client.get(namespaces, objectKey({ name: 'kube-system' }), signal);
    return metadata.uid;
  } catch (error) {
    if (!(error instanceof KubeError || error instanceof KubeConfigError)) throw error;
    const remedy = 'Set KUBECONFIG, or give --no-cluster if no cluster uses the name any more.';
    complain(`No cluster says which UID is alive: ${error.message}. ${remedy}`);
    if (options.yes === true) throw error;
    return undefined;
  }
}

async function withAws(
  { clock, env, signal }: CleanupInput,
  config: Config,
  work: (context: LeftoversContext) => Promise<number>,
): Promise<number> {
  const clients = createAwsClients({
    region: await findRegion(config, [], env, signal),
    userAgent: 'gatehouse',
    mayCall: () => undefined,
    limits: new Limits(clock, config.awsRateFactor),
    writes: new OwnWrites(clock, 0),
    metrics: { call: () => undefined },
    signal,
  });
  try {
    return await work({ clients, clock, logger: await pinoLogger({ level: 'error', format: 'text' }), signal });
  } finally {
    clients.destroy();
  }
}

async function run(
  { options, print, complain }: CleanupInput,
  context: LeftoversContext,
  clusterName: string,
  living: string | undefined,
): Promise<number> {
  const all = await findLeftovers(context, clusterName);
  const chosen = all.filter(({ clusterUid }) => options.clusterUid === undefined || clusterUid === options.clusterUid);
  if (chosen.length === 0) {
    const whose = options.clusterUid === undefined ? '' : ` with UID ${options.clusterUid}`;
    print(`AWS has nothing of a cluster named "${clusterName}"${whose} here.`);
    return exit.ok;
  }
  for (const each of chosen) for (const line of leftoversLines(each, clusterName, living)) print(line);
  const { clusterUid } = options;
  if (options.yes !== true || clusterUid === undefined) {
    for (const line of summary(chosen, clusterName, living)) print(line);
    return exit.ok;
  }
  const left = await removeAll(context, { clusterName, clusterUid }, print);
  for (const line of left) complain(line);
  return left.length === 0 ? exit.ok : exit.problem;
}

/** @returns the remaining resources and the reasons, in words; nothing if all is deleted */
async function removeAll(
  context: LeftoversContext,
  cluster: { readonly clusterName: string; readonly clusterUid: string },
  print: (line: string) => void,
): Promise<readonly string[]> {
  const { clock, signal } = context;
  const until = clock.monotonic() + patience.maxMs;
  for (let waiting = false; ; ) {
    const { done, held, problems } = await removeLeftovers(context, cluster);
    for (const step of done) print(deletionLine(step));
    const left = await leftoversOf(context, cluster);
    if (left.resources.length + left.rules.length === 0) {
      print('Nothing is left.');
      return [];
    }
    const isOver = signal.aborted || clock.monotonic() >= until;
    const refused = problems.some(({ kind }) => kind !== 'cloud-unanswered');
    if (isOver || refused) return remains(left, [...problems, ...(await explained(context, held))]);
    if (!waiting) print('AWS does not release the rest yet. Trying again every 5 seconds, for up to 15 minutes.');
    waiting = true;
    await clock.sleep(patience.retryMs, signal).catch(() => undefined);
  }
}

const remains = ({ resources, rules }: Leftovers, problems: readonly Problem[]): readonly string[] => [
  `${resources.length + rules.length} left: ${[...resources.map(({ arn }) => arn), ...rules.map(({ ruleId }) => ruleId)].join(', ')}`,
  messageOf(problems.map(awsFinding)),
];

const explained = (
  { clients }: LeftoversContext,
  held: Awaited<ReturnType<typeof removeLeftovers>>['held'],
): Promise<readonly Problem[]> =>
  Promise.all(
    held.map(async (each): Promise<Problem> => {
      const holders = await holdersOf(clients, each.arn).catch(() => []);
      return { kind: 'deletion-held', ...each, holders };
    }),
  );
