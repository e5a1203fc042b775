// The changes that distribute a set of rules over several security groups. A rule that is already in a group stays there, so
// a growing or shrinking list moves no rule.
import { isIpv6Cidr } from '../cidr.ts';
import { type Family, ingressKey, type PresentRule, type ResolvedRule } from '../inventory/ingress-rules.ts';

export interface Addition {
  readonly groupId: string;
  readonly rules: readonly ResolvedRule[];
}

export interface IngressChanges {
  /** Rules with room now. New clients get access before the access of others is revoked. */
  readonly before: readonly Addition[];
  readonly revoke: readonly PresentRule[];
  /** Rules with room only after the revocation. */
  readonly after: readonly Addition[];
}

/**
 * @param groups the ids of the groups, the first to be filled first
 * @param limit how many rules of one address family a group holds
 */
export function ingressChanges(
  groups: readonly string[],
  desired: readonly ResolvedRule[],
  present: readonly PresentRule[],
  limit: number,
): IngressChanges {
  const wanted = new Set(desired.map(ingressKey));
  const kept = new Map<string, PresentRule>();
  for (const rule of present) if (wanted.has(rule.key) && !kept.has(rule.key)) kept.set(rule.key, rule);
  const revoke = present.filter((rule) => kept.get(rule.key) !== rule);
  const missing = desired.filter((rule) => !kept.has(ingressKey(rule)));
  const room = new Room(groups, limit);
  for (const rule of present) room.take(rule);
  const before = room.place(missing);
  for (const rule of revoke) room.free(rule);
  const after = room.place(before.left);
  // If there is still too little room, try anyway: the account's limit may be higher than the one we know.
  const last: Addition[] = after.left.length === 0 ? [] : [{ groupId: groups.at(-1) ?? '', rules: after.left }];
  return { before: before.placed, revoke, after: [...after.placed, ...last] };
}

class Room {
  readonly #groups: readonly string[];
  readonly #left: Map<string, number>;

  constructor(groups: readonly string[], limit: number) {
    this.#groups = groups;
    this.#left = new Map(groups.flatMap((group) => [`${group} ipv4`, `${group} ipv6`].map((slot) => [slot, limit])));
  }

  take({ groupId, families }: PresentRule): void {
    for (const family of families) this.#add(`${groupId} ${family}`, -1);
  }

  free({ groupId, families }: PresentRule): void {
    for (const family of families) this.#add(`${groupId} ${family}`, 1);
  }

  place(rules: readonly ResolvedRule[]): {
    readonly placed: readonly Addition[];
    readonly left: readonly ResolvedRule[];
  } {
    const placed = new Map<string, ResolvedRule[]>();
    const left: ResolvedRule[] = [];
    for (const rule of rules) {
      const families = familiesOf(rule);
      const groupId = this.#groups.find((group) =>
        families.every((family) => (this.#left.get(`${group} ${family}`) ?? 0) > 0),
      );
      if (groupId === undefined) left.push(rule);
      else {
        for (const family of families) this.#add(`${groupId} ${family}`, -1);
        placed.set(groupId, [...(placed.get(groupId) ?? []), rule]);
      }
    }
    return { placed: [...placed].map(([groupId, each]) => ({ groupId, rules: each })), left };
  }

  #add(slot: string, count: number): void {
    this.#left.set(slot, (this.#left.get(slot) ?? 0) + count);
  }
}

const familiesOf = ({ source }: ResolvedRule): readonly Family[] =>
  source.kind === 'group' ? ['ipv4', 'ipv6'] : [isIpv6Cidr(source.cidr) ? 'ipv6' : 'ipv4'];
