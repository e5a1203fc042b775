import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { type AwsErrorKind, isThrottled, toAwsError, toProblem } from './errors.ts';
import { resourceId } from './model/naming.ts';

const thrown = (name: string, httpStatusCode: number | undefined, message = 'no') =>
  Object.assign(new Error(message), { name, $metadata: httpStatusCode === undefined ? {} : { httpStatusCode } });

const known: readonly (readonly [string, number | undefined, AwsErrorKind])[] = [
  ['Throttling', 400, 'throttled'],
  ['RequestLimitExceeded', 503, 'throttled'],
  ['TooManyRequestsException', 429, 'throttled'],
  ['TargetGroupNotFoundException', 400, 'not-found'],
  ['InvalidGroup.NotFound', 400, 'not-found'],
  ['InvalidPermission.Duplicate', 400, 'already-exists'],
  ['DuplicateListenerException', 400, 'already-exists'],
  ['PriorityInUseException', 400, 'already-exists'],
  ['ResourceInUseException', 400, 'in-use'],
  ['DependencyViolation', 400, 'in-use'],
  ['UnauthorizedOperation', 403, 'access-denied'],
  ['AccessDenied', 403, 'access-denied'],
  ['ExpiredToken', 403, 'credentials'],
  ['CredentialsProviderError', undefined, 'credentials'],
  ['TooManyTargetGroupsException', 400, 'quota'],
  ['SecurityGroupLimitExceeded', 400, 'quota'],
  ['LimitExceededException', 400, 'quota'],
  ['InsufficientFreeAddressesInSubnet', 400, 'quota'],
  ['InvalidSubnetException', 400, 'invalid'],
  ['InvalidTargetException', 400, 'invalid'],
  ['ValidationError', 400, 'invalid'],
  ['InternalFailure', 500, 'server'],
  ['TimeoutError', undefined, 'unreachable'],
  ['ServiceUnavailable', 503, 'server'],
  ['Unknown', 500, 'server'],
  ['SyntaxError', 503, 'server'],
  ['SyntaxError', 200, 'unreadable'],
  ['Error', 200, 'unreadable'],
  // A proxy's page: no resource of ours is gone for that.
  ['NotFound', 404, 'unreadable'],
  ['SyntaxError', 403, 'unreadable'],
];

test.each(known)('AWS saying %s (%s) is %s', (name, status, kind) => {
  expect(toAwsError(thrown(name, status), 'acm:ImportCertificate').kind).toBe(kind);
});

test('a subnet without free addresses is no wrong setting, whichever code AWS gives', () => {
  const said = 'Not enough IP space available in subnet-1. ELB requires at least 8 free IP addresses in each subnet.';
  expect(toAwsError(thrown('InvalidSubnet', 400, said), 'elasticloadbalancing:CreateLoadBalancer').kind).toBe('quota');
});

test('a missing answer and a refusal are different errors', () => {
  const error = toAwsError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), 'ec2:CreateTags');
  expect(error).toMatchObject({ kind: 'unreachable', code: 'ECONNRESET', retryable: true });
  expect(isThrottled(error)).toBe(false);
});

test('who was denied what is said, and nothing that changes from call to call', () => {
  const message = 'You are not authorized. Encoded authorization failure message: abcdef0123456789';
  const error = toAwsError(thrown('UnauthorizedOperation', 403, message), 'ec2:CreateSecurityGroup');
  expect(toProblem(error, resourceId('security-group', 'frontend'))).toEqual({
    kind: 'access-denied',
    resource: 'security-group/frontend',
    action: 'ec2:CreateSecurityGroup',
    detail: 'You are not authorized.',
  });
});

test('a private key that AWS quotes goes no further', () => {
  const message = "Value '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----' at 'privateKey' failed";
  const error = toAwsError(
    Object.assign(thrown('ValidationException', 400, message), { $response: { body: 'abc' } }),
    'acm:ImportCertificate',
  );
  expect(inspect(error, { depth: null })).not.toContain('abc');
  expect(error.cause).toBeUndefined();
});

test('an unreadable answer is classified by its HTTP status', () => {
  const message =
    'Unexpected token \'g\', "garbage" is not valid JSON\n  Deserialization error: to see the raw response, …';
  const error = toAwsError(thrown('SyntaxError', 200, message), 'acm:ListCertificates');
  expect(toProblem(error, resourceId('certificate', 'shop/tls'))).toEqual({
    kind: 'cloud-unanswered',
    why: 'unreadable',
    action: 'acm:ListCertificates',
    detail: 'HTTP status 200 without an error code',
  });
});

test.each([
  ['Throttling', 400, 'throttled'],
  ['InternalFailure', 500, 'failed'],
  ['ServiceUnavailable', 503, 'failed'],
  ['TimeoutError', undefined, 'unreachable'],
  ['RuleNotFoundException', 400, 'gone'],
] as const)('%s does not read as if the network were at fault where it is not', (name, status, why) => {
  expect(toProblem(toAwsError(thrown(name, status), 'ec2:CreateTags'), resourceId('inventory'))).toMatchObject({
    kind: 'cloud-unanswered',
    why,
  });
});
