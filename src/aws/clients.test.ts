import { createServer, type Server } from 'node:http';
import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import { DescribeTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../kube/clock.ts';
import { type AwsClients, createAwsClients } from './clients.ts';
import { onErrand } from './errand.ts';
import { LeaseLostError } from './errors.ts';
import { Limits } from './limits.ts';
import { OwnWrites } from './own-writes.ts';

const refusal = (code: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;

let server: Server;
let requests = 0;
let respond: boolean;
const stop = new AbortController();
const calls: string[] = [];
let mayCall: () => void = () => undefined;
let clients: AwsClients;

beforeEach(async () => {
  requests = 0;
  respond = true;
  calls.length = 0;
  mayCall = () => undefined;
  server = createServer((_request, response) => {
    requests += 1;
    const code = requests === 1 ? 'Throttling' : 'AccessDenied';
    if (respond) response.writeHead(400, { 'content-type': 'text/xml' }).end(refusal(code));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`;
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret';
  clients = createAwsClients({
    region: 'us-east-1',
    userAgent: 'gatehouse/test',
    mayCall: () => mayCall(),
    limits: new Limits(systemClock, 1, { account: [], actions: [] }),
    writes: new OwnWrites(systemClock, 0),
    metrics: { call: (action, code) => calls.push(`${action} ${code}`) },
    signal: stop.signal,
  });
});

afterEach(async () => {
  clients.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const read = () => clients.elbv2.send(new DescribeTagsCommand({ ResourceArns: ['arn'] }));

test('a throttled call is tried again, each attempt counted; what AWS says in the end is said in our words', async () => {
  await expect(read()).rejects.toMatchObject({
    name: 'AwsError',
    kind: 'access-denied',
    action: 'elasticloadbalancing:DescribeTags',
  });
  expect(calls).toEqual([
    'elasticloadbalancing:DescribeTags Throttling',
    'elasticloadbalancing:DescribeTags AccessDenied',
  ]);
});

test('a lease that is lost between two attempts stops the second one', async () => {
  mayCall = () => {
    if (requests === 1) throw new LeaseLostError('gone');
  };
  await expect(read()).rejects.toMatchObject({ kind: 'lease-lost' });
  expect(requests).toBe(1);
});

test('an answer without the request id that AWS gives is not taken for a result in which nothing is', async () => {
  const page = '<html>Sign in</html>';
  const answer =
    '<DescribeTagsResponse><DescribeTagsResult><TagDescriptions/></DescribeTagsResult></DescribeTagsResponse>';
  let isAws = true;
  server.removeAllListeners('request');
  server.on('request', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/xml', ...(isAws && { 'x-amzn-requestid': 'id-1' }) });
    response.end(isAws ? answer : page);
  });
  await expect(read()).resolves.toBeDefined();
  isAws = false;
  await expect(read()).rejects.toMatchObject({ kind: 'unreadable', code: 'NoRequestId' });
});

test('a call under way ends when the process stops, and none begins afterwards', async () => {
  respond = false;
  const ended = clients.ec2.send(new DescribeSubnetsCommand({})).catch((error: unknown) => error);
  await vi.waitFor(() => expect(requests).toBe(1));
  stop.abort();
  expect(await ended).toMatchObject({ kind: 'lease-lost', action: 'ec2:DescribeSubnets' });
  await expect(read()).rejects.toMatchObject({ kind: 'lease-lost' });
  expect(requests).toBe(1);
});

test('a call that waits for its turn is cancelled with its errand, and calls of other namespaces go on', async () => {
  const rates = { account: [], actions: [{ service: 'elasticloadbalancing', actions: /./, burst: 2, perSecond: 10 }] };
  const limited = createAwsClients({
    region: 'us-east-1',
    userAgent: 'gatehouse/test',
    mayCall: () => undefined,
    limits: new Limits(systemClock, 1, rates),
    writes: new OwnWrites(systemClock, 0),
    metrics: { call: () => undefined },
    signal: new AbortController().signal,
  });
  // No answer is a throttling one, after which all calls would rest.
  requests = 1;
  const order: string[] = [];
  const call = (namespace: string, recall?: AbortSignal) =>
    onErrand({ namespace, object: `${namespace}/gw`, ...(recall && { recall }) }, () =>
      limited.elbv2.send(new DescribeTagsCommand({ ResourceArns: ['arn'] })).catch((error: unknown) => {
        order.push(namespace);
        throw error;
      }),
    );
  const recall = new AbortController();
  const busy = Array.from({ length: 5 }, () => call('busy'));
  const last = call('busy', recall.signal);
  const quiet = call('quiet');
  recall.abort();
  await expect(last).rejects.toMatchObject({ kind: 'recalled' });
  await Promise.allSettled([...busy, quiet]);
  expect(order.indexOf('quiet')).toBeLessThan(4);
  expect(requests).toBe(7);
  limited.destroy();
});
