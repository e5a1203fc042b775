// docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
import { expect, test } from 'vitest';
import type { HealthCheck } from '../elbv2/state.ts';
import { judge, matchesCode, type Outcome, unchecked } from './verdict.ts';

const check: HealthCheck = {
  enabled: true,
  protocol: 'HTTP',
  port: 'traffic-port',
  path: '/',
  intervalSeconds: 5,
  timeoutSeconds: 2,
  healthyThreshold: 3,
  unhealthyThreshold: 2,
  matcher: { kind: 'http', codes: '200' },
};

const passed: Outcome = { kind: 'passed' };
const refused: Outcome = { kind: 'failed' };
const notFound: Outcome = { kind: 'mismatch', code: 404 };

/** The state after each outcome. */
function states(...outcomes: Outcome[]): string[] {
  let verdict = unchecked;
  return outcomes.map((outcome) => {
    verdict = judge(verdict, outcome, check);
    return verdict.health.State;
  });
}

test('one passed check makes a new target healthy', () => {
  expect(states(passed)).toEqual(['healthy']);
});

test('a new target is unhealthy after as many failures as the threshold says', () => {
  expect(states(refused, refused)).toEqual(['initial', 'unhealthy']);
});

test('a success between failures keeps a healthy target healthy', () => {
  expect(states(passed, refused, passed, refused)).toEqual(['healthy', 'healthy', 'healthy', 'healthy']);
  expect(states(passed, refused, refused)).toEqual(['healthy', 'healthy', 'unhealthy']);
});

test('an unhealthy target needs the healthy threshold of successes in a row', () => {
  const outcomes = [refused, refused, passed, passed, refused, passed, passed, passed];
  expect(states(...outcomes).slice(1)).toEqual([...Array(6).fill('unhealthy'), 'healthy']);
});

test.each<[Outcome, string, string]>([
  [notFound, 'Target.ResponseCodeMismatch', 'Health checks failed with these codes: [404]'],
  [{ kind: 'timeout' }, 'Target.Timeout', 'Request timed out'],
  [refused, 'Target.FailedHealthChecks', 'Health checks failed'],
])('an outcome of %j has the reason %s', (outcome, Reason, Description) => {
  const { health } = judge(judge(unchecked, outcome, check), outcome, check);
  expect(health).toEqual({ State: 'unhealthy', Reason, Description });
});

test.each([
  ['200', 200, true],
  ['200,202', 202, true],
  ['200-299', 204, true],
  ['200-299', 300, false],
  ['0', 0, true],
])('a matcher of %s and the code %i: %s', (codes, code, expected) => {
  expect(matchesCode(codes, code)).toBe(expected);
});
