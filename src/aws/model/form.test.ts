import { expect, test } from 'vitest';
import { formOf } from './form.ts';
import { resourceId } from './naming.ts';
import { httpPort, listener } from './testing/sample.ts';

const http = httpPort([]);
const tcp = { port: 53, serves: { kind: 'tcp' }, listeners: [listener('tcp')] } as const;
const balancers = (...names: readonly string[]) => new Set(names.map((name) => resourceId('load-balancer', name)));

test.each([
  ['HTTP alone', [http], [], 'alb'],
  ['TCP alone', [tcp], [], 'nlb'],
  ['both', [http, tcp], [], 'front'],
  ['both, after an ALB served alone: its address stays', [http, tcp], ['internal'], 'alb'],
  ['both, after an NLB served alone', [http, tcp], ['nlb-internal'], 'front'],
  ['both, as before', [http, tcp], ['internal', 'nlb-internal'], 'front'],
  ['HTTP, after both: the address stays', [http], ['internet-facing', 'nlb-internet-facing'], 'front'],
  ['TCP, after both', [tcp], ['internal', 'nlb-internal'], 'nlb'],
  ['no port, beside an NLB', [], ['nlb-internal'], 'nlb'],
  ['no port, beside both', [], ['internal', 'nlb-internal'], 'front'],
  ['no port and nothing', [], [], 'alb'],
])('%s', (_, ports, standing, expected) => {
  expect(formOf(ports, balancers(...standing))).toBe(expected);
});
