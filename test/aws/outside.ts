// An AWS that is not the embedded one, in its place: a proxy that counts the calls and mirrors what they name. The switches
// of the embedded AWS are not there, and a test that turns one is told so.
import { randomBytes } from 'node:crypto';
import { Calls } from '../../localstack/aws/calls.ts';
import { systemClock } from '../../localstack/aws/clock.ts';
import { defaultOptions } from '../../localstack/aws/options.ts';
import type { Aws, StartOptions } from '../../localstack/aws/server.ts';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import type { World } from '../../localstack/aws/world.ts';
import { startAwsFaults } from '../integration/support/aws-faults.ts';
import { asFarAsTold } from './answers.ts';
import { Mirror } from './mirror.ts';
import { seedNetwork } from './network.ts';

/** Where the tests find the endpoint; the embedded AWS is started without it. */
export const endpointVariable = 'GATEHOUSE_TEST_AWS_ENDPOINT';

/** How the message begins of the error that a test meets which turns a switch. */
export const needsSwitch = 'Only the embedded AWS has ';

function lacking(name: string): never {
  throw new Error(needsSwitch + name);
}

/** What no other AWS can be told; the other options are about how long things take. */
const switches = ['quotas', 'throttling', 'policies', 'faults'] as const;

type Own = Pick<Aws, 'url' | 'calls' | 'seeded' | 'world' | 'close'>;

/** Whatever else an Aws has is a switch. */
const withoutSwitches = (own: Own): Aws =>
  new Proxy(asFarAsTold<Aws>(own), {
    get: (target, name, receiver) =>
      name in target || typeof name === 'symbol' || name === 'then'
        ? Reflect.get(target, name, receiver)
        : lacking(name),
  });

/** ARNs in a form's body. */
const plain = (body: string): string => body.replaceAll('%3A', ':').replaceAll('%2F', '/');

/** Makes a cluster's network in the AWS at `endpoint`, and stands before it. */
export async function openOutsideAws(endpoint: string, options: StartOptions): Promise<Aws> {
  for (const name of switches) if (options[name] !== undefined) lacking(name);
  const { region } = defaultOptions;
  const mirror = new Mirror(endpoint, region);
  const calls = new Calls(systemClock);
  const proxy = await startAwsFaults(
    endpoint,
    async ({ action, body }, forward) => {
      const [service = '', name = ''] = action.split(':');
      calls.count(service, name);
      const answer = await forward();
      if (!/^(Describe|Get|List)/.test(name)) await mirror.refresh(plain(body), answer.text);
      return answer;
    },
    options.port,
  );
  // What the clusters of other environments own is not this one's.
  const clusterName = `${options.seedClusterName}-${randomBytes(3).toString('hex')}`;
  const seed = await seedNetwork(clientOf(proxy), region, clusterName);
  const { privateSubnetIds, publicSubnetIds, nodeSecurityGroupId } = seed;
  await mirror.refresh(...privateSubnetIds, ...publicSubnetIds, nodeSecurityGroupId);
  calls.zero();
  const world = asFarAsTold<World>(mirror.state);
  return withoutSwitches({
    url: proxy.url,
    calls,
    seeded: () => seed,
    world: () => world,
    close: async () => {
      mirror.destroy();
      await proxy.close();
    },
  });
}
