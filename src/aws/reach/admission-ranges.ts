// The ports that load balancers may reach behind a security group of nodes or pods. These are exactly the needed ports, while
// the group has room for one rule per port.

/** A port that load balancers must reach, behind a security group of nodes or pods. */
export interface Reach {
  readonly groupId: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

export const reachKey = ({ groupId, protocol, port }: Reach): string => `${groupId} ${protocol} ${port}`;

/** A rule that admits the backend group to these ports. */
export interface Admission {
  readonly groupId: string;
  /** AWS's name. */
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
}

export interface ExistingAdmission extends Admission {
  readonly ruleId: string;
  /** The id of the group that the rule admits. */
  readonly source: string;
}

/**
 * No range is widened over these ports of nodes: SSH, etcd, the API server, and the ports of the kubelet, kube-proxy and the
 * control plane. kubernetes.io/docs/reference/networking/ports-and-protocols
 */
const guarded = [
  [22, 22],
  [2379, 2380],
  [6443, 6443],
  [10_248, 10_259],
] as const;

/** AWS's upper limit for any security group. docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const maxRules = 1000;

/** One rule per port. */
export function desiredAdmissions(reaches: Iterable<Reach>): readonly Admission[] {
  const admissions = new Map<string, Admission>();
  for (const { groupId, protocol, port } of reaches) {
    const admission = { groupId, protocol, fromPort: port, toPort: port };
    admissions.set(admissionKey(admission), admission);
  }
  return [...admissions.values()];
}

export const admissionKey = ({ groupId, protocol, fromPort, toPort }: Admission): string =>
  `${groupId} ${protocol} ${fromPort}-${toPort}`;

export interface Fitted {
  readonly admissions: readonly Admission[];
  /** Ports without room, because a range that joins them with others would open a guarded port. */
  readonly left: readonly Admission[];
}

/**
 * The rules of one group for these ports, at most `limit`. If that is too few, the ports of one protocol that are closest
 * together share a rule, which also opens the ports between them.
 * @param standing the existing ranges: if there is no room for all, these stay
 */
export function fitted(admissions: readonly Admission[], limit: number, standing: readonly Admission[] = []): Fitted {
  if (admissions.length <= limit) return { admissions, left: [] };
  const ranges = closed(joined(admissions), limit);
  const stands = (range: Admission): boolean => standing.some((each) => covers(range, each));
  const standingFirst = [...ranges.filter(stands), ...ranges.filter((range) => !stands(range))];
  return { admissions: standingFirst.slice(0, limit), left: standingFirst.slice(limit) };
}

const covers = (range: Admission, { protocol, fromPort, toPort }: Admission): boolean =>
  range.protocol === protocol && range.fromPort <= fromPort && range.toPort >= toPort;

const inOrder = (a: Admission, b: Admission): number =>
  a.protocol === b.protocol ? a.fromPort - b.fromPort || b.toPort - a.toPort : a.protocol < b.protocol ? -1 : 1;

/** Sorted by protocol and port, without ranges that another range covers. */
function joined(admissions: readonly Admission[]): Admission[] {
  const ranges: Admission[] = [];
  for (const each of admissions.toSorted(inOrder)) {
    const last = ranges.at(-1);
    if (last?.protocol !== each.protocol || each.fromPort > last.toPort) ranges.push(each);
    else if (each.toPort > last.toPort) ranges[ranges.length - 1] = { ...last, toPort: each.toPort };
  }
  return ranges;
}

/** Closes the narrowest gaps until `limit` ranges are left. Gaps with guarded ports stay. */
function closed(ranges: readonly Admission[], limit: number): readonly Admission[] {
  const gaps = ranges.slice(1).flatMap(({ protocol, fromPort }, index) => {
    const before = ranges[index];
    if (before?.protocol !== protocol) return [];
    const from = before.toPort + 1;
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

/** The ranges that cover more ports than are needed, as text. */
export function widened(admissions: readonly Admission[], needed: readonly Admission[]): readonly string[] {
  const keys = new Set(needed.map(admissionKey));
  return admissions.filter((each) => each.fromPort < each.toPort && !keys.has(admissionKey(each))).map(portsOf);
}

export function portsOf({ protocol, fromPort, toPort }: Admission): string {
  const ports = fromPort === toPort ? `port ${fromPort}` : `ports ${fromPort}-${toPort}`;
  return protocol === 'tcp' ? ports : `${protocol.toUpperCase()} ${ports}`;
}

export interface AdmissionsDiff {
  readonly authorize: readonly Admission[];
  readonly revoke: readonly ExistingAdmission[];
}

/**
 * The changes that give one group its desired rules.
 * @param source the id of the group that the rules admit
 * @param complete whether `desired` is everything. If not, existing rules count as needed, because some Gateways had no pass
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
    ...kept.map(({ groupId, protocol, fromPort, toPort }) => ({ groupId, protocol, fromPort, toPort })),
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
