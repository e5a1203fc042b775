import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Admission, admissionsDiff, desiredAdmissions, fitted, portsOf, widened } from './admission-ranges.ts';

const range = (fromPort: number, toPort = fromPort, protocol = 'tcp'): Admission => ({
  groupId: 'sg-1',
  protocol,
  fromPort,
  toPort,
});
const existing = (fromPort: number, toPort = fromPort, source = 'sg-lb') => ({
  ...range(fromPort, toPort),
  ruleId: `sgr-${fromPort}`,
  source,
});
const said = (admissions: readonly Admission[]): readonly string[] => admissions.map(portsOf);

test('a group admits exactly the ports of its targets, each once: none between them', () => {
  expect(
    desiredAdmissions([
      { groupId: 'sg-1', protocol: 'tcp', port: 8080 },
      { groupId: 'sg-1', protocol: 'tcp', port: 10_250 },
      { groupId: 'sg-1', protocol: 'tcp', port: 8080 },
      { groupId: 'sg-2', protocol: 'tcp', port: 31_000 },
      { groupId: 'sg-1', protocol: 'udp', port: 8080 },
    ]),
  ).toEqual([range(8080), range(10_250), { ...range(31_000), groupId: 'sg-2' }, range(8080, 8080, 'udp')]);
});

test('where there is no room for a rule a port, those closest together become one', () => {
  const ports = [8080, 8443, 9090, 9091, 9095].map((port) => range(port));
  expect(said(fitted(ports, 5).admissions)).toEqual(said(ports));
  expect(said(fitted(ports, 4).admissions)).toEqual(['port 8080', 'port 8443', 'ports 9090-9091', 'port 9095']);
  expect(said(fitted(ports, 3).admissions)).toEqual(['port 8080', 'port 8443', 'ports 9090-9095']);
  expect(said(fitted(ports, 2).admissions)).toEqual(['ports 8080-8443', 'ports 9090-9095']);
  expect(widened(fitted(ports, 3).admissions, ports)).toEqual(['ports 9090-9095']);
});

test('TCP and UDP ports never share a rule, however close they are', () => {
  const udp = (port: number) => range(port, port, 'udp');
  const ports = [udp(53), range(54), udp(57), range(60), range(66)];
  expect(said(fitted(ports, 4).admissions)).toEqual(['port 54', 'port 60', 'port 66', 'UDP ports 53-57']);
  expect(said(fitted(ports, 2).admissions)).toEqual(['ports 54-66', 'UDP ports 53-57']);
  expect(said(fitted(ports, 1, [range(54, 66)]).left)).toEqual(['UDP ports 53-57']);
  const there = [existing(53, 60)];
  const whole = admissionsDiff([udp(53)], there, 'sg-lb', { complete: true });
  expect([said(whole.authorize), said(whole.revoke)]).toEqual([['UDP port 53'], ['ports 53-60']]);
  expect(said(admissionsDiff([udp(53)], there, 'sg-lb', { complete: false }).authorize)).toEqual(['UDP port 53']);
});

test('no range is widened over the ports of SSH, etcd, the API server or the kubelet: what has no room is said', () => {
  const ports = [range(8080), range(10_300), range(2300), range(2400)];
  const { admissions, left } = fitted(ports, 2, [existing(10_300)]);
  expect(said(admissions)).toEqual(['port 10300', 'port 2300']);
  expect(said(left)).toEqual(['port 2400', 'port 8080']);
});

test('a target on such a port is admitted to it, and to nothing beside it', () => {
  expect(said(fitted([range(10_250), range(10_251), range(10_252)], 2).admissions)).toEqual([
    'ports 10250-10251',
    'port 10252',
  ]);
});

test('a range that an older version has made gives way to the ports that are in use', () => {
  const diff = admissionsDiff([range(8080), range(10_250)], [existing(8080, 10_250)], 'sg-lb', { complete: true });
  expect(said(diff.authorize)).toEqual(['port 8080', 'port 10250']);
  expect(said(diff.revoke)).toEqual(['ports 8080-10250']);
});

test('before all Gateways have been seen, ports are only ever added', () => {
  const there = [existing(8080, 8090), existing(22, 22, 'sg-old')];
  const diff = admissionsDiff([range(8085), range(9090)], there, 'sg-lb', { complete: false });
  expect([said(diff.authorize), diff.revoke]).toEqual([['port 9090'], []]);
  expect(admissionsDiff([], there, 'sg-lb', { complete: false })).toMatchObject({ authorize: [], revoke: [] });
  expect(admissionsDiff([range(9090)], there, 'sg-lb', { complete: true })).toMatchObject({ revoke: there });
});

test('of the same rule twice, one goes', () => {
  const [first, second] = [existing(8080), { ...existing(8080), ruleId: 'sgr-2' }];
  expect(admissionsDiff([range(8080)], [first, second], 'sg-lb', { complete: true })).toMatchObject({
    authorize: [],
    revoke: [second],
  });
});

const guarded = [22, 2379, 2380, 6443, 10_250];

test('whatever the ports and the limit, each port is admitted or said, and no guarded one is beside', () => {
  const ports = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(ports, fc.integer({ min: 1, max: 12 }), (numbers, limit) => {
      const protocolOf = (port: number) => (port % 3 === 0 ? 'udp' : 'tcp');
      const needed = numbers.map((port) => range(port, port, protocolOf(port)));
      const { admissions, left } = fitted(needed, limit);
      expect(admissions.length).toBeLessThanOrEqual(limit);
      const open = (protocol: string, port: number, ranges: readonly Admission[]) =>
        ranges.some((each) => each.protocol === protocol && each.fromPort <= port && port <= each.toPort);
      for (const port of numbers) expect(open(protocolOf(port), port, [...admissions, ...left])).toBe(true);
      for (const [port, protocol] of guarded.flatMap((each) => [[each, 'tcp'] as const, [each, 'udp'] as const])) {
        const isNeeded = numbers.includes(port) && protocolOf(port) === protocol;
        expect(open(protocol, port, admissions) && !isNeeded).toBe(false);
      }
      const again = admissionsDiff(
        needed,
        admissions.map((each, index) => ({ ...each, ruleId: `sgr-${index}`, source: 'sg-lb' })),
        'sg-lb',
        { complete: true, limit },
      );
      expect([again.authorize, again.revoke]).toEqual([[], []]);
    }),
  );
});

test('tens of thousands of ports are no more rules than a group can ever hold', () => {
  const needed = Array.from({ length: 30_000 }, (_, index) => range(2 * index + 1));
  const { authorize } = admissionsDiff(needed, [], 'sg-lb', { complete: true });
  expect(authorize.length).toBe(1000);
});
