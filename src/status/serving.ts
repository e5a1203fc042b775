// Whether clients reach listeners: the load balancer is active, the listener is there, and clients are admitted to it.
import type { GatewayAddress } from '../api/gateway-api.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { Condition } from '../kube/object.ts';
import type { ProviderWords } from '../provider/words.ts';
import type { Verdict } from './condition.ts';
import type { Findings } from './findings.ts';
import { type HindranceFinding, hindrancesOf } from './hindrances.ts';
import { quoted } from './phrases.ts';

/** What exists of a Gateway in the provider. */
export interface Provisioned {
  readonly addresses: readonly GatewayAddress[];
  /** The ports on which an active load balancer listens. */
  readonly ports: ReadonlySet<PortKey>;
  /** What serves a port, in words: a kind and a name. */
  readonly servers?: ReadonlyMap<PortKey, string>;
  /** Whether we know that all desired clients are admitted. If not, clients that were admitted before still are. */
  readonly admits: boolean;
  /** Whether another load balancer will become the Gateway's address. */
  readonly replacing?: boolean;
  /** What the load balancer itself is waiting for, in words; empty when it exists. */
  readonly waiting: string;
  /** Whether everything exists that is known to be desired, including listeners of ListenerSets. */
  readonly complete: boolean;
  /** The provider's own conditions of the Gateway. */
  readonly conditions?: readonly Verdict<string, string>[];
}

export interface Serving {
  /** @param before the listener's conditions so far. If the current state is unknown, the last known state counts */
  isServed(port: PortKey, before: readonly Condition[] | undefined): boolean;
  /** That listeners of this port are served, and by what. @param before as of `isServed` */
  servedBy(port: PortKey, before: readonly Condition[] | undefined): string;
  /** Why listeners of this port are not served, in words. */
  lackOf(port: PortKey): string;
  /** What keeps listeners of this port from being served. */
  hindrances(port: PortKey): readonly HindranceFinding[];
  /** What keeps the load balancer itself, or any of its listeners, from serving. */
  readonly ofWhole: readonly HindranceFinding[];
}

/** @param provisioned undefined if the provider could not be asked */
export function servingOf(findings: Findings, provisioned: Provisioned | undefined): Serving {
  const { words } = findings;
  // Problems of routes do not count, because a listener without routes is served, too.
  const ofWhole = hindrancesOf(findings.whole).filter(({ effect }) => effect.concerns !== 'routes');
  const ofClients = ofWhole.filter(({ effect }) => effect.concerns === 'clients');
  return {
    isServed: (port, before) => {
      if (provisioned === undefined) return isProgrammed(before);
      return provisioned.ports.has(port) && (provisioned.admits || isProgrammed(before));
    },
    servedBy: (port, before = []) => {
      const known = provisioned === undefined ? before.find(isProgrammedTrue)?.message : undefined;
      return known ?? `${provisioned?.servers?.get(port) ?? 'The load balancer'} serves it.`;
    },
    lackOf: (port) => {
      if (provisioned === undefined) return words.standingUnread;
      if (provisioned.ports.size === 0 && provisioned.waiting !== '') return provisioned.waiting;
      return provisioned.ports.has(port) ? words.shut('it') : 'The load balancer does not serve it yet.';
    },
    hindrances: (port) => {
      if (provisioned === undefined || provisioned.ports.size === 0) return ofWhole;
      // Problems that may pass are reported for the whole Gateway, once they last.
      return provisioned.ports.has(port) ? ofClients : hindrancesOf(findings.ofPort(port));
    },
    ofWhole,
  };
}

export const isProgrammed = (conditions: readonly Condition[] = []): boolean => conditions.some(isProgrammedTrue);

const isProgrammedTrue = ({ type, status }: Condition): boolean => type === 'Programmed' && status === 'True';

/** Why the load balancer does not serve these listeners, in words. */
export function lacking(
  unserved: readonly { readonly name: string; readonly port: PortKey }[],
  provisioned: Provisioned | undefined,
  words: ProviderWords,
): string {
  if (provisioned === undefined) return words.standingUnread;
  if (provisioned.ports.size === 0 && provisioned.waiting !== '') return provisioned.waiting;
  const { absent = [], shut = [] } = Object.groupBy(unserved, ({ port }) =>
    provisioned.ports.has(port) ? 'shut' : 'absent',
  );
  const names = (listeners: typeof unserved): string => quoted(listeners.map(({ name }) => name));
  return [
    ...(absent.length === 0 ? [] : [`The load balancer does not serve ${names(absent)} yet.`]),
    ...(shut.length === 0 ? [] : [words.shut(names(shut))]),
  ].join(' ');
}
