// What the stages of a pass found, looked through once: a Gateway may have ten thousand listeners, and as many problems.

import type { Attachment, ListenerResult, Results } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Problem } from './problem.ts';

export type ListenerProblem = Extract<Problem, { listener: string }>;
export type ListenerSetProblem = Extract<Problem, { listenerSet: unknown }>;
export type RouteProblem = Extract<Problem, { route: unknown }>;

/** Problems that the Gateway as a whole reports; all others have a listener, a ListenerSet or a route that does. */
export type WholeProblem = Exclude<Problem, ListenerProblem | ListenerSetProblem | RouteProblem>;

export interface Findings {
  /** Those of the whole Gateway, in the order in which they were found, as all others here. */
  readonly whole: readonly WholeProblem[];
  ofListener(name: string): readonly ListenerProblem[];
  ofListenerSet(set: ObjectKey): readonly ListenerSetProblem[];
  ofRoute(route: ObjectKey): readonly RouteProblem[];
  /** Why AWS refused the listener of the port: each is one of `whole`, too. */
  ofPort(port: number): readonly WholeProblem[];
  /** All listeners, in the Gateway's order of precedence. */
  readonly listeners: readonly ListenerResult[];
  /** Those of a ListenerSet, or the Gateway's own. */
  listenersOf(set: ObjectKey | undefined): readonly ListenerResult[];
  readonly attachments: readonly Attachment[];
  attachmentsOf(route: ObjectKey): readonly Attachment[];
  /** Whether nobody has looked at all targets of the route yet: what was said of them before stands. */
  targetsUnknown(route: ObjectKey): boolean;
}

/** @param later the problems of the stages after translate */
export function findingsOf(
  { listeners, attachments, problems }: Results<Problem>,
  later: readonly Problem[] = [],
  targetsUnknown: Findings['targetsUnknown'] = () => false,
): Findings {
  const whole: WholeProblem[] = [];
  const byListener = new Map<string, ListenerProblem[]>();
  const byListenerSet = new Map<ObjectKey, ListenerSetProblem[]>();
  const byRoute = new Map<ObjectKey, RouteProblem[]>();
  const byPort = new Map<number, WholeProblem[]>();
  for (const found of [problems, later]) {
    for (const problem of found) {
      if ('listener' in problem) addTo(byListener, problem.listener, problem);
      else if ('listenerSet' in problem) addTo(byListenerSet, problem.listenerSet, problem);
      else if ('route' in problem) addTo(byRoute, problem.route.key, problem);
      else {
        whole.push(problem);
        const port = refusedPort(problem);
        if (port !== undefined) addTo(byPort, port, problem);
      }
    }
  }
  const byOwner = Map.groupBy(listeners, ({ ofSet }) => ofSet?.listenerSet);
  const attachmentsByRoute = Map.groupBy(attachments, ({ route }) => route.key);
  return {
    whole,
    ofListener: (name) => byListener.get(name) ?? [],
    ofListenerSet: (set) => byListenerSet.get(set) ?? [],
    ofRoute: (route) => byRoute.get(route) ?? [],
    ofPort: (port) => byPort.get(port) ?? [],
    listeners,
    listenersOf: (set) => byOwner.get(set) ?? [],
    attachments,
    attachmentsOf: (route) => attachmentsByRoute.get(route) ?? [],
    targetsUnknown,
  };
}

/** What is said of a Gateway's objects once it is gone, or is another controller's. */
export const noFindings: Findings = findingsOf({ listeners: [], attachments: [], problems: [] });

function addTo<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}

/** The port of the listener that AWS refused: a logical id, `listener/internal/443`. */
function refusedPort(problem: WholeProblem): number | undefined {
  if (!('resource' in problem) || !problem.resource.startsWith('listener/')) return undefined;
  return Number(problem.resource.slice(problem.resource.lastIndexOf('/') + 1));
}
