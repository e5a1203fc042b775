// Which ports a security group of nodes or pods admits the load balancers to: exactly those that are needed, as long as the
// group has room for a rule each.

/** Where load balancers must reach: a group of nodes or pods, and a port of its targets. */
export interface Reach {
  readonly groupId: string;
  readonly port: number;
}

/** One rule: it admits the backend group to these TCP ports. */
export interface Admission {
  readonly groupId: string;
  readonly fromPort: number;
  readonly toPort: number;
}

export interface ExistingAdmission extends Admission {
  readonly ruleId: string;
  /** The group that it admits. */
  readonly source: string;
}

/**
 * Ports of nodes that no range is widened over: SSH, etcd, the API server, and what the kubelet, kube-proxy and the control
 * plane listen on. kubernetes.io/docs/reference/networking/ports-and-protocols
 */
const guarded = [
  [22, 22],
  [2379, 2380],
  [6443, 6443],
  [10_248, 10_259],
] as const;

/** No security group holds more, whatever the account's quotas. docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const maxRules = 1000;

/** A rule a port. */
export function desiredAdmissions(reaches: Iterable<Reach>): readonly Admission[] {
  const admissions = new Map<string, Admission>();
  for (const { groupId, port } of reaches) {
    const admission = { groupId, fromPort: port, toPort: port };
    admissions.set(admissionKey(admission), admission);
  }
  return [...admissions.values()];
}

export const admissionKey = ({ groupId, fromPort, toPort }: Admission): string => `${groupId} ${fromPort}-${toPort}`;

export interface Fitted {
  readonly admissions: readonly Admission[];
  /** For which there is no room: to join them with others would open a guarded port. */
  readonly left: readonly Admission[];
}

/**
 * The rules of one group for these ports, at most `limit`: where that is too few, those that are closest together become
 * one. The ports between them are open then, too.
 * @param standing what exists: of what has no room, that stays
 */
export function fitted(admissions: readonly Admission[], limit: number, standing: readonly Admission[] = []): Fitted {
  if (admissions.length <= limit) return { admissions, left: [] };
  const ranges = closed(joined(admissions), limit);
  const stands = (range: Admission): boolean => standing.some((each) => covers(range, each));
  const inOrder = [...ranges.filter(stands), ...ranges.filter((range) => !stands(range))];
  return { admissions: inOrder.slice(0, limit), left: inOrder.slice(limit) };
}

const covers = (range: Admission, { fromPort, toPort }: Admission): boolean =>
  range.fromPort <= fromPort && range.toPort >= toPort;

/** In their order, without what another one covers. */
function joined(admissions: readonly Admission[]): Admission[] {
  const ranges: Admission[] = [];
  for (const each of admissions.toSorted((a, b) => a.fromPort - b.fromPort || b.toPort - a.toPort)) {
    const last = ranges.at(-1);
    if (last === undefined || each.fromPort > last.toPort) ranges.push(each);
    else if (each.toPort > last.toPort) ranges[ranges.length - 1] = { ...last, toPort: each.toPort };
  }
  return ranges;
}

/** Without the narrowest of the gaps between them, as many as it takes for `limit` ranges to be left; guarded ones stay. */
function closed(ranges: readonly Admission[], limit: number): readonly Admission[] {
  const gaps = ranges.slice(1).flatMap(({ fromPort }, index) => {
    const from = (ranges[index]?.toPort ?? 0) + 1;
    const isGuarded = from < fromPort && guarded.some(([low, high]) => from <= high && low < fromPort);
    return isGuarded ? [] : [{ after: index, width: fromPort - from }];
  });
  const narrow = gaps.toSorted((a, b) => a.width - b.width).slice(0, Math.max(0, ranges.length - limit));
  const isClosed = new Set(narrow.map(({ after }) => after));
  const left: Admission[] = [];
  for (const [index, range] of ranges.entries()) {
    const last = left.at(-1);
    if (last !== undefined && isClosed.has(index - 1)) left[left.length - 1] = { ...last, toPort: range.toPort };
    else left.push(range);
  }
  return left;
}

/** Those that cover more ports than are needed, in words. */
export function widened(admissions: readonly Admission[], needed: readonly Admission[]): readonly string[] {
  const keys = new Set(needed.map(admissionKey));
  return admissions.filter((each) => each.fromPort < each.toPort && !keys.has(admissionKey(each))).map(portsOf);
}

export const portsOf = ({ fromPort, toPort }: Admission): string =>
  fromPort === toPort ? `port ${fromPort}` : `ports ${fromPort}-${toPort}`;

export interface AdmissionsDiff {
  readonly authorize: readonly Admission[];
  readonly revoke: readonly ExistingAdmission[];
}

/**
 * What one group's rules need to become as desired.
 * @param source whom they admit
 * @param complete whether `desired` is everything: until all Gateways have been seen, what exists is still needed
 * @param limit how many rules the group has room for
 */
export function admissionsDiff(
  desired: readonly Admission[],
  existing: readonly ExistingAdmission[],
  source: string,
  { complete, limit = maxRules }: { readonly complete: boolean; readonly limit?: number | undefined },
): AdmissionsDiff & Fitted {
  const ours = existing.filter((each) => each.source === source);
  const kept = complete ? [] : ours;
  const isCovered = (admission: Admission): boolean => kept.some((each) => covers(each, admission));
  const needed = [
    ...kept.map(({ groupId, fromPort, toPort }) => ({ groupId, fromPort, toPort })),
    ...desired.filter((each) => !isCovered(each)),
  ];
  const fit = fitted(needed, limit, ours);
  const wanted = new Set(fit.admissions.map(admissionKey));
  const standing = new Map(ours.toReversed().map((each) => [admissionKey(each), each]));
  return {
    ...fit,
    authorize: fit.admissions.filter((each) => !standing.has(admissionKey(each))),
    revoke: existing.filter((each) =>
      each.source === source ? !wanted.has(admissionKey(each)) || standing.get(admissionKey(each)) !== each : complete,
    ),
  };
}
