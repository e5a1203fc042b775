// Shows whether every kind of problem reaches the user: in a golden case, or in a sample of the code that owns the kind.
import { awsFinding } from '../aws/findings.ts';
import type { Problem } from '../aws/problem.ts';
import { translateForAws } from '../aws/translation.ts';
import { awsWords } from '../aws/words.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import { objectKey } from '../kube/object.ts';
import { findingsOf } from '../status/findings.ts';
import { attachedRoutes, gatewayStatus } from '../status/gateway-status.ts';
import { routeParents } from '../status/route-status.ts';
import { GOLDEN_DEFAULTS, GOLDEN_NOW, loadCases } from './golden.ts';
import { METALLB_TOPICS, reportedOnMetallb } from './metallb-statuses.ts';
import { reported } from './statuses.ts';

type Kind = Problem['kind'];

/** A problem and the conditions that report it, such as `Gateway Programmed=False NoResources`. */
interface Sample<K extends Kind> {
  readonly problem: Omit<Extract<Problem, { readonly kind: K }>, 'kind'>;
  readonly reportedBy: readonly string[];
}

/** For each kind of an owner's problems: `golden` if a golden case has it, else a sample. */
export type Coverage<K extends Kind> = { readonly [Each in K]: 'golden' | Sample<Each> };

/** The conditions of a Gateway that never served. UpToDate reports a refusal at once, and a missing answer later. */
export const notProgrammed = (reason: string, upToDate?: string): readonly string[] => [
  `Gateway Programmed=False ${reason}`,
  ...(upToDate === undefined ? [] : [`Gateway gatehouse.dev/UpToDate=False ${upToDate}`]),
  `Listener Programmed=False ${reason === 'Pending' ? 'Pending' : 'Invalid'}`,
];

/** The kinds of an owner's problems that golden cases have, and the kinds that they must have. */
export async function goldenKinds(
  coverage: Readonly<Record<string, unknown>>,
): Promise<{ readonly found: readonly string[]; readonly wanted: readonly string[] }> {
  const onMetallb = METALLB_TOPICS.flatMap((topic) => loadCases(topic));
  const outcomes = await Promise.all([
    ...loadCases().flatMap(({ inputs }) => inputs.map(reported)),
    ...onMetallb.flatMap(({ inputs }) => inputs.map(reportedOnMetallb)),
  ]);
  const all = new Set(outcomes.flatMap(({ found }) => found.map(({ problem }) => problem)));
  return {
    found: Object.keys(coverage).filter((kind) => all.has(kind)),
    wanted: Object.keys(coverage).filter((kind) => coverage[kind] === 'golden'),
  };
}

type Samples = Readonly<
  Record<string, 'golden' | { readonly problem: object; readonly reportedBy: readonly string[] }>
>;

/** @param coverage a `Coverage` */
export const samplesOf = (coverage: Samples) =>
  Object.entries(coverage).flatMap(([kind, sample]) => {
    if (sample === 'golden') return [];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of a coverage pairs them
    const problem = { ...sample.problem, kind } as Problem;
    return [{ kind, problem, reportedBy: sample.reportedBy }];
  });

/** These are about existing resources. */
const remarks: ReadonlySet<Kind> = new Set<Kind>([
  'admission-widened',
  'attributes-without-effect',
  'region-near-quota',
  'rules-of-others',
  'targets-near-quota',
  'zones-kept',
]);

/** All conditions of a Gateway that has this problem, and has no load balancer yet. */
export function conditionsFor(problem: Problem): readonly (readonly [name: string, message: string])[] {
  const input = loadCases('basic').find(({ name }) => name === 'basic/one-route')?.inputs[0];
  if (input === undefined) throw new Error('Expected the golden case basic/one-route');
  const translation = translateForAws(input, GOLDEN_DEFAULTS);
  const all = [...translation.problems, problem];
  const findings = findingsOf(translation, all.map(awsFinding), awsWords);
  const provisioned = {
    addresses: [],
    ports: new Set<PortKey>(),
    admits: false,
    waiting: 'The load balancer does not exist yet.',
    complete: remarks.has(problem.kind),
  };
  const outcome = { generation: 1, findings, attachedRoutes: attachedRoutes(findings), provisioned, overdue: false };
  const status = gatewayStatus(undefined, outcome, GOLDEN_NOW);
  const gateway = objectKey(input.gateway.metadata);
  const parents = input.routes.flatMap((route) => {
    const listenerSets = new Set<never>();
    const { attachments } = translation;
    const ofRoute = { gateway, listenerSets, controllerName: input.controllerName, attachments, findings };
    return routeParents(route, ofRoute, GOLDEN_NOW);
  });
  const said = [
    { on: 'Gateway', conditions: status.conditions ?? [] },
    ...(status.listeners ?? []).map(({ conditions }) => ({ on: 'Listener', conditions })),
    ...parents.map(({ conditions = [] }) => ({ on: 'Route', conditions })),
  ];
  return said.flatMap(({ on, conditions }) =>
    conditions.map((each) => [`${on} ${each.type}=${each.status} ${each.reason}`, each.message] as const),
  );
}
