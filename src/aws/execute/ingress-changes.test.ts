import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ingressKey, type PresentRule, type ResolvedRule } from '../inventory/ingress-rules.ts';
import { type Addition, ingressChanges } from './ingress-changes.ts';

const rule = (cidr: string, port = 80): ResolvedRule => ({
  protocol: 'tcp',
  fromPort: port,
  toPort: port,
  source: { kind: 'cidr', cidr },
  description: '',
});

let made = 0;
const present = (groupId: string, cidr: string, port = 80): PresentRule => ({
  ruleId: `sgr-${++made}`,
  groupId,
  key: ingressKey(rule(cidr, port)),
  families: [cidr.includes(':') ? 'ipv6' : 'ipv4'],
});

const block = (index: number): string => `10.0.${index}.0/24`;
const said = (additions: readonly Addition[]): readonly string[] =>
  additions.flatMap(({ groupId, rules }) => rules.map((each) => `${groupId} ${ingressKey(each)}`));

test('a rule that is there in another spelling stays', () => {
  const there = [present('sg-1', '100.68.0.0/18'), present('sg-1', '2001:db8::/32')];
  const changes = ingressChanges(['sg-1'], [rule('100.68.0.18/18'), rule('2001:0DB8:0::/32')], there, 60);
  expect(changes).toEqual({ before: [], revoke: [], after: [] });
});

test('what has room is added before anything is revoked, and the rest after that', () => {
  const old = [1, 2, 3].map((index) => present('sg-1', block(index)));
  const changes = ingressChanges(
    ['sg-1'],
    [11, 12, 13].map(block).map((each) => rule(each)),
    old,
    4,
  );
  expect(said(changes.before)).toEqual([`sg-1 tcp 80-80 ${block(11)}`]);
  expect(changes.revoke).toEqual(old);
  expect(said(changes.after)).toEqual([12, 13].map((index) => `sg-1 tcp 80-80 ${block(index)}`));
});

test('IPv4 and IPv6 rules have room apart, and a rule that names a group takes of both', () => {
  const named: PresentRule = { ruleId: 'sgr-x', groupId: 'sg-1', key: 'tcp 22-22 sg-9', families: ['ipv4', 'ipv6'] };
  const { before, after } = ingressChanges(['sg-1'], [rule(block(1)), rule(block(2)), rule('::/0')], [named], 2);
  expect(said(before)).toEqual([`sg-1 tcp 80-80 ${block(1)}`, 'sg-1 tcp 80-80 ::/0']);
  expect(said(after)).toEqual([`sg-1 tcp 80-80 ${block(2)}`]);
});

test('a list that grows over one group moves no rule', () => {
  const there = [1, 2, 3].map((index) => present('sg-1', block(index)));
  const changes = ingressChanges(
    ['sg-1', 'sg-2'],
    [0, 1, 2, 3].map(block).map((each) => rule(each)),
    there,
    3,
  );
  expect(said(changes.before)).toEqual([`sg-2 tcp 80-80 ${block(0)}`]);
  expect([changes.revoke, changes.after]).toEqual([[], []]);
});

test('of a rule that two groups have, one is revoked', () => {
  const there = [present('sg-1', block(1)), present('sg-2', block(1))];
  const changes = ingressChanges(['sg-1', 'sg-2'], [rule(block(1))], there, 60);
  expect(changes).toEqual({ before: [], revoke: [there[1]], after: [] });
});

/** Applies the changes as AWS would. @throws if a group gets more rules than it may have */
function carriedOut(
  there: readonly PresentRule[],
  { before, revoke, after }: ReturnType<typeof ingressChanges>,
  limit: number,
): readonly PresentRule[] {
  const added = (additions: readonly Addition[]): PresentRule[] =>
    additions.flatMap(({ groupId, rules }) =>
      rules.map(({ source }) => present(groupId, source.kind === 'cidr' ? source.cidr : '')),
    );
  const check = (rules: readonly PresentRule[]): readonly PresentRule[] => {
    for (const [slot, each] of Map.groupBy(rules, ({ groupId, families }) => `${groupId} ${families.join(' ')}`)) {
      if (each.length > limit) throw new Error(`${slot} has ${each.length} rules`);
    }
    return rules;
  };
  const full = check([...there, ...added(before)]);
  return check([...full.filter((each) => !revoke.includes(each)), ...added(after)]);
}

const blocks = fc.uniqueArray(
  fc.oneof(
    fc.nat(30).map((index) => block(index)),
    fc.nat(30).map((index) => `2001:db8:${index}::/48`),
  ),
  { maxLength: 12 },
);

test('whatever is there becomes what is desired, within the limit at every step, and a second time nothing changes', () => {
  fc.assert(
    fc.property(blocks, fc.array(blocks, { maxLength: 3 }), (desired, states) => {
      const [limit, groups] = [4, ['sg-1', 'sg-2', 'sg-3']];
      const rules = desired.map((each) => rule(each));
      const there = states.flatMap((state, index) =>
        [...Map.groupBy(state, (each) => each.includes(':')).values()].flatMap((each) =>
          each.slice(0, limit).map((cidr) => present(`sg-${index + 1}`, cidr)),
        ),
      );
      const after = carriedOut(there, ingressChanges(groups, rules, there, limit), limit);
      expect(after.map(({ key }) => key).toSorted()).toEqual(rules.map(ingressKey).toSorted());
      expect(ingressChanges(groups, rules, after, limit)).toEqual({ before: [], revoke: [], after: [] });
    }),
  );
});
