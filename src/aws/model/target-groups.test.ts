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
    expect(standingTargetGroups([{ id }], backends, vpcId)).toMatchObject([
      { id, backend: targetBackend(api, ipFamily), spec: { targetType } },
    ]);
    expect(standingTargetGroups([{ id }], [backend('other')], vpcId)).toEqual([]);
  },
);

test('a group of nodes whose Service has no node port any more keeps the targets that it has', () => {
  const context = modelContext(topology([], { targetType: 'instance' }), PLACEHOLDER_NETWORK, options);
  const { id } = targetGroup(context, api);
  expect(standingTargetGroups([{ id }], [backend('api')], vpcId)).toEqual([]);
});

test('while the settings are not known, the port of the health check is the port that AWS has', () => {
  const context = modelContext(topology([], { healthCheck: { port: 9000 } }), PLACEHOLDER_NETWORK, options);
  const { id } = targetGroup(context, api);
  const portOf = (checkPort?: string) =>
    standingTargetGroups([{ id, ...(checkPort && { checkPort }) }], [api], vpcId).map(
      ({ spec }) => spec.healthCheck?.port,
    );
  expect(portOf('9000')).toEqual(['9000']);
  expect(portOf()).toEqual(['traffic-port']);
});
