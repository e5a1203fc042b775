import { expect, test } from 'vitest';
import { targetBackend } from './backends.ts';
import { modelContext } from './context.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import { standingTargetGroups } from './standing-target-groups.ts';
import { targetGroup } from './target-groups.ts';
import { backend, options, topology } from './testing/sample.ts';

const { vpcId } = PLACEHOLDER_NETWORK;
const api = backend('api', { nodePort: 30_080 });

test.each([
  { scheme: 'internal', targetType: 'ip', ipFamily: 'IPv4' },
  { scheme: 'internal', targetType: 'instance', ipFamily: 'IPv4' },
  { scheme: 'internet-facing', targetType: 'ip', ipFamily: 'IPv6' },
  { scheme: 'internet-facing', targetType: 'instance', ipFamily: 'IPv4' },
] as const)(
  'a group that was made while the settings were $scheme, $targetType and $ipFamily is found without them',
  (made) => {
    const { scheme, targetType, ipFamily } = made;
    const context = modelContext(
      topology([], { scheme, targetType, ipAddressType: 'dualstack' }),
      PLACEHOLDER_NETWORK,
      options,
    );
    const { id } = targetGroup(context, { ...api, families: [ipFamily] });
    const backends = [backend('other'), api, api];
    expect(standingTargetGroups(new Set([id]), backends, vpcId)).toMatchObject([
      { id, backend: targetBackend(api, ipFamily), spec: { targetType } },
    ]);
    expect(standingTargetGroups(new Set([id]), [backend('other')], vpcId)).toEqual([]);
  },
);

test('a group of nodes whose Service has no node port any more keeps the targets that it has', () => {
  const context = modelContext(topology([], { targetType: 'instance' }), PLACEHOLDER_NETWORK, options);
  const { id } = targetGroup(context, api);
  expect(standingTargetGroups(new Set([id]), [backend('api')], vpcId)).toEqual([]);
});
