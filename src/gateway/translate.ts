// The Gateway API's rules, from one Gateway and all that concerns it to what a data plane is to do.
import { objectKey } from '../kube/object.ts';
import { attach, parentsOf } from './attachment.ts';
import { type AttachedRoute, byHostname, portEntries } from './entries.ts';
import { areGatewayFieldsSupported } from './gateway-fields.ts';
import type { GatewayInput } from './input.ts';
import { type ResolvedListener, resolveListeners } from './listeners.ts';
import { compareStrings } from './precedence.ts';
import type { Problem, Report } from './problem.ts';
import { resolveRules } from './rules.ts';
import { resolveSettings, type SettingsDefaults } from './settings.ts';
import type {
  Attachment,
  Capabilities,
  ListenerResult,
  ListenerTopology,
  PortTopology,
  Translation,
} from './topology.ts';

/** Never throws: everything that is wrong is a problem, and touches nothing but what it names. */
export function translate(input: GatewayInput, capabilities: Capabilities, defaults: SettingsDefaults): Translation {
  const problems: Problem[] = [];
  const report: Report = (problem) => void problems.push(problem);

  const supported = areGatewayFieldsSupported(input, report);
  const settings = resolveSettings(input, capabilities, defaults, report);
  const listeners = resolveListeners(input, capabilities, report);
  const parents = parentsOf(input, listeners);
  const routes = inKeyOrder(input).map((route) => {
    const attachments = attach(route, parents, report);
    const rules = resolveRules(route, { input, capabilities, settings, report });
    return { route, rules, attachments, listeners: new Set(attachments.flatMap((each) => each.listeners)) };
  });

  return {
    ...(supported &&
      settings !== undefined && {
        topology: { gateway: objectKey(input.gateway.metadata), settings, ports: resolvePorts(listeners, routes) },
      }),
    listeners: listeners.map(listenerResult),
    attachments: routes.flatMap((route): readonly Attachment[] => route.attachments),
    problems,
  };
}

const listenerResult = (listener: ResolvedListener): ListenerResult => {
  const { name, section, listenerSet, port, supportedKinds, valid } = listener;
  return { name, ...(listenerSet !== undefined && { ofSet: { listenerSet, section } }), port, supportedKinds, valid };
};

const inKeyOrder = ({ routes }: GatewayInput): GatewayInput['routes'] =>
  routes.toSorted((a, b) => compareStrings(objectKey(a.metadata), objectKey(b.metadata)));

function resolvePorts(
  listeners: readonly ResolvedListener[],
  routes: readonly AttachedRoute[],
): readonly PortTopology[] {
  const byPort = Map.groupBy(
    listeners.filter((listener) => listener.valid),
    ({ port }) => port,
  );
  const ports = [...byPort].toSorted(([a], [b]) => a - b);
  return ports.map(([port, unordered]) => {
    const onPort = unordered.toSorted(byHostname);
    return {
      port,
      // Listeners of different protocols on one port conflict, so all of these have the same.
      protocol: onPort[0]?.protocol === 'HTTPS' ? 'HTTPS' : 'HTTP',
      listeners: onPort.toSorted((a, b) => a.precedence - b.precedence).map(listenerTopology),
      entries: portEntries(onPort, routes),
    };
  });
}

const listenerTopology = ({
  name,
  precedence,
  hostname,
  certificates,
  tlsOptions,
}: ResolvedListener): ListenerTopology => ({
  name,
  ...(precedence > 0 && { precedence }),
  ...(hostname !== undefined && { hostname }),
  certificates,
  tlsOptions,
});
