// The statuses of Gateways as trees. Wrong parts are marked, and say why.
import { fleetBranches, isUnfinished } from './fleet-tree.ts';
import { isTroubled, loadBalancerBranch } from './load-balancer-tree.ts';
import { marked } from './marks.ts';
import {
  type ClassReport,
  type ElsewhereReport,
  type GatewayReport,
  type Health,
  healthOf,
  type ListenerReport,
  type RouteReport,
} from './status-report.ts';
import { type Branch, drawn } from './tree.ts';

export interface StatusReport {
  readonly gatewayClasses: readonly ClassReport[];
  readonly gateways: readonly GatewayReport[];
  /** Only with --namespace: that namespace's routes to Gateways elsewhere. */
  readonly elsewhere?: readonly ElsewhereReport[];
}

export function statusTree({ gatewayClasses, gateways, elsewhere = [] }: StatusReport): string {
  const classes = gatewayClasses
    .filter(({ health }) => health !== 'good')
    .map((each) => [
      marked(each.health, `GatewayClass ${each.gatewayClass}`),
      ...wrongLines(each).map((line) => `  ${line}`),
    ]);
  const routes = elsewhere.map((each) => [
    marked(each.health, `${each.route} at ${each.parent}`),
    ...wrongLines(each).map((line) => `  ${line}`),
  ]);
  const blocks = [...classes, ...gateways.map(gatewayLines), ...routes, [summary(gateways)]];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function summary(gateways: readonly GatewayReport[]): string {
  if (gateways.length === 0) return 'Gatehouse has no Gateways here.';
  const count = (health: Health) => gateways.filter((each) => totalHealth(each) === health).length;
  return [
    `${gateways.length} Gateway${gateways.length === 1 ? '' : 's'}`,
    ...(count('bad') > 0 ? [`${count('bad')} with something wrong`] : []),
    ...(count('waiting') > 0 ? [`${count('waiting')} waiting`] : []),
  ].join(', ');
}

/** The health of the Gateway, with what is live. */
export function totalHealth(report: GatewayReport): Health {
  const { loadBalancers = [], missing = [], fleet } = report;
  if (loadBalancers.some(isTroubled) || missing.length > 0) return 'bad';
  const health = healthOf(report);
  return health === 'good' && fleet !== undefined && isUnfinished(fleet) ? 'waiting' : health;
}

function gatewayLines(report: GatewayReport): readonly string[] {
  const {
    gateway,
    gatewayClass,
    addresses,
    listeners,
    listenerSets,
    routes,
    loadBalancers = [],
    missing = [],
    fleet,
  } = report;
  const at = addresses.length === 0 ? '' : ` at ${addresses.join(', ')}`;
  const branches: readonly Branch[] = [
    ...listeners.map(listenerBranch),
    ...listenerSets.map((set) => ({
      lines: [marked(set.health, `ListenerSet ${set.listenerSet}`), ...wrongLines(set)],
      branches: set.listeners.map(listenerBranch),
    })),
    ...routes.map(routeBranch),
    ...loadBalancers.map(loadBalancerBranch),
    ...missing.map((name) => ({ lines: [marked('bad', `no load balancer in AWS has the name ${name}`)] })),
    ...(fleet === undefined ? [] : fleetBranches(fleet)),
  ];
  return [
    marked(totalHealth(report), `Gateway ${gateway} (class ${gatewayClass})${at}`),
    ...wrongLines(report).map((line) => `│ ${line}`),
    ...drawn(branches),
  ];
}

function listenerBranch(report: ListenerReport): Branch {
  const { listener, protocol, port, hostname, attachedRoutes } = report;
  const routes = attachedRoutes === 1 ? '1 route' : `${attachedRoutes} routes`;
  const host = hostname === undefined ? '' : `${hostname}, `;
  return {
    lines: [
      marked(report.health, `listener "${listener}": ${protocol} :${port}, ${host}${routes}`),
      ...wrongLines(report),
    ],
  };
}

function routeBranch(report: RouteReport): Branch {
  const { route, section, hostnames } = report;
  const hosts = hostnames.length === 0 ? '' : ` for ${hostnames.join(', ')}`;
  return {
    lines: [
      marked(report.health, `${route}${section === undefined ? '' : `, section "${section}"`}${hosts}`),
      ...wrongLines(report),
    ],
  };
}

const wrongLines = ({ wrong }: Pick<GatewayReport, 'wrong'>): readonly string[] =>
  wrong.map(({ type, status, reason, message }) => `${type}=${status} (${reason}): ${message}`);
