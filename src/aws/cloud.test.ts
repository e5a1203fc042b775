// How a term's knowledge of AWS is opened and closed.
import { expect, test } from 'vitest';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { Cloud } from './cloud.ts';
import { eachTestOnAws } from './testing/aws-under-test.ts';
import { openTerm } from './testing/term-under-test.ts';

const rig = eachTestOnAws();

test('an API server that fails once while the term opens does not stop the term', async () => {
  const client = new MemoryClient();
  const { cloud } = await openTerm(rig, [], client);
  client.intercept = () => Promise.reject(new Error('the API server is away'));
  await expect(cloud.ready()).rejects.toThrow('away');
  client.intercept = () => undefined;
  expect(await cloud.ready()).toEqual([]);
});

test.for([
  ['a term that ends in order keeps what it has just learned of the targets', true],
  ['a term that has lost its lease writes nothing when it ends', false],
] as const)('%s', async ([, isLeader]) => {
  const client = new MemoryClient();
  const term = await openTerm(rig, [], client);
  const cloud = await Cloud.open({ ...term, isLeader: () => isLeader }, rig.signal);
  cloud.membership.confirm('arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/1', [
    { id: '10.0.0.1', port: 80 },
  ]);
  rig.abort();
  await cloud.close();
  expect(client.actions.some((action) => action.endsWith('gatehouse-system/gatehouse-targets'))).toBe(isLeader);
});
