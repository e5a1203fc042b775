import { expect, test } from 'vitest';
import type { Results } from '../gateway/topology.ts';
import { GOLDEN_NOW } from '../testing/golden.ts';
import { findingsOf } from './findings.ts';
import { type GatewayOutcome, gatewayStatus } from './gateway-status.ts';
import type { Problem } from './problem.ts';

const listener = (name: string, port: number) => ({ name, port, supportedKinds: [], valid: true });
const translation: Results<Problem> = {
  listeners: [listener('http', 80), listener('more', 8080)],
  attachments: [],
  problems: [],
};
const standing = { addresses: [], ports: new Set([80, 8080]), admits: true, waiting: '', complete: true };
const outcome = (more: Partial<GatewayOutcome>, ...problems: readonly Problem[]): GatewayOutcome => ({
  generation: 1,
  findings: findingsOf(translation, problems),
  attachedRoutes: new Map(),
  provisioned: standing,
  overdue: false,
  ...more,
});
const denied: Problem = {
  kind: 'access-denied',
  resource: 'security-group/frontend',
  action: 'ec2:AuthorizeSecurityGroupIngress',
  detail: 'no',
};

/** `Programmed` of the Gateway and of its listeners. */
const programmed = ({ conditions, listeners = [] }: ReturnType<typeof gatewayStatus>) =>
  [conditions, ...listeners.map((each) => each.conditions)].map((each) => {
    const found = each?.find(({ type }) => type === 'Programmed');
    return `${found?.status}/${found?.reason}`;
  });

test('a Gateway that admits nobody is not programmed, and says why', () => {
  const status = gatewayStatus(undefined, outcome({ provisioned: { ...standing, admits: false } }, denied), GOLDEN_NOW);
  expect(programmed(status)).toEqual(['False/Invalid', 'False/Invalid', 'False/Invalid']);
  expect(status.conditions?.find(({ type }) => type === 'Programmed')?.message).toMatch(
    /^No security group admits clients to "http", "more" yet\. AWS denied ec2:AuthorizeSecurityGroupIngress/,
  );
});

test('a listener that served serves on while the rules for another one are refused', () => {
  const before = gatewayStatus(
    undefined,
    outcome({ findings: findingsOf({ ...translation, listeners: [listener('http', 80)] }) }),
    GOLDEN_NOW,
  );
  const status = gatewayStatus(before, outcome({ provisioned: { ...standing, admits: false } }, denied), GOLDEN_NOW);
  expect(programmed(status)).toEqual(['True/Programmed', 'True/Programmed', 'False/Invalid']);
  expect(status.conditions?.at(-1)).toMatchObject({ type: 'gatehouse.dev/UpToDate', reason: 'AccessDenied' });
});

test('a Gateway whose load balancer is gone is not programmed any more', () => {
  const before = gatewayStatus(undefined, outcome({}), GOLDEN_NOW);
  const gone = {
    ...standing,
    ports: new Set<number>(),
    waiting: 'The load balancer is not made yet.',
    complete: false,
  };
  expect(programmed(gatewayStatus(before, outcome({ provisioned: gone }), GOLDEN_NOW))[0]).toBe('False/Pending');
});
