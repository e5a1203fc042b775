// Another AWS instead of the embedded one: a proxy counts the calls and mirrors their resources. It does not have the
// embedded AWS's switches, and a test that uses one gets an error.
import { randomBytes } from 'node:crypto';
import { Calls } from '../../localstack/aws/calls.ts';
import { systemClock } from '../../localstack/aws/clock.ts';
import { defaultOptions } from '../../localstack/aws/options.ts';
import type { Aws, StartOptions } from '../../localstack/aws/server.ts';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import type { World } from '../../localstack/aws/world.ts';
import { startAwsFaults } from '../integration/support/aws-faults.ts';
import { recordOf } from './answers.ts';
import { Mirror } from './mirror.ts';
import { seedNetwork } from './network.ts';

/** The variable with the endpoint. Without it, the embedded AWS is started. */
export const endpointVariable = 'GATEHOUSE_TEST_AWS_ENDPOINT';

/** The beginning of the error message for a test that uses a switch. */
export const needsSwitch = 'Only the embedded AWS has ';

function lacking(name: string): never {
  throw new Error(needsSwitch + name);
}

/** Options that no other AWS has. The remaining options are only about durations. */
const switches = ['quotas', 'throttling', 'policies', 'faults'] as const;

type Own = Pick<Aws, 'url' | 'calls' | 'seeded' | 'world' | 'close'>;

/** All other members of an Aws are switches. */
const withoutSwitches = (own: Own): Aws =>
  new Proxy(recordOf<Aws>(own), {
    get: (target, name, receiver) =>
      name in target || typeof name === 'symbol' || name === 'then'
        ? Reflect.get(target, name, receiver)
        : lacking(name),
  });

/** ARNs in a form's body. */
const plain = (body: string): string => body.replaceAll('%3A', ':').replaceAll('%2F', '/');

/** Creates a cluster's network in the AWS at `endpoint`, and starts a proxy for it. */
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
  // Resources of other environments' clusters do not belong to this one.
  const clusterName = `${options.seedClusterName}-${randomBytes(3).toString('hex')}`;
  const seed = await seedNetwork(clientOf(proxy), region, clusterName);
  const { privateSubnetIds, publicSubnetIds, nodeSecurityGroupId } = seed;
  await mirror.refresh(...privateSubnetIds, ...publicSubnetIds, nodeSecurityGroupId);
  calls.zero();
  const world = recordOf<World>(mirror.state);
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
