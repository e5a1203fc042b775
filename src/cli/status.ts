// gatehouse status: shows each Gateway from the cluster's statuses, and with --live what serves it.
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
import { listAll, listRoutes } from './live-cluster.ts';
import { withFleets, withLoadBalancers } from './live-gateways.ts';
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
    .option(
      '--live',
      'show what serves, too: load balancers, rules and targets in AWS, or Services and Envoys with MetalLB',
    )
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
  let client: KubeClient | undefined;
  try {
    const config = readConfig({ 'cluster-name': 'any', ...given }, process.env);
    client = await connectTo(options);
    const controllers: ControllerNames = new Map([
      [config.awsControllerName, 'aws'],
      [config.metallbControllerName, 'metallb'],
    ]);
    const found = await readStatuses(client, options, controllers, stop.signal);
    const chosen = found.gateways.filter((each) => isChosen(each, gateway, options));
    if (gateway !== undefined && chosen.length === 0)
      throw new UnreadableError(`There is no Gateway ${gateway} of Gatehouse`);
    const report = gateway === undefined ? { ...found, gateways: chosen } : { gatewayClasses: [], gateways: chosen };
    if (options.live !== true) return show(report, options.output);
    return await showLive(report, options.output, { client, region: config.awsRegion, signal: stop.signal });
  } catch (error) {
    if (!isExpected(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exit.usage;
  } finally {
    client?.close();
    stop.abort();
  }
}

/** @returns the exit status */
function show(report: StatusReport, output: Output): number {
  process.stdout.write(printed(report, output));
  return isGood(report) ? exit.ok : exit.problem;
}

interface Live {
  readonly client: KubeClient;
  readonly region: string | undefined;
  readonly signal: AbortSignal;
}

/** If something live can't be read, the rest and the cluster's statuses are still shown. */
async function showLive(report: StatusReport, output: Output, { client, region, signal }: Live): Promise<number> {
  const readers = {
    AWS: (gateways: readonly GatewayReport[]) => withLoadBalancers(gateways, region, signal),
    'The Services and Envoys': (gateways: readonly GatewayReport[]) => withFleets(gateways, client, signal),
  };
  const unread: string[] = [];
  let { gateways } = report;
  for (const [what, read] of Object.entries(readers)) {
    try {
      gateways = await read(gateways);
    } catch (error) {
      if (!isExpected(error)) throw error;
      unread.push(`${what} can't be read: ${error.message}\n`);
    }
  }
  const shown = show({ ...report, gateways }, output);
  process.stderr.write(unread.join(''));
  return unread.length > 0 ? exit.usage : shown;
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
