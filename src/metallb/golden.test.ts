// What users read of a Gateway on MetalLB, where that differs from what they read on AWS.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadCases, toYaml } from '../testing/golden.ts';
import { METALLB_TOPICS, reportedOnMetallb } from '../testing/metallb-statuses.ts';

test.each(METALLB_TOPICS.flatMap((topic) => loadCases(topic)))(
  '$name gives the statuses in its folder',
  async ({ dir, inputs }) => {
    const statuses = await Promise.all(inputs.map(async (input) => (await reportedOnMetallb(input)).statuses));
    await expect(toYaml(statuses)).toMatchFileSnapshot(join(dir, 'status.metallb.yaml'));
  },
);
