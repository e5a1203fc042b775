import { expect, test } from 'vitest';
import { createEc2Client } from './client.ts';
import { AuthorizeSecurityGroupIngressCommand } from './commands.ts';

interface Sent {
  readonly hostname: string;
  readonly authorization: string;
  readonly body: string;
}

const hasRequest = (
  args: object,
): args is { readonly request: { hostname: string; headers: Record<string, string>; body: string } } =>
  'request' in args;

/** What goes over the wire, which it never reaches. */
async function sent(options: Parameters<typeof createEc2Client>[0]): Promise<Sent> {
  const { AWS_ENDPOINT_URL: endpoint } = process.env;
  delete process.env['AWS_ENDPOINT_URL'];
  const client = createEc2Client({ ...options, credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' } });
  let request: Sent | undefined;
  client.middlewareStack.add(
    () => async (args) => {
      if (hasRequest(args)) {
        const { hostname, headers, body } = args.request;
        request = { hostname, authorization: headers['authorization'] ?? '', body };
      }
      return { output: { $metadata: {} }, response: {} };
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const IpPermissions = [
    { IpProtocol: 'tcp', FromPort: 80, ToPort: 81, UserIdGroupPairs: [{ GroupId: 'sg-2', Description: 'in' }] },
  ];
  await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: 'sg-1', IpPermissions }));
  if (endpoint !== undefined) process.env['AWS_ENDPOINT_URL'] = endpoint;
  if (request === undefined) throw new Error('nothing was sent');
  return request;
}

test('a request is as EC2 wants it: its own version, flat lists, its own signature', async () => {
  const { hostname, authorization, body } = await sent({ region: 'us-east-1' });
  expect(hostname).toBe('ec2.us-east-1.amazonaws.com');
  expect(authorization).toContain('/us-east-1/ec2/aws4_request');
  expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
    Action: 'AuthorizeSecurityGroupIngress',
    Version: '2016-11-15',
    GroupId: 'sg-1',
    'IpPermissions.1.IpProtocol': 'tcp',
    'IpPermissions.1.FromPort': '80',
    'IpPermissions.1.ToPort': '81',
    'IpPermissions.1.Groups.1.GroupId': 'sg-2',
    'IpPermissions.1.Groups.1.Description': 'in',
  });
});

test.each([
  [{ region: 'cn-north-1' }, 'ec2.cn-north-1.amazonaws.com.cn'],
  [{ region: 'us-gov-west-1', useFipsEndpoint: true }, 'ec2.us-gov-west-1.amazonaws.com'],
  [{ region: 'us-east-1', useFipsEndpoint: true }, 'ec2-fips.us-east-1.amazonaws.com'],
  [{ region: 'eu-west-1', useDualstackEndpoint: true }, 'ec2.eu-west-1.api.aws'],
])('with %o it goes to %s', async (options, hostname) => {
  expect((await sent(options)).hostname).toBe(hostname);
});
