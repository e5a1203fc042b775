import { expect, test } from 'vitest';
import { targetGroupHealthCheck } from '../../api/health-check.ts';
import { targetBackend } from './backends.ts';
import { healthCheckOf, withoutEffect } from './health-checks.ts';
import { nlbBackend } from './nlb/target-groups.ts';
import { backend } from './testing/sample.ts';

const HTTP = { targetType: 'ip', protocol: 'HTTP', protocolVersion: 'HTTP1' } as const;
const GRPC = { ...HTTP, protocolVersion: 'GRPC' } as const;
const TCP = { targetType: 'ip', protocol: 'TCP' } as const;
const UDP = { targetType: 'ip', protocol: 'UDP' } as const;

const api = targetBackend(backend('api'), 'IPv4');

test('without settings an ALB asks for / by HTTP, and an NLB opens a TCP connection', () => {
  const thresholds = { healthyThreshold: 2, unhealthyThreshold: 2 };
  expect(healthCheckOf(HTTP, api)).toEqual({
    protocol: 'HTTP',
    path: '/',
    port: 'traffic-port',
    intervalSeconds: 15,
    timeoutSeconds: 5,
    ...thresholds,
    matcher: { httpCode: '200-499' },
  });
  expect(healthCheckOf(TCP, api)).toEqual({
    protocol: 'TCP',
    port: 'traffic-port',
    intervalSeconds: 10,
    timeoutSeconds: 5,
    ...thresholds,
  });
});

test('an NLB asks by HTTP if the settings say so, with the codes that they say', () => {
  const settings = { protocol: 'HTTP', path: '/ready', port: 8081, matcher: { httpCode: '200,503-599' } } as const;
  expect(healthCheckOf(TCP, api, settings)).toMatchObject({
    protocol: 'HTTP',
    path: '/ready',
    port: '8081',
    matcher: { httpCode: '200,503-599' },
  });
});

test('a path alone does not make an NLB ask by HTTP, because its other Services may not speak it', () => {
  expect(healthCheckOf(TCP, api, { path: '/ready' })).toEqual(healthCheckOf(TCP, api));
});

test('an ALB ignores what AWS refuses of its target groups: checks by TCP, and codes above 499', () => {
  const settings = { protocol: 'TCP', matcher: { httpCode: '200-599' } } as const;
  expect(healthCheckOf(HTTP, api, settings)).toEqual(healthCheckOf(HTTP, api));
  expect(healthCheckOf({ ...HTTP, protocol: 'HTTPS' }, api, settings)).toMatchObject({ protocol: 'HTTPS' });
});

test('a target group of gRPC uses the gRPC codes, and others the HTTP codes', () => {
  const settings = { matcher: { httpCode: '204', grpcCode: '0' } };
  expect(healthCheckOf(GRPC, api, settings)).toMatchObject({
    path: '/AWS.ALB/healthcheck',
    matcher: { grpcCode: '0' },
  });
  expect(healthCheckOf(HTTP, api, settings).matcher).toEqual({ httpCode: '204' });
});

test.each([
  { settings: { timeoutSeconds: 30 }, interval: 31, timeout: 30 },
  { settings: { intervalSeconds: 5 }, interval: 5, timeout: 4 },
  { settings: { intervalSeconds: 300 }, interval: 300, timeout: 5 },
  { settings: { intervalSeconds: 60, timeoutSeconds: 59 }, interval: 60, timeout: 59 },
])('of $settings the other value fits to it: AWS requires a timeout below the interval', (each) => {
  const { intervalSeconds, timeoutSeconds } = healthCheckOf(TCP, api, each.settings);
  expect([intervalSeconds, timeoutSeconds]).toEqual([each.interval, each.timeout]);
});

test('nodes with externalTrafficPolicy Local are checked at kube-proxy’s port, only as often as the settings say', () => {
  const local = targetBackend(backend('api', { local: true, healthCheckNodePort: 32_000 }), 'IPv4');
  const settings = { protocol: 'HTTPS', path: '/ready', port: 8081, intervalSeconds: 30 } as const;
  const check = {
    protocol: 'HTTP',
    path: '/healthz',
    port: '32000',
    matcher: { httpCode: '200' },
    intervalSeconds: 30,
  };
  expect(healthCheckOf({ ...TCP, targetType: 'instance' }, local, settings)).toMatchObject(check);
  expect(healthCheckOf({ ...HTTP, targetType: 'instance' }, local, settings)).toMatchObject(check);
  expect(healthCheckOf(TCP, local, settings)).toMatchObject({ protocol: 'HTTPS', path: '/ready', port: '8081' });
});

test('UDP targets are checked at the configured port, else at a TCP port of the Service', () => {
  const tcp = [{ port: 80, sameTarget: false, targetPort: 8080 }];
  const dns = nlbBackend(backend('dns', { transport: 'UDP', tcp }), 'UDP', 'ip', 'IPv4');
  expect(healthCheckOf(UDP, dns)).toMatchObject({ protocol: 'TCP', port: '8080' });
  expect(healthCheckOf(UDP, dns, { protocol: 'HTTP' })).toMatchObject({ protocol: 'HTTP', port: '8080' });
  expect(healthCheckOf(UDP, dns, { port: 8181 })).toMatchObject({ protocol: 'TCP', port: '8181' });
});

test('settings that reach nothing are named', () => {
  const all = { path: '/ready', matcher: { httpCode: '200-599', grpcCode: '0' } };
  expect(withoutEffect('nlb', all)).toEqual(['path', 'matcher.httpCode', 'matcher.grpcCode']);
  expect(withoutEffect('nlb', { ...all, protocol: 'HTTP' })).toEqual(['matcher.grpcCode']);
  expect(withoutEffect('alb', { ...all, protocol: 'TCP' })).toEqual(['protocol TCP', 'matcher.httpCode 200-599']);
  expect(withoutEffect('alb', { path: '/ready', matcher: { httpCode: '200' } })).toEqual([]);
});

test.each([
  { settings: { port: 0 }, at: 'port' },
  { settings: { port: 65_536 }, at: 'port' },
  { settings: { path: 'ready' }, at: 'path' },
  { settings: { path: '/a b' }, at: 'path' },
  { settings: { intervalSeconds: 4 }, at: 'intervalSeconds' },
  { settings: { timeoutSeconds: 121 }, at: 'timeoutSeconds' },
  { settings: { intervalSeconds: 10, timeoutSeconds: 10 }, at: 'timeoutSeconds' },
  { settings: { healthyThresholdCount: 1 }, at: 'healthyThresholdCount' },
  { settings: { unhealthyThresholdCount: 11 }, at: 'unhealthyThresholdCount' },
  { settings: { protocol: 'UDP' }, at: 'protocol' },
  { settings: { protocol: 'TCP', path: '/' }, at: 'protocol' },
  { settings: { matcher: { httpCode: '199' } }, at: 'matcher.httpCode' },
  { settings: { matcher: { httpCode: '299-200' } }, at: 'matcher.httpCode' },
  { settings: { matcher: { grpcCode: '100' } }, at: 'matcher.grpcCode' },
  { settings: { matcher: { grpcCode: '12-3' } }, at: 'matcher.grpcCode' },
])('$settings is refused, and the field is named', ({ settings, at }) => {
  const { error } = targetGroupHealthCheck.safeParse(settings);
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([at]);
});
