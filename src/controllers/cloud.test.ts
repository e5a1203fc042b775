// How a term's knowledge of AWS is opened and closed.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { awsUnderTest } from '../aws/testing/aws-under-test.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { Cloud } from './cloud.ts';
import { openTerm } from './testing/term-under-test.ts';

let it: Awaited<ReturnType<typeof awsUnderTest>>;
let stop: AbortController;
beforeEach(async () => {
  it = await awsUnderTest();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await it.close();
});

test('an API server that fails once while the term opens does not stop the term', async () => {
  const client = new MemoryClient();
  const { cloud } = await openTerm(it, stop.signal, [], client);
  client.intercept = () => Promise.reject(new Error('the API server is away'));
  await expect(cloud.ready()).rejects.toThrow('away');
  client.intercept = () => undefined;
  expect(await cloud.ready()).toEqual([]);
});

test('a term that ends in order keeps what it has just learned of the targets, and one that has lost its lease writes nothing', async () => {
  for (const isLeader of [true, false]) {
    const client = new MemoryClient();
    const term = await openTerm(it, stop.signal, [], client);
    const cloud = await Cloud.open({ ...term, isLeader: () => isLeader }, stop.signal);
    cloud.membership.confirm('arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/1', [
      { id: '10.0.0.1', port: 80 },
    ]);
    stop.abort();
    await cloud.close();
    expect(client.actions.some((action) => action.endsWith('gatehouse-system/gatehouse-targets'))).toBe(isLeader);
    stop = new AbortController();
  }
});
