import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { decode, encode, type Packet, streamDecode, streamEncode } from 'dns-packet';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startForwarding } from '../dataplane/testing/forwarding.ts';
import { type Embedded, present } from '../testing/embedded.ts';
import { answer } from './answer.ts';
import { startDns } from './server.ts';

let aws: Embedded;
let place: string;
let resolver: Resolver;
let dnsName: string;
let address: string;

beforeAll(async () => {
  aws = await startForwarding({ dns: '127.0.0.1:0' });
  place = present(aws.aws.dns);
  resolver = resolverAt(place);
  await aws.loadBalancer();
  ({ dnsName, address } = present(aws.aws.reachable()[0]));
});

function resolverAt(server: string): Resolver {
  const made = new Resolver({ tries: 1 });
  made.setServers([server]);
  return made;
}

afterAll(async () => {
  await aws[Symbol.asyncDispose]();
});

test('a name resolves to the load balancer, for a minute, in any case, and as a dual-stack name', async () => {
  expect(await resolver.resolve4(dnsName, { ttl: true })).toEqual([{ address, ttl: 60 }]);
  expect(await resolver.resolve4(`DUALSTACK.${dnsName.toUpperCase()}`)).toEqual([address]);
});

test('a name resolves as soon as its load balancer is active, and not before', async () => {
  await using slow = await startForwarding({ dns: '127.0.0.1:0', provisioningSeconds: 0.3 });
  const LoadBalancerArns = [await slow.loadBalancer()];
  const describe = async () => {
    const described = await slow.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns }));
    return present(described.LoadBalancers?.[0]);
  };
  const name = present((await describe()).DNSName);
  const slowly = resolverAt(present(slow.aws.dns));
  await expect(slowly.resolve4(name)).rejects.toThrow('ENOTFOUND');
  await vi.waitFor(async () => expect((await describe()).State?.Code).toBe('active'));
  expect(await slowly.resolve4(name)).toEqual([slow.aws.reachable()[0]?.address]);
});

test('an IPv4 load balancer has no IPv6 address, which is no failure', async () => {
  await expect(resolver.resolve6(dnsName)).rejects.toThrow('ENODATA');
});

test.each([
  'web-0.us-east-1.elb.amazonaws.com',
  'web-0000000000000000.elb.us-east-1.amazonaws.com',
  'us-east-1z.web-0.us-east-1.elb.amazonaws.com',
  'web.default.svc.cluster.local',
  'example.com',
])('%s does not exist', async (name) => {
  await expect(resolver.resolve4(name)).rejects.toThrow('ENOTFOUND');
});

const question = (name: string, more: Partial<Packet> = {}): Packet => ({
  type: 'query',
  id: 4711,
  flags: 1 << 8,
  questions: [{ type: 'A', name }],
  ...more,
});

test('over TCP it answers one query after the other on a connection, also when they come in pieces', async () => {
  const [host = '', port = ''] = place.split(':');
  const connection = connect(Number(port), host);
  const queries = Buffer.concat([streamEncode(question(dnsName)), streamEncode(question('example.com'))]);
  connection.write(queries.subarray(0, 7));
  setTimeout(() => connection.write(queries.subarray(7)), 50);
  let received = Buffer.alloc(0);
  for await (const chunk of connection) {
    received = Buffer.concat([received, Buffer.from(chunk)]);
    const first = received.length < 2 ? undefined : 2 + received.readUInt16BE();
    if (first === undefined || received.length <= first) continue;
    expect(streamDecode(received)).toMatchObject({ id: 4711, rcode: 'NOERROR', answers: [{ data: address }] });
    expect(streamDecode(received.subarray(first))).toMatchObject({ rcode: 'NXDOMAIN' });
    break;
  }
});

async function ask(message: Buffer): Promise<Buffer> {
  const [host = '', port = ''] = place.split(':');
  const socket = createSocket('udp4');
  try {
    return await new Promise((resolve) => {
      socket.once('message', resolve);
      socket.send(message, Number(port), host);
    });
  } finally {
    socket.close();
  }
}

test('what is no DNS query harms nobody: it is refused or passed over, and the next query is answered', async () => {
  const query = encode(question(dnsName));
  const rcodeOf = async (message: Buffer) => ((await ask(message))[3] ?? 0) & 0xf;
  expect(await rcodeOf(query.subarray(0, 20))).toBe(1);
  expect(await rcodeOf(encode(question(dnsName, { questions: [] })))).toBe(1);
  expect(await rcodeOf(encode(question(dnsName, { flags: 5 << 11 })))).toBe(4);
  expect(answer(query.subarray(0, 5), 'udp', [])).toBeUndefined();
  expect(answer(encode({ ...question(dnsName), type: 'response' }), 'udp', [])).toBeUndefined();
  // A name that points to itself.
  const loop = Buffer.concat([query.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  expect(answer(loop, 'udp', [])?.[3]).toBe(1);
  expect(decode(await ask(query))).toMatchObject({ id: 4711, flag_aa: true, answers: [{ data: address }] });
});

test('no bytes at all crash it', () => {
  const header = fc.constantFrom(encode(question(dnsName)).subarray(0, 12), Buffer.alloc(0));
  const bytes = fc.tuple(header, fc.uint8Array({ maxLength: 80 })).map((parts) => Buffer.concat(parts));
  fc.assert(
    fc.property(bytes, fc.constantFrom('udp', 'tcp'), (message, transport) => {
      expect(() => answer(message, transport, [])).not.toThrow();
    }),
  );
});

test('more addresses than a packet of UDP holds are asked for again, over TCP', () => {
  const ipv4 = Array.from({ length: 40 }, (_, index) => `127.0.0.${index}`);
  const zone = { ipv4: ['127.0.0.3'], ipv6: [] };
  const names = [{ dnsName, addresses: { ipv4, ipv6: [] }, zonal: { 'us-east-1a': zone } }];
  const query = encode(question(dnsName));
  const short = decode(present(answer(query, 'udp', names)));
  expect([short.flag_tc, short.answers]).toEqual([true, []]);
  expect(decode(present(answer(query, 'tcp', names))).answers).toHaveLength(40);
  const zonal = decode(present(answer(encode(question(`us-east-1a.${dnsName}`)), 'udp', names)));
  expect(zonal.answers).toMatchObject([{ data: '127.0.0.3' }]);
});

test.each(['here', '127.0.0.1', '127.0.0.1:x', 'localhost:53', '127.0.0.1:53:53'])(
  'a place of %s is refused',
  async (wrong) => {
    await expect(startDns(wrong, () => [])).rejects.toThrow('ADDRESS:PORT');
  },
);

test('an address that is in use is an error that names it', async () => {
  await expect(startDns(place, () => [])).rejects.toThrow('EADDRINUSE');
});
