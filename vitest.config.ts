import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './test/slowest-first.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'localstack/**/*.test.ts'],
          // Properties and calls over the wire take longer on a busy machine; nothing waits this long on purpose.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Each file gets an AWS and a controller of its own, and mostly waits: two cores carry three of them.
          maxWorkers: 3,
        },
      },
      {
        // The main integration tests once more, on the oldest release of the Gateway API that is supported.
        test: {
          name: 'oldest-gateway-api',
          include: ['test/integration/{attachment,certificates,lifecycle,routes}.test.ts'],
          env: { GATEHOUSE_TEST_GATEWAY_API: 'v1.4.0' },
          globalSetup: ['test/integration/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
        },
      },
      {
        // The integration tests against another AWS: npm run test:aws. Some never call AWS, or always the embedded one.
        // Those of NLBs need its data plane, its Elastic IPs and its IPv6.
        test: {
          name: 'other-aws',
          include: ['test/integration/**/*.test.ts'],
          exclude: [
            'test/integration/{cluster,deploy,envoy-ads,gateway-api-fields,grpc,kube,metallb*,outside-aws,upgrade}.test.ts',
            'test/integration/{nlb,static-addresses,subnet-mappings}.test.ts',
          ],
          testTimeout: 60_000,
          // Every file makes its network over the wire first.
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/*.test.ts'],
          // Each of them needs the whole machine.
          maxWorkers: 1,
          // After all others: its time limits are not ours to raise.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
