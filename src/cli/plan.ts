// gatehouse plan: what manifests become, with no cluster and no cloud.
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { z } from 'zod';
import { GATEWAY_GROUP } from '../api/gateway-api.ts';
import { GATEHOUSE_GROUP } from '../api/load-balancer-configuration.ts';
import { ConfigError, readConfig, settingsDefaults } from '../config.ts';
import { fromManifests } from '../gateway/from-manifests.ts';
import { checkManifest } from '../gateway/manifest-shape.ts';
import { isAdverse } from '../status/condition.ts';
import { exit } from './exit.ts';
import { flagOption, givenFlags } from './flag-options.ts';
import { type ManifestObject, readManifests, UnreadableError } from './manifest-files.ts';
import { planTree } from './plan-tree.ts';
import { type PlannedGateway, planGateway } from './planned.ts';
import { isOfUnknownKind, type UnknownField, unknownFields } from './unknown-fields.ts';

/** Those of `gatehouse run` that change what becomes of a Gateway. */
const planFlags = [
  'cluster-name',
  'aws-controller-name',
  'default-target-type',
  'default-load-balancer-scheme',
  'default-ssl-policy',
  'default-tags',
] as const;

const outputs = ['tree', 'json', 'yaml'] as const;
type Output = (typeof outputs)[number];

interface PlanInput {
  readonly filename: readonly string[];
  readonly output: Output;
  /** Flags of `gatehouse run`, by name. */
  readonly given: Readonly<Record<string, string>>;
  readonly assumeSecrets?: boolean;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Milliseconds since the epoch: certificates expire. */
  readonly now: number;
}

interface PlanOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export function planCommand(): Command {
  const command = new Command('plan')
    .description(
      'Says what manifests become in AWS, with no cluster and no cloud; exits with 1 where one has a problem.',
    )
    .requiredOption(
      '-f, --filename <FILE|DIR|->',
      'manifests: a file, a folder or standard input; may be given several times',
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .option('--assume-secrets', 'take the Secrets that are not among the manifests to be there, with good certificates')
    .addOption(new Option('-o, --output <format>', 'how the plan is printed').choices(outputs).default('tree'));
  for (const name of planFlags) command.addOption(flagOption(name));
  return command.action(async (options: Pick<PlanInput, 'filename' | 'output' | 'assumeSecrets'>) => {
    const given = { 'cluster-name': 'plan', ...givenFlags(command) };
    const outcome = await plan({ ...options, given, stdin: process.stdin, now: Date.now() });
    process.stdout.write(outcome.stdout);
    process.stderr.write(outcome.stderr);
    process.exitCode = outcome.exitCode;
  });
}

export async function plan({
  filename,
  output,
  given,
  assumeSecrets = false,
  stdin,
  now,
}: PlanInput): Promise<PlanOutcome> {
  try {
    const config = readConfig(given, {});
    const objects = await readManifests(filename, stdin);
    const warnings = new Set<string>();
    const read = relevant(objects, warnings);
    const unknown = [...read, ...objects.filter(isOfUnknownKind)].flatMap((object) =>
      unknownFields(object).map((each) => ({ object: nameOf(object), ...each })),
    );
    const { inputs, invalid } = fromManifests(read, {
      controllerName: config.awsControllerName,
      now,
      assumeSecrets,
    });
    const gateways = inputs.map((input) =>
      planGateway(input, {
        clusterName: config.clusterName,
        defaults: settingsDefaults(config),
      }),
    );
    if (inputs.length === 0 && invalid.length === 0) {
      const wanted = `of a GatewayClass with controllerName ${config.awsControllerName}`;
      throw new UnreadableError(`Expected a Gateway ${wanted} among the manifests, and that GatewayClass, got none`);
    }
    warnOfUnused(read.filter(isValid), gateways, warnings);
    if (!assumeSecrets && gateways.some(lacksSecrets)) warnings.add(secretsHint);
    const faulty = invalid.length > 0 || unknown.length > 0 || gateways.some(hasProblem);
    return {
      stdout: printed({ gateways, invalid, unknownFields: unknown }, output),
      stderr: [...warnings].map((warning) => `warning: ${warning}\n`).join(''),
      exitCode: faulty ? exit.problem : exit.ok,
    };
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UnreadableError)) throw error;
    return { stdout: '', stderr: `${error.message}\n`, exitCode: exit.usage };
  }
}

const isValid = (object: ManifestObject): boolean => checkManifest(object).kind === 'valid';

const secretsHint = 'Secrets that are not among the manifests: with --assume-secrets they are taken to be there';

const lacksSecrets = ({ objects }: PlannedGateway): boolean =>
  objects.some(({ problems }) => problems.some(({ kind }) => kind === 'certificate-not-found'));

const hasProblem = ({ objects }: PlannedGateway): boolean =>
  objects.some(({ problems, conditions }) => problems.length > 0 || conditions.some(isAdverse));

interface Printed {
  readonly gateways: readonly PlannedGateway[];
  readonly invalid: ReturnType<typeof fromManifests>['invalid'];
  readonly unknownFields: readonly (UnknownField & { readonly object: string })[];
}

function printed(all: Printed, output: Output): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(all, null, 2)}\n`;
    case 'yaml':
      return stringify(all, { lineWidth: 0, aliasDuplicateObjects: false });
    case 'tree': {
      const invalid = all.invalid.map(({ object, field, detail }) => `  ${object}: ${field}: ${detail}\n`);
      const unknown = all.unknownFields.map(
        ({ object, field, hint }) => `  ${object}: ${field} is unknown${hint === undefined ? '' : `: ${hint}`}\n`,
      );
      return [
        ...all.gateways.map(planTree),
        ...(invalid.length > 0 ? [`Passed over, because no API server would take it:\n${invalid.join('')}`] : []),
        ...(unknown.length > 0
          ? [`Planned without these fields, which the API does not have:\n${unknown.join('')}`]
          : []),
      ].join('\n');
    }
    default:
      return output satisfies never;
  }
}

const readKinds: ReadonlySet<string> = new Set([
  ...['GatewayClass', 'Gateway', 'ListenerSet', 'HTTPRoute', 'ReferenceGrant'].map(
    (kind) => `${GATEWAY_GROUP}/${kind}`,
  ),
  `${GATEHOUSE_GROUP}/LoadBalancerConfiguration`,
  'discovery.k8s.io/EndpointSlice',
  ...['Service', 'Secret', 'Namespace'].map((kind) => `/${kind}`),
]);

/** The objects that a plan is made of, each once. */
function relevant(objects: readonly ManifestObject[], warnings: Set<string>): readonly ManifestObject[] {
  const byName = new Map<string, ManifestObject>();
  for (const object of objects) {
    const { apiVersion, kind } = object;
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    if (isOfUnknownKind(object)) continue;
    if (!readKinds.has(`${group}/${kind}`)) {
      warnings.add(`${kind} of ${apiVersion} is ignored: it plays no part in a load balancer`);
      continue;
    }
    const name = nameOf(object);
    if (byName.has(name)) warnings.add(`${name} is given more than once: the last one counts`);
    byName.delete(name);
    byName.set(name, object);
  }
  return [...byName.values()];
}

const metadata = z.object({ name: z.string(), namespace: z.string().default('default') });

function nameOf({ kind, ...object }: ManifestObject): string {
  const { name, namespace } = metadata.catch({ name: '', namespace: '' }).parse(object['metadata']);
  return `${kind} ${namespace}/${name}`;
}

/** What was given, and is in no plan. */
function warnOfUnused(
  objects: readonly ManifestObject[],
  gateways: readonly PlannedGateway[],
  warnings: Set<string>,
): void {
  const planned = new Set(gateways.flatMap(({ objects: parts }) => parts.map(({ object }) => object)));
  for (const object of objects) {
    const name = nameOf(object);
    if (planned.has(name)) continue;
    if (object.kind === 'Gateway')
      warnings.add(`${name} is not planned: its GatewayClass is another controller's, or not among the manifests`);
    if (object.kind === 'HTTPRoute')
      warnings.add(`${name} is not planned: none of its parentRefs names a Gateway or a ListenerSet of the plan`);
    if (object.kind === 'ListenerSet')
      warnings.add(`${name} is not planned: its parentRef names no Gateway of the plan`);
  }
}
