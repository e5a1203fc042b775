// What `tls.options` of a port's listeners say about the one listener that they are in AWS.

import type { ListenerTopology, PortTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import type { ModelContext } from './context.ts';

type Setting = 'ssl-policy' | 'alpn-policy';

/** AWS's names: of AlpnPolicy in CreateListener. */
const ALPN_POLICIES = ['None', 'HTTP1Only', 'HTTP2Only', 'HTTP2Optional', 'HTTP2Preferred'];

export const sslPolicy = (context: ModelContext, port: PortTopology, problems: Problem[]): string =>
  sharedSetting(port, 'ssl-policy', context.topology.settings.sslPolicy, problems);

/** Undefined: none is negotiated. */
export function alpnPolicy(port: PortTopology, problems: Problem[]): string | undefined {
  const unknown = port.listeners.filter(
    (listener) => !ALPN_POLICIES.includes(named(listener, 'alpn-policy') ?? 'None'),
  );
  for (const { name, tlsOptions } of unknown) {
    const value = tlsOptions[optionOf('alpn-policy')] ?? '';
    problems.push({ kind: 'alpn-policy-unknown', ...placeOf(name, 'alpn-policy'), value, allowed: ALPN_POLICIES });
  }
  const known = port.listeners.filter((listener) => !unknown.includes(listener));
  const policy = sharedSetting({ ...port, listeners: known }, 'alpn-policy', 'None', problems);
  return policy === 'None' ? undefined : policy;
}

const optionOf = (setting: Setting): string => `gatehouse.dev/${setting}`;

const named = ({ tlsOptions }: ListenerTopology, setting: Setting): string | undefined => tlsOptions[optionOf(setting)];

const placeOf = (listener: string, setting: Setting) => ({ listener, field: `tls.options[${optionOf(setting)}]` });

/**
 * A port has one policy. Whoever comes first on it decides: with the first policy that it names, else the fallback.
 * So whoever comes later changes nothing of what is served.
 */
function sharedSetting(port: PortTopology, setting: Setting, fallback: string, problems: Problem[]): string {
  const [first] = port.listeners;
  const owned = port.listeners.filter(({ precedence }) => precedence === first?.precedence);
  const decides = owned.find((listener) => named(listener, setting) !== undefined) ?? first;
  const policy = (decides && named(decides, setting)) ?? fallback;
  for (const listener of port.listeners) {
    if (decides === undefined || (named(listener, setting) ?? policy) === policy) continue;
    problems.push({
      kind: 'listener-setting-conflict',
      ...placeOf(listener.name, setting),
      setting,
      port: port.port,
      other: decides.name,
    });
  }
  return policy;
}
