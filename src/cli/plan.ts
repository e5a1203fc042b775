// gatehouse plan: shows what manifests or a cluster's objects become. It changes nothing.
import { Command, Option } from 'commander';
import { type Config, environmentVariable, readConfig } from '../config.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { checkManifest } from '../gateway/manifest-shape.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { isAdverse } from '../status/condition.ts';
import { addClusterOptions, type ClusterOptions, connectTo } from './cluster-options.ts';
import { controllerSettings } from './controller-settings.ts';
import { exit } from './exit.ts';
import { isExpected } from './expected.ts';
import { flagOption, givenFlags } from './flag-options.ts';
import { type LiveAws, readAws } from './live-aws.ts';
import { type LiveCluster, readCluster } from './live-cluster.ts';
import { type ManifestObject, readManifests, UnreadableError } from './manifest-files.ts';
import { concerns, inNamespace, nameOf, overlaid, relevant, warnOfUnused } from './plan-objects.ts';
import { type Planned, type PlanOutput, planOutputs, printed } from './plan-print.ts';
import { type PlannedGateway, type PlannedInputs, plannedGateways } from './planned.ts';
import { isOfUnknownKind, unknownFields } from './unknown-fields.ts';

/** The flags of `gatehouse run` that affect a plan. */
const planFlags = [
  'aws-controller-name',
  'metallb-controller-name',
  'default-target-type',
  'default-load-balancer-scheme',
  'default-ssl-policy',
  'default-tags',
  'aws-region',
  'aws-vpc-id',
] as const;

const settingsFlags = ['providers', 'cluster-name', ...planFlags] as const;

interface PlanInput extends ClusterOptions {
  readonly filename?: readonly string[];
  readonly output: PlanOutput;
  readonly namespace?: string;
  readonly assumeSecrets?: true;
  readonly fromCluster?: true;
  readonly live?: true;
  /** Flags of `gatehouse run`, by name. */
  readonly given: Readonly<Record<string, string>>;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Milliseconds since the epoch, because certificates expire. */
  readonly now: number;
}

interface PlanOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const notes = `
Without a cluster the plan assumes that nothing serves yet, and invents a network. With a cluster, manifests replace the
cluster's own objects; only the Gateways that they concern are shown, and older problems don't count. If no flag and no
variable says otherwise, the cluster's name and the defaults come from the controller's Deployment.

Exit status: 0 nothing is wrong; 1 there is a problem; 2 the arguments are wrong, or something can't be read.`;

export function planCommand(): Command {
  const command = new Command('plan')
    .description(
      'Shows what manifests, or the objects of a cluster, become in AWS, or in Envoy behind MetalLB. It changes nothing.',
    )
    .option(
      '-f, --filename <FILE|DIR|->',
      'manifests: a file, a folder or standard input; may be given several times',
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .option('--from-cluster', "read the cluster's objects; without -f, compare what they become with AWS")
    .option('--live', 'with -f and --from-cluster: compare with AWS, too')
    .option('--assume-secrets', 'assume that missing Secrets exist, with valid certificates')
    .option('-n, --namespace <NAMESPACE>', "for manifests without a namespace; else the context's, or default")
    .addOption(new Option('-o, --output <FORMAT>', 'the output format').choices(planOutputs).default('tree'))
    .addOption(
      flagOption('cluster-name', "the name under which the cluster owns things in AWS; else the controller's own"),
    );
  addClusterOptions(command);
  for (const name of planFlags) command.addOption(flagOption(name));
  return command.addHelpText('after', notes).action(async (options: Omit<PlanInput, 'given' | 'stdin' | 'now'>) => {
    const given = givenFlags(command);
    const outcome = await plan({ ...options, given, stdin: process.stdin, now: Date.now() });
    process.stdout.write(outcome.stdout);
    process.stderr.write(outcome.stderr);
    process.exitCode = outcome.exitCode;
  });
}

export async function plan(input: PlanInput): Promise<PlanOutcome> {
  const stop = new AbortController();
  try {
    return await conclude(input, await readAll(input, stop.signal));
  } catch (error) {
    if (!isExpected(error)) throw error;
    return { stdout: '', stderr: `${error.message}\n`, exitCode: exit.usage };
  } finally {
    stop.abort();
  }
}

/** The input of a plan. */
interface Read {
  readonly config: Config;
  /** The objects in the files, each once, with its namespace. */
  readonly given: readonly ManifestObject[];
  readonly manifests: readonly ManifestObject[];
  readonly cluster?: LiveCluster;
  readonly aws?: LiveAws;
  /** The cluster's objects and the manifests. If both exist, the manifest replaces the object. */
  readonly objects: readonly unknown[];
  readonly warnings: Set<string>;
}

async function readAll(input: PlanInput, signal: AbortSignal): Promise<Read> {
  const { filename = [], assumeSecrets = false, now } = input;
  checkOptions(input);
  const client = input.fromCluster === true ? await connectTo(input) : undefined;
  const settings = client === undefined ? {} : await controllerSettings(client, settingsFlags, signal);
  const config = configOf(input, settings);
  const namespace = input.namespace ?? client?.namespace ?? 'default';
  const given = (await readManifests(filename, input.stdin)).map((object) => inNamespace(object, namespace));
  const warnings = new Set<string>();
  const manifests = relevant(given, warnings);
  if (client === undefined) return { config, given, manifests, objects: manifests, warnings };
  const cluster = await readCluster(client, { secrets: !assumeSecrets }, signal);
  client.close();
  const objects = overlaid(cluster.objects, manifests, now);
  const isOnAws = config.providers.includes('aws');
  const aws = isOnAws && isCompared(input) ? await readAws(config, cluster, objects, signal) : undefined;
  return { config, given, manifests, cluster, ...(aws !== undefined && { aws }), objects, warnings };
}

async function conclude(input: PlanInput, read: Read): Promise<PlanOutcome> {
  const { filename = [], output, now } = input;
  const { config, given, manifests, cluster, aws, warnings } = read;
  const options = { config, aws, assumeSecrets: input.assumeSecrets === true, now };
  const after = await plannedGateways(read.objects, options);
  // Problems that the cluster has without the manifests do not count.
  const before = cluster && filename.length > 0 ? await plannedGateways(cluster.objects, options) : undefined;
  const own = new Set(given.map(nameOf));
  const gateways = before === undefined ? after.gateways : concerned(after, before, own);
  const invalid = before === undefined ? after.invalid : after.invalid.filter(({ object }) => own.has(object));
  const unknown = [...manifests, ...given.filter(isOfUnknownKind)].flatMap((object) =>
    unknownFields(object).map((each) => ({ object: nameOf(object), ...each })),
  );
  warnOfUnused(manifests.filter(isValid), gateways, warnings);
  if (cluster === undefined && gateways.some(lacksSecrets)) warnings.add(secretsHint);
  const stderr = [...warnings].map((warning) => `warning: ${warning}\n`).join('');
  const leftovers = aws && cluster && aws.others(gatewaysOf(cluster));
  if (gateways.length + invalid.length + unknown.length + (leftovers ?? []).length === 0) {
    const nothing = `${stderr}${nothingFor(config, cluster)}\n`;
    return { stdout: '', stderr: nothing, exitCode: filename.length > 0 ? exit.usage : exit.ok };
  }
  const all: Planned = {
    gateways,
    invalid,
    unknownFields: unknown,
    ...(leftovers !== undefined && { leftovers }),
  };
  const known = new Set(before?.gateways.flatMap(faultsOf));
  const isFaulty =
    invalid.length > 0 || unknown.length > 0 || gateways.flatMap(faultsOf).some((fault) => !known.has(fault));
  return { stdout: printed(all, output), stderr, exitCode: isFaulty ? exit.problem : exit.ok };
}

/** Whether the plan is compared with AWS. */
const isCompared = ({ fromCluster, live, filename }: PlanInput): boolean =>
  fromCluster === true && (live === true || filename === undefined);

/** @throws UnreadableError if the options don't fit together */
function checkOptions({ fromCluster, live, filename }: PlanInput): void {
  if (fromCluster === undefined && filename === undefined)
    throw new UnreadableError('-f or --from-cluster is required');
  if (live === true && fromCluster === undefined) throw new UnreadableError('--live needs --from-cluster');
}

/**
 * @param settings the settings of the cluster's controller
 * @throws ConfigError
 */
function configOf(input: PlanInput, settings: Readonly<Record<string, string>>): Config {
  const needsNoName = isCompared(input) ? {} : { [environmentVariable('cluster-name')]: 'plan' };
  return readConfig(input.given, { ...needsNoName, ...settings, ...process.env });
}

const nothingFor = ({ awsControllerName, metallbControllerName }: Config, cluster: LiveCluster | undefined): string =>
  cluster === undefined
    ? `Expected a Gateway of a GatewayClass with controllerName ${awsControllerName} or ${metallbControllerName} among the manifests, and that GatewayClass, got none. With --from-cluster the cluster's objects count, too.`
    : `The manifests concern no Gateway of a GatewayClass with controllerName ${awsControllerName} or ${metallbControllerName}.`;

/** Gateways of all classes: a Gateway that moved to another class removes its own resources. */
const gatewaysOf = ({ objects }: LiveCluster): readonly ObjectKey[] =>
  objects.flatMap(({ kind, metadata }) => (kind === 'Gateway' ? objectKey(metadata) : []));

const keyOf = ({ gateway }: GatewayInput): ObjectKey => objectKey(gateway.metadata);

/** The Gateways whose input has, or had before, one of the manifests. */
function concerned(
  after: PlannedInputs,
  before: PlannedInputs,
  manifests: ReadonlySet<string>,
): readonly PlannedGateway[] {
  const touched = new Set([...after.inputs, ...before.inputs].filter((each) => concerns(each, manifests)).map(keyOf));
  return after.gateways.filter(({ objects }, index) => {
    const input = after.inputs[index];
    if (input !== undefined && touched.has(keyOf(input))) return true;
    return objects.some(({ object }) => manifests.has(object));
  });
}

const isValid = (object: ManifestObject): boolean => checkManifest(object).kind === 'valid';

const secretsHint = 'Secrets are missing in the manifests: with --assume-secrets the plan assumes that they exist';

const lacksSecrets = ({ objects }: PlannedGateway): boolean =>
  objects.some(({ problems }) => problems.some(({ kind }) => kind === 'certificate-not-found'));

/** The problems as text, to compare two plans. If an object has no adverse condition, its problems are only remarks. */
const faultsOf = ({ objects }: PlannedGateway): readonly string[] =>
  objects
    .filter(({ conditions }) => conditions.some(isAdverse))
    .flatMap(({ object, part = '', problems, conditions }) =>
      [...problems, ...conditions.filter(isAdverse)].map((fault) => JSON.stringify([object, part, fault])),
    );
