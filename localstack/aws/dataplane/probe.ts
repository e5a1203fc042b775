// One health check. docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { hostPort } from '../ec2/family.ts';
import type { TargetGroup } from '../elbv2/state.ts';
import { matchesCode, type Outcome } from './verdict.ts';

export interface ProbedAt {
  /** The target's real address. */
  readonly address: string;
  readonly port: number;
  /** `ADDRESS:PORT` in the VPC, for the Host header. */
  readonly host: string;
  /** Bytes to send first. */
  readonly preamble?: Buffer | undefined;
  /** Called with the connection of a check, before it is connected. */
  readonly opened?: (socket: Socket) => void;
}

const headers = { 'user-agent': 'ELB-HealthChecker/2.0', 'accept-encoding': 'gzip, compressed' };

/** Never throws. An aborted check is `failed`. */
export async function probe(group: TargetGroup, at: ProbedAt, signal: AbortSignal): Promise<Outcome> {
  const { matcher, timeoutSeconds } = group.healthCheck;
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const code = await ask(group, at, AbortSignal.any([signal, timeout]));
    return matcher === undefined || matchesCode(matcher.codes, code) ? { kind: 'passed' } : { kind: 'mismatch', code };
  } catch {
    return timeout.aborted ? { kind: 'timeout' } : { kind: 'failed' };
  }
}

/** A check that security groups block. */
export async function noAnswer({ healthCheck }: TargetGroup, signal: AbortSignal): Promise<Outcome> {
  return await sleep(healthCheck.timeoutSeconds * 1000, { kind: 'timeout' as const }, { signal }).catch(
    () => ({ kind: 'failed' }) as const,
  );
}

/** The HTTP or gRPC status for the matcher; any number for a mere connection. */
function ask(group: TargetGroup, at: ProbedAt, signal: AbortSignal): Promise<number> {
  const { protocol, path = '/' } = group.healthCheck;
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') return connects(at, signal);
  const secure = protocol === 'HTTPS';
  if (group.protocolVersion === 'HTTP2' || group.protocolVersion === 'GRPC') {
    return askHttp2(group.protocolVersion, at, { secure, path, signal });
  }
  return askHttp1(at, { secure, path, signal });
}

interface Asked {
  readonly secure: boolean;
  readonly path: string;
  readonly signal: AbortSignal;
}

function askHttp1(at: ProbedAt, { secure, path, signal }: Asked): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const options = {
    path,
    headers: { ...headers, host: at.host, connection: 'close' },
    signal,
    createConnection: () => {
      const socket = greeted(at);
      return secure ? connectTls({ socket, rejectUnauthorized: false }) : socket;
    },
  };
  const request = secure ? httpsRequest(options) : httpRequest(options);
  request.once('response', (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  request.once('error', reject);
  request.end();
  return promise;
}

async function askHttp2(
  version: 'HTTP2' | 'GRPC',
  { address, port, host }: ProbedAt,
  { secure, path, signal }: Asked,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const session = connectHttp2(`${secure ? 'https' : 'http'}://${hostPort(address, port)}`, {
    rejectUnauthorized: false,
  });
  session.on('error', reject);
  const grpc = version === 'GRPC';
  const special = grpc
    ? { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }
    : { ':method': 'GET' };
  const stream = session.request(
    { ...headers, ...special, ':path': path, ':authority': host },
    { endStream: !grpc, signal },
  );
  stream.on('error', reject);
  const readStatus = (answer: Readonly<Record<string, unknown>>): void => {
    const status = answer['grpc-status'];
    if (typeof status === 'string') resolve(Number(status));
  };
  stream.once('response', (answer) => {
    if (grpc) readStatus(answer);
    else resolve(answer[':status'] ?? 0);
    stream.resume();
  });
  stream.once('trailers', readStatus);
  stream.once('close', () => reject(new Error('The target gave no status')));
  // An empty gRPC message: not compressed, length 0.
  if (grpc) stream.end(Buffer.alloc(5));
  try {
    return await promise;
  } finally {
    session.destroy();
  }
}

function greeted({ address, port, preamble, opened }: ProbedAt, signal?: AbortSignal): Socket {
  const socket = connectTcp({ host: address, port, ...(signal && { signal }) });
  opened?.(socket);
  if (preamble) socket.write(preamble);
  return socket;
}

async function connects(at: ProbedAt, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socket = greeted(at, signal).once('connect', () => resolve(0));
  socket.once('error', reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
