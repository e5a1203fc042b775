import { EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll } from 'vitest';
import { type Aws, type StartOptions, startAws } from '../server.ts';
import { clientOf } from './client.ts';

/** Gives the tests of a file one embedded AWS. @returns a client for its EC2, and its state, for hooks and tests */
export function ec2UnderTest(options: StartOptions = {}) {
  let aws: Aws;
  const ec2 = new EC2Client({ ...clientOf({ url: '' }), endpoint: async () => ({ url: new URL(aws.url) }) });
  beforeAll(async () => {
    aws = await startAws({ port: 0, ...options });
  });
  afterAll(async () => {
    ec2.destroy();
    await aws.close();
  });
  return { ec2, state: () => aws.world().ec2 };
}
