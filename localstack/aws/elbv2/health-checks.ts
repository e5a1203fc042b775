import type { Input, Output } from '../service.ts';
import { validationError } from './errors.ts';
import { flag, integer, oneOf, record, text } from './input.ts';
import type { HealthCheck, TargetGroup } from './state.ts';

type Checked = Pick<TargetGroup, 'protocol' | 'protocolVersion' | 'targetType'>;

export const isHttp = (protocol: string | undefined) => protocol === 'HTTP' || protocol === 'HTTPS';

type Defaults = Omit<HealthCheck, 'path' | 'matcher'>;

/** The protocols of a group's health checks. The default is first. */
function protocolsOf({ protocol, targetType }: Checked): readonly string[] {
  return isHttp(protocol) || targetType === 'alb' ? ['HTTP', 'HTTPS'] : ['TCP', 'HTTP', 'HTTPS'];
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html, …/network/… */
function defaultsOf({ protocol: groupProtocol }: Checked, protocol: string): Defaults {
  const ofNetwork = protocol === 'HTTP' ? 6 : 10;
  return {
    enabled: true,
    protocol,
    port: 'traffic-port',
    intervalSeconds: 30,
    timeoutSeconds: isHttp(groupProtocol) ? 5 : ofNetwork,
    healthyThreshold: 5,
    unhealthyThreshold: 2,
  };
}

function readPort(input: Input): string | undefined {
  const port = text(input, 'HealthCheckPort');
  if (port === undefined || port === 'traffic-port') return port;
  if (/^[0-9]{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535) return port;
  throw validationError(`Health check port '${port}' must be 'traffic-port' or 1 to 65535`);
}

function readPath(input: Input): string | undefined {
  const path = text(input, 'HealthCheckPath');
  if (path !== undefined && (!path.startsWith('/') || path.length > 1024)) {
    throw validationError(`Health check path '${path}' must begin with '/' and be at most 1024 characters long`);
  }
  return path;
}

/** `200`, `200,202` or `200-299`, within bounds. */
function checkCodes(codes: string, min: number, max: number): string {
  const valid = codes.split(',').every((part) => {
    const [, low, high = low] = /^([0-9]{1,3})(?:-([0-9]{1,3}))?$/.exec(part) ?? [];
    return low !== undefined && Number(low) >= min && Number(high) <= max && Number(low) <= Number(high);
  });
  if (!valid) throw validationError(`Health check matcher '${codes}' must be values or ranges of ${min} to ${max}`);
  return codes;
}

function readMatcher(input: Input, { protocol, protocolVersion }: Checked): HealthCheck['matcher'] {
  const matcher = record(input, 'Matcher');
  if (!matcher) return undefined;
  const http = text(matcher, 'HttpCode');
  const grpc = text(matcher, 'GrpcCode');
  if (protocolVersion === 'GRPC') {
    if (grpc === undefined || http !== undefined) throw validationError('A GRPC target group has a GrpcCode matcher');
    return { kind: 'grpc', codes: checkCodes(grpc, 0, 99) };
  }
  if (http === undefined || grpc !== undefined) throw validationError('The health check matcher needs an HttpCode');
  return { kind: 'http', codes: checkCodes(http, 200, isHttp(protocol) ? 499 : 599) };
}

/** The HTTP request and how its answer is judged; empty for a TCP check. */
function readHttpPart(input: Input, group: Checked, protocol: string, current: HealthCheck | undefined) {
  const path = readPath(input);
  const matcher = readMatcher(input, group);
  if (!isHttp(protocol)) {
    if (path !== undefined || matcher) {
      throw validationError(`Health check path and matcher cannot be specified for protocol ${protocol}`);
    }
    return { path: undefined, matcher: undefined };
  }
  const grpc = group.protocolVersion === 'GRPC';
  return {
    path: path ?? current?.path ?? (grpc ? '/AWS.ALB/healthcheck' : '/'),
    matcher:
      matcher ??
      current?.matcher ??
      (grpc
        ? ({ kind: 'grpc', codes: '12' } as const)
        : ({ kind: 'http', codes: isHttp(group.protocol) ? '200' : '200-399' } as const)),
  };
}

/** Reads a health check. Missing fields come from `current`, or are the defaults. */
export function readHealthCheck(input: Input, group: Checked, current: HealthCheck | undefined): HealthCheck {
  const protocols = protocolsOf(group);
  const protocol = oneOf(input, 'HealthCheckProtocol', protocols) ?? current?.protocol ?? protocols[0] ?? 'TCP';
  const base: Defaults = current ?? defaultsOf(group, protocol);
  if (flag(input, 'HealthCheckEnabled') === false) {
    throw validationError('Health checks cannot be disabled for target groups of instances or IP addresses');
  }
  const threshold = { min: 2, max: 10 };
  const check = {
    enabled: true,
    protocol,
    port: readPort(input) ?? base.port,
    intervalSeconds: integer(input, 'HealthCheckIntervalSeconds', { min: 5, max: 300 }) ?? base.intervalSeconds,
    timeoutSeconds: integer(input, 'HealthCheckTimeoutSeconds', { min: 2, max: 120 }) ?? base.timeoutSeconds,
    healthyThreshold: integer(input, 'HealthyThresholdCount', threshold) ?? base.healthyThreshold,
    unhealthyThreshold: integer(input, 'UnhealthyThresholdCount', threshold) ?? base.unhealthyThreshold,
    ...readHttpPart(input, group, protocol, current),
  };
  if (isHttp(group.protocol) && check.timeoutSeconds >= check.intervalSeconds) {
    throw validationError(
      `Health check timeout '${check.timeoutSeconds}' must be smaller than the interval '${check.intervalSeconds}'`,
    );
  }
  return check;
}

export function describeHealthCheck(check: HealthCheck): Output {
  const { matcher } = check;
  return {
    HealthCheckProtocol: check.protocol,
    HealthCheckPort: check.port,
    HealthCheckEnabled: check.enabled,
    HealthCheckIntervalSeconds: check.intervalSeconds,
    HealthCheckTimeoutSeconds: check.timeoutSeconds,
    HealthyThresholdCount: check.healthyThreshold,
    UnhealthyThresholdCount: check.unhealthyThreshold,
    HealthCheckPath: check.path,
    Matcher: matcher && (matcher.kind === 'http' ? { HttpCode: matcher.codes } : { GrpcCode: matcher.codes }),
  };
}
