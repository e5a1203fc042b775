// The findings of a pass, indexed once, because a Gateway may have ten thousand listeners and as many findings.
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { RouteRef } from '../gateway/problem-place.ts';
import { type RouteId, routeId } from '../gateway/route-id.ts';
import type { Attachment, ListenerResult, PolicyResult, Results } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import type {
  Finding,
  GatewayFinding,
  ListenerFinding,
  ListenerSetFinding,
  PolicyFinding,
  RouteFinding,
} from '../provider/finding.ts';
import type { ProviderWords } from '../provider/words.ts';

export interface Findings {
  /** The findings about the whole Gateway. All lists here keep the order in which things were found. */
  readonly whole: readonly GatewayFinding[];
  ofListener(name: string): readonly ListenerFinding[];
  ofListenerSet(set: ObjectKey): readonly ListenerSetFinding[];
  ofRoute(route: RouteRef): readonly RouteFinding[];
  ofPolicy(policy: ObjectKey): readonly PolicyFinding[];
  /** Findings that keep the port's listener from being created or changed. They are in `whole`, too. */
  ofPort(port: PortKey): readonly GatewayFinding[];
  /** All listeners, in the Gateway's order of precedence. */
  readonly listeners: readonly ListenerResult[];
  /** The listeners of a ListenerSet, or the Gateway's own. */
  listenersOf(set: ObjectKey | undefined): readonly ListenerResult[];
  readonly attachments: readonly Attachment[];
  attachmentsOf(route: RouteRef): readonly Attachment[];
  /** The BackendTLSPolicies that the Gateway follows, or would. */
  readonly policies: readonly PolicyResult[];
  /** Whether the targets of the route have not all been checked yet. Then their earlier condition stays. */
  targetsUnknown(route: RouteRef): boolean;
  /** The provider's words, for messages without findings. */
  readonly words: ProviderWords;
}

export function findingsOf(
  { listeners, attachments, policies = [] }: Pick<Results<unknown>, 'listeners' | 'attachments' | 'policies'>,
  all: readonly Finding[],
  words: ProviderWords,
  targetsUnknown: Findings['targetsUnknown'] = () => false,
): Findings {
  const whole: GatewayFinding[] = [];
  const byListener = new Map<string, ListenerFinding[]>();
  const byListenerSet = new Map<ObjectKey, ListenerSetFinding[]>();
  const byRoute = new Map<RouteId, RouteFinding[]>();
  const byPolicy = new Map<ObjectKey, PolicyFinding[]>();
  const byPort = new Map<PortKey, GatewayFinding[]>();
  for (const finding of all) {
    switch (finding.kind) {
      case 'gateway': {
        whole.push(finding);
        for (const port of portsOf(finding)) addTo(byPort, port, finding);
        break;
      }
      case 'listener':
        addTo(byListener, finding.listener, finding);
        break;
      case 'listener-set':
        addTo(byListenerSet, finding.listenerSet, finding);
        break;
      case 'parent':
      case 'rule':
        addTo(byRoute, routeId(finding.route), finding);
        break;
      case 'policy':
        addTo(byPolicy, finding.policy, finding);
        break;
      default:
        finding satisfies never;
    }
  }
  const byOwner = Map.groupBy(listeners, ({ ofSet }) => ofSet?.listenerSet);
  const attachmentsByRoute = Map.groupBy(attachments, ({ route }) => routeId(route));
  return {
    whole,
    ofListener: (name) => byListener.get(name) ?? [],
    ofListenerSet: (set) => byListenerSet.get(set) ?? [],
    ofRoute: (route) => byRoute.get(routeId(route)) ?? [],
    ofPolicy: (policy) => byPolicy.get(policy) ?? [],
    ofPort: (port) => byPort.get(port) ?? [],
    listeners,
    listenersOf: (set) => byOwner.get(set) ?? [],
    attachments,
    attachmentsOf: (route) => attachmentsByRoute.get(routeId(route)) ?? [],
    policies,
    targetsUnknown,
    words,
  };
}

/** For a Gateway that is gone, or that belongs to another controller. */
export const noFindings = (words: ProviderWords): Findings => findingsOf({ listeners: [], attachments: [] }, [], words);

function addTo<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}

function portsOf({ effect }: GatewayFinding): readonly PortKey[] {
  return effect.kind === 'hindrance' && typeof effect.concerns === 'object' ? effect.concerns.ports : [];
}
