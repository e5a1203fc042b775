// What Envoys rejected, as findings. The model refuses beforehand what is known, so a rejection is rare. Envoys then keep the last
// good version.
import { portKey } from '../gateway/listener-protocols.ts';
import type { RuleRef } from '../gateway/problem-place.ts';
import { type RouteId, routeId } from '../gateway/route-id.ts';
import type { RouteTopology, Topology } from '../gateway/topology.ts';
import {
  type Finding,
  type Hindrance,
  ofClients,
  ofGateway,
  ofListener,
  ofRule,
  type RuleEffect,
} from '../provider/finding.ts';
import type { Rejected } from './ads/summary.ts';
import { clientAuthoritiesOf, secretsOf } from './model/downstream-tls.ts';
import { authoritiesName, envoyListenerName, routeTableName, secretName } from './model/names.ts';
import { authoritiesOf, clusterName, passedThrough, type Upstream, upstreamsOf } from './model/upstreams.ts';

/** @param rejected by any Envoy of the Gateway, one of each resource */
export const rejectionFindings = (rejected: readonly Rejected[], topology: Topology): readonly Finding[] => {
  const byId = new Map(topology.routes.map((route) => [routeId(route.route), route]));
  return rejected.flatMap((each) => findingsOf(each, topology, byId));
};

const dropped: RuleEffect = { kind: 'dropped', reason: 'UnsupportedValue' };

type RoutesById = ReadonlyMap<RouteId, RouteTopology>;

function findingsOf(rejected: Rejected, topology: Topology, byId: RoutesById): readonly Finding[] {
  const { kind, name: refused } = rejected;
  switch (kind) {
    case 'routes': {
      const findings = rejected.suspects.flatMap(({ name, isNew }) => {
        const rule = ruleOf(name, byId);
        return rule === undefined ? [] : ofRejectedRule(rejected, rule, isNew ? dropped : { kind: 'kept' });
      });
      return findings.length > 0 ? findings : [ofPorts(rejected, topology)];
    }
    case 'listeners':
      return [ofPorts(rejected, topology)];
    case 'clusters':
    case 'endpoints':
      return rulesWith(topology, (upstream) => clusterName(upstream) === refused).map((rule) =>
        ofRejectedRule(rejected, rule, { kind: 'unreachable', reason: 'Refused' }),
      );
    case 'secrets':
      if (refused.startsWith(authoritiesName([]))) {
        return [...ofRejectedClients(rejected, topology), ...ofRejectedBackends(rejected, topology)];
      }
      return topology.ports.flatMap(({ listeners }) =>
        listeners.flatMap((listener) =>
          secretsOf(listener)
            .filter((secret) => secretName(secret, listener) === refused)
            .map((secret) =>
              ofListener(
                { kind: 'rejected', listener: listener.name, field: 'tls.certificateRefs' },
                `Envoy rejects the certificate of Secret ${secret}. It says: ${rejected.message}`,
                { kind: 'unresolved', reason: 'InvalidCertificateRef' },
              ),
            ),
        ),
      );
    default:
      return kind satisfies never;
  }
}

/** The listeners whose clients need these CA certificates. */
const ofRejectedClients = ({ name: refused, message }: Rejected, { ports }: Topology): readonly Finding[] =>
  ports
    .flatMap(({ listeners }) => listeners)
    .filter((listener) => clientAuthoritiesOf(listener).some((each) => authoritiesName(each) === refused))
    .map(({ name: listener }) =>
      ofClients(
        { kind: 'rejected', listener, field: 'tls.frontend' },
        `Envoy rejects ${authoritiesIn(refused)}. It says: ${message}`,
        { kind: 'unresolved', reason: 'InvalidCACertificateRef' },
      ),
    );

/** The rules whose backends need these CA certificates. */
const ofRejectedBackends = (rejected: Rejected, topology: Topology): readonly Finding[] =>
  rulesWith(topology, (upstream) =>
    authoritiesOf(upstream).some((each) => authoritiesName(each) === rejected.name),
  ).map((rule) => ofRejectedRule(rejected, rule, { kind: 'unreachable', reason: 'Refused' }));

const authoritiesIn = (name: string): string =>
  `the CA certificates of ConfigMap ${name.slice(authoritiesName([]).length)}`;

/** The rule of Envoy's route `shop/web/RULE/MATCH`. The rule's name may be in the place of its index. */
function ruleOf(name: string, byId: RoutesById): RuleRef | undefined {
  const [, id = '', rule = ''] = /^(.*)\/([^/]*)\/[^/]*$/.exec(name) ?? [];
  const found = [...byId.values()].find(({ route }) => routeId(route) === id);
  const index = found?.rules.find((each) => each.name === rule || String(each.rule) === rule)?.rule;
  return found === undefined || index === undefined ? undefined : { route: found.route, rule: index };
}

function ofRejectedRule({ name, kind, message }: Rejected, rule: RuleRef, effect: RuleEffect): Finding {
  const what =
    kind === 'routes'
      ? `route table ${name} with this rule, and keeps the one before`
      : kind === 'secrets'
        ? authoritiesIn(name)
        : `the cluster of backend ${name}`;
  return ofRule({ kind: 'rejected', ...rule, field: '' }, `Envoy rejects ${what}. It says: ${message}`, effect);
}

function ofPorts({ kind, name, message }: Rejected, { ports }: Topology): Finding {
  const concerned = ports.filter(
    (port) =>
      name === envoyListenerName(port) ||
      name === portKey(port) ||
      port.listeners.some((listener) => name === routeTableName(portKey(port), listener)),
  );
  const effect: Hindrance = {
    kind: 'hindrance',
    programmed: 'Invalid',
    upToDate: 'Refused',
    concerns: { ports: concerned.map(portKey) },
  };
  const what = kind === 'routes' ? 'route table' : 'listener';
  return ofGateway({ kind: 'rejected' }, `Envoy rejects ${what} ${name}. It says: ${message}`, effect);
}

function rulesWith({ ports, routes }: Topology, isConcerned: (upstream: Upstream) => boolean): readonly RuleRef[] {
  const passed = passedThrough(ports);
  return routes.flatMap((route) =>
    route.rules
      .filter((rule) => [...upstreamsOf([{ ...route, rules: [rule] }], passed).values()].some(isConcerned))
      .map(({ rule }) => ({ route: route.route, rule })),
  );
}
