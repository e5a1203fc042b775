// What a ConfigMap accepts as data: short names, and 1 MiB in all.
import { expect, test } from 'vitest';
import type { Summary } from '../envoy/ads/summary.ts';
import { objectKey } from '../kube/object.ts';
import { type Report, reportedBy, reportOf } from './report.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

const quiet: Summary = { groups: [{ pods: ['shop/a'], isCurrent: true, listeners: ['tcp/80'] }], rejected: [] };

const noisy: Summary = {
  ...quiet,
  rejected: Array.from({ length: 20 }, (_, index) => ({
    kind: 'routes',
    name: `tcp/80/${index}`,
    message: 'ü'.repeat(500),
    suspects: Array.from({ length: 10 }, (__, n) => ({ name: `${'r'.repeat(300)}${n}`, isNew: true })),
  })),
};

const keyOf = (name: string, namespace = 'shop') => objectKey({ namespace, name });

const read = (report: Report, name: string) => {
  const data = { ...report, renewed: new Date(now).toISOString() };
  return reportedBy(
    { list: () => [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data }] },
    keyOf(name),
    now,
  )[0];
};

const sizeOf = (report: Report): number => Buffer.byteLength(Object.entries(report).flat().join(''));

test('a Gateway with the longest name has a name that the data of a ConfigMap may have', () => {
  const name = 'a'.repeat(253);
  const report = reportOf(
    new Map([
      [keyOf(name, 'n'.repeat(63)), quiet],
      [keyOf(name), quiet],
    ]),
  );
  expect(Object.keys(report)).toHaveLength(2);
  for (const each of Object.keys(report)) expect(each).toMatch(/^[-._a-zA-Z0-9]{1,253}$/);
  expect(read(report, name)).toEqual(quiet);
});

test('a report that has room is whole', () => {
  expect(read(reportOf(new Map([[keyOf('web'), noisy]])), 'web')).toEqual(noisy);
});

test('noisy Gateways say less, so that a ConfigMap has room for all, and quiet ones stay whole', () => {
  const loud = Array.from({ length: 100 }, (_, index) => [keyOf(`loud-${index}`), noisy] as const);
  const report = reportOf(new Map([...loud, [keyOf('web'), quiet]]));
  expect(sizeOf(report)).toBeLessThan(1_000_000);
  expect(read(report, 'web')).toEqual(quiet);
  for (let index = 0; index < 100; index += 1) {
    expect(read(report, `loud-${index}`)?.groups).toEqual(quiet.groups);
    expect(read(report, `loud-${index}`)?.rejected.length).toBeGreaterThan(0);
  }
});

test('thousands of noisy Gateways still say which listeners their Envoys have', () => {
  const two = { ...quiet, rejected: noisy.rejected.slice(0, 2) };
  const loud = Array.from({ length: 3000 }, (_, index) => [keyOf(`loud-${index}`), two] as const);
  const report = reportOf(new Map(loud));
  expect(sizeOf(report)).toBeLessThan(1_000_000);
  expect(read(report, 'loud-2999')?.groups).toEqual(quiet.groups);
});

test('what has no room at all is left out, and the rest stays', () => {
  const report = reportOf(
    new Map([
      [keyOf('web'), quiet],
      [keyOf('large'), { ...quiet, groups: Array(100).fill(quiet.groups[0]) }],
    ]),
    1000,
  );
  expect(read(report, 'web')).toEqual(quiet);
  expect(read(report, 'large')).toBeUndefined();
});
