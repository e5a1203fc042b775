// gatehouse status: shows each Gateway from the cluster's statuses, and with --live from AWS.
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import * as kinds from '../api/kinds.ts';
import { readConfig } from '../config.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Kind } from '../kube/kinds.ts';
import { isForbidden } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import { addClusterOptions, type ClusterOptions, connectTo } from './cluster-options.ts';
import { exit } from './exit.ts';
import { isExpected } from './expected.ts';
import { flagOption, givenFlags } from './flag-options.ts';
import { readOnlyClients } from './live-aws.ts';
import { listAll, listRoutes } from './live-cluster.ts';
import { type LiveLoadBalancer, readLoadBalancers } from './live-load-balancer.ts';
import { UnreadableError } from './manifest-files.ts';
import { type Output, outputs } from './plan-print.ts';
import {
  type ControllerNames,
  classReports,
  type GatewayReport,
  gatewayReports,
  routesElsewhere,
} from './status-report.ts';
import { type StatusReport, statusTree, totalHealth } from './status-tree.ts';

interface StatusOptions extends ClusterOptions {
  readonly namespace?: string;
  readonly live?: true;
  readonly output: Output;
}

const notes = `
What is wrong comes first, marked ✗; what is not finished is marked …. Colour on a terminal, unless NO_COLOR is set.

Exit status: 0 nothing is wrong; 1 something is wrong, or not finished; 2 the call is off, or something can't be read.`;

export function statusCommand(): Command {
  const command = new Command('status')
    .description(
      'Shows the Gateways of a cluster with their listeners, routes and addresses, and what is wrong with them.',
    )
    .argument('[GATEWAY]', 'the only Gateway to show: NAME, or NAMESPACE/NAME (default: all)')
    .option('-n, --namespace <NAMESPACE>', 'only this namespace: its Gateways, and its routes to others (default: all)')
    .option('--live', 'show AWS, too: load balancers, rules, and the health of targets')
    .addOption(new Option('-o, --output <FORMAT>', 'the output format').choices(outputs).default('tree'))
    .addOption(flagOption('aws-controller-name'))
    .addOption(flagOption('metallb-controller-name'))
    .addOption(flagOption('aws-region', "the AWS region; else that of the Gateway's address"));
  addClusterOptions(command);
  return command.addHelpText('after', notes).action(async (gateway: string | undefined, options: StatusOptions) => {
    process.exitCode = await status(gateway, options, givenFlags(command));
  });
}

async function status(
  gateway: string | undefined,
  options: StatusOptions,
  given: Readonly<Record<string, string>>,
): Promise<number> {
  const stop = new AbortController();
  try {
    const config = readConfig({ 'cluster-name': 'any', ...given }, process.env);
    const client = await connectTo(options);
    const controllers = new Set([config.awsControllerName, config.metallbControllerName]);
    const found = await readStatuses(client, options, controllers, stop.signal);
    client.close();
    const chosen = found.gateways.filter((each) => isChosen(each, gateway, options));
    if (gateway !== undefined && chosen.length === 0)
      throw new UnreadableError(`There is no Gateway ${gateway} of Gatehouse`);
    const report = gateway === undefined ? { ...found, gateways: chosen } : { gatewayClasses: [], gateways: chosen };
    if (options.live !== true) return show(report, options.output);
    return await showLive(report, options, config.awsRegion, stop.signal);
  } catch (error) {
    if (!isExpected(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exit.usage;
  } finally {
    stop.abort();
  }
}

/** @returns the exit status */
function show(report: StatusReport, output: Output): number {
  process.stdout.write(printed(report, output));
  return isGood(report) ? exit.ok : exit.problem;
}

/** If AWS can't be read, the cluster's statuses are still shown. */
async function showLive(
  report: StatusReport,
  { output }: StatusOptions,
  region: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  try {
    return show({ ...report, gateways: await withLoadBalancers(report.gateways, region, signal) }, output);
  } catch (error) {
    if (!isExpected(error)) throw error;
    show(report, output);
    process.stderr.write(`AWS can't be read: ${error.message}\n`);
    return exit.usage;
  }
}

const isGood = ({ gatewayClasses, gateways, elsewhere = [] }: StatusReport): boolean =>
  [...gatewayClasses, ...elsewhere].every(({ health }) => health === 'good') &&
  gateways.every((each) => totalHealth(each) === 'good');

function isChosen({ gateway }: GatewayReport, wanted: string | undefined, { namespace }: StatusOptions): boolean {
  const [of, name] = gateway.split('/');
  if (namespace !== undefined && of !== namespace) return false;
  return wanted === undefined || wanted === gateway || wanted === name;
}

function printed(report: StatusReport, output: Output): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'yaml':
      return stringify(report, { lineWidth: 0, aliasDuplicateObjects: false });
    case 'tree':
      return statusTree(report);
    default:
      return output satisfies never;
  }
}

async function readStatuses(
  client: KubeClient,
  { namespace }: StatusOptions,
  controllers: ControllerNames,
  signal: AbortSignal,
): Promise<StatusReport> {
  /** A tenant may read only its own namespace. */
  const visible = async <T extends KubeObject>(kind: Kind<T>): Promise<readonly T[]> => {
    try {
      return await listAll(client, kind, signal);
    } catch (error) {
      if (namespace === undefined || !isForbidden(error)) throw error;
      return await listAll(client, kind, signal, { namespace });
    }
  };
  const [gatewayClasses, gateways, listenerSets, routes] = await Promise.all([
    listAll(client, kinds.gatewayClasses, signal).catch(undefinedIfForbidden),
    visible(kinds.gateways),
    visible(kinds.listenerSets),
    listRoutes(visible),
  ]);
  const all = { gatewayClasses, gateways, listenerSets, routes };
  const own = (gatewayClasses ?? []).filter(({ spec }) => controllers.has(spec.controllerName));
  return {
    gatewayClasses: classReports(own),
    gateways: gatewayReports(all, controllers),
    ...(namespace !== undefined && { elsewhere: routesElsewhere(all, namespace, controllers) }),
  };
}

/** Classes have no namespace, so a user with permissions in only one namespace can't read them. */
function undefinedIfForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}

/** Lists the load balancers once in each region that the addresses name. */
async function withLoadBalancers(
  gateways: readonly GatewayReport[],
  region: string | undefined,
  signal: AbortSignal,
): Promise<readonly GatewayReport[]> {
  const names = Map.groupBy(
    gateways.flatMap(({ addresses }) => addresses),
    (address) => region ?? regionOf(address),
  );
  const found = new Map<string, LiveLoadBalancer>();
  for (const [there, addresses] of names) {
    if (there === undefined) throw new UnreadableError(`--aws-region is required: ${addresses[0]} does not name it`);
    const clients = readOnlyClients(there, { awsRateFactor: 1 }, signal);
    try {
      for (const [name, each] of await readLoadBalancers(clients, new Set(addresses))) found.set(name, each);
    } finally {
      clients.destroy();
    }
  }
  return gateways.map((each) => ({
    ...each,
    loadBalancers: [...new Set(each.addresses.flatMap((address) => found.get(address) ?? []))],
    missing: each.addresses.filter((address) => !found.has(address)),
  }));
}

/** An ALB has `NAME.REGION.elb.amazonaws.com`, an NLB `NAME.elb.REGION.amazonaws.com`. */
const regionOf = (address: string): string | undefined =>
  /\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:elb\.)?amazonaws\.com/.exec(address)?.[1];
