import { expect, test } from 'vitest';
import { type Form, formOf } from './form.ts';
import { resourceId } from './naming.ts';
import type { Plane } from './plane.ts';
import { portOf } from './testing/connections.ts';
import { httpPort } from './testing/sample.ts';

const balancers = (...names: readonly string[]) => new Set(names.map((name) => resourceId('load-balancer', name)));

test.each<readonly [string, readonly Plane[], readonly string[], Form]>([
  ['HTTP alone', ['alb'], [], 'alb'],
  ['TCP alone', ['nlb'], [], 'nlb'],
  ['both', ['alb', 'nlb'], [], 'front'],
  ['both, after an ALB served alone', ['alb', 'nlb'], ['internal'], 'front'],
  ['both, after an NLB served alone', ['alb', 'nlb'], ['nlb-internal'], 'front'],
  ['both, as before', ['alb', 'nlb'], ['internal', 'nlb-internal'], 'front'],
  ['HTTP, after both: the address stays', ['alb'], ['internet-facing', 'nlb-internet-facing'], 'front'],
  ['TCP, after both', ['nlb'], ['internal', 'nlb-internal'], 'nlb'],
  ['no port, beside an NLB', [], ['nlb-internal'], 'nlb'],
  ['no port, beside both', [], ['internal', 'nlb-internal'], 'front'],
  ['no port and nothing', [], [], 'alb'],
])('%s', (_, planes, standing, expected) => {
  const ports = planes.map((plane) => (plane === 'alb' ? httpPort([]) : portOf('tcp', 53)));
  expect(formOf({ ports, planes }, balancers(...standing))).toBe(expected);
});

test.each<readonly [string, readonly string[], Form]>([
  ['keeps the ALB that it had', ['internal'], 'front'],
  ['keeps the ALB behind an NLB', ['internal', 'nlb-internal'], 'front'],
  ['makes no load balancer', [], 'nlb'],
])('an invalid HTTP listener beside a TCP listener %s', (_, standing, expected) => {
  expect(formOf({ ports: [portOf('tcp', 53)], planes: ['alb', 'nlb'] }, balancers(...standing))).toBe(expected);
});
