// An AWS that throttles, fails, loses answers and shows writes late, with ten Gateways: everything is created, changed and
// removed as usual, once, and within AWS's request rates.
import type { FaultPlanInput } from '../../localstack/aws/faults/plan.ts';
import { readFaultPlan } from '../../localstack/aws/faults/plan.ts';
import type { BucketUse } from '../../localstack/aws/throttle.ts';
import { type Rig, startRig } from '../integration/support/gatehouse.ts';
import { type Findings, family, type Options, type Scenario } from './scenario.ts';
import { type Calm, calmly, disturbed, startWorkload, type Workload } from './workload.ts';

interface Stage {
  readonly rig: Rig;
  readonly workload: Workload;
  readonly calm: Calm;
  stop(): Promise<void>;
}

const gateways = 10;

async function open({ program, say }: Options): Promise<Stage> {
  // AWS's own rates, as for users.
  const rig = await startRig({ gatehouse: { program, flags: { 'aws-rate-factor': '1' } } });
  const workload = await startWorkload(rig, gateways);
  say(`${gateways} Gateways without a fault, for comparison …`);
  return { rig, workload, calm: await calmly(workload), stop: () => rig.stop() };
}

interface Trouble {
  readonly name: string;
  readonly what: string;
  readonly plan: FaultPlanInput;
}

const troubles: readonly Trouble[] = [
  {
    name: 'aws-throttled',
    what: '30 % of the calls are throttled',
    plan: { rules: [{ kind: 'throttle', probability: 0.3 }] },
  },
  {
    name: 'aws-failing',
    what: '20 % of the calls are answered 500 or 503',
    plan: {
      rules: [
        { kind: 'error', status: 500, probability: 0.1 },
        { kind: 'error', status: 503, probability: 0.11 },
      ],
    },
  },
  {
    name: 'aws-answers-lost',
    what: '10 % of the calls are carried out, and the answer is lost',
    plan: { rules: [{ kind: 'answer-lost', probability: 0.1 }] },
  },
  { name: 'aws-lagging', what: 'reads are 5 s behind writes', plan: { readLagSeconds: 5 } },
];

const scenarioOf = ({ name, what, plan }: Trouble): Scenario<Stage> => ({
  name,
  what,
  run: async ({ rig, workload, calm }) => {
    const { aws } = rig;
    const before = aws.bucketUses();
    const calls = aws.calls.counts().total;
    aws.faults.set(readFaultPlan({ seed: 7, ...plan }));
    let met = 0;
    let findings: Findings;
    try {
      findings = await disturbed(workload, calm);
      met = aws.faults.met.reduce((sum, each) => sum + each, 0);
    } finally {
      aws.faults.set(readFaultPlan({}));
    }
    const struck = plan.rules === undefined ? '' : `, ${met} of them struck`;
    return {
      ...findings,
      count: `${gateways} Gateways, ${aws.calls.counts().total - calls} calls${struck}`,
      failures: [
        ...findings.failures,
        ...(plan.rules !== undefined && met === 0 ? ['no call met the trouble'] : []),
        ...tooQuick(before, aws.bucketUses()),
      ],
    };
  },
});

/** Some actions have several buckets, depending on their parameters. */
const nameOf = ({ service, bucket, burst }: BucketUse): string => `${service} ${bucket} of ${burst}`;

/** The buckets where calls exceeded AWS's documented rates. */
function tooQuick(before: readonly BucketUse[], after: readonly BucketUse[]): readonly string[] {
  const known = new Map(before.map((use) => [nameOf(use), use.beyond]));
  return after
    .map((use) => ({ ...use, beyond: use.beyond - (known.get(nameOf(use)) ?? 0) }))
    .filter(({ beyond }) => beyond > 0)
    .map((use) => `${use.beyond} calls beyond AWS's rate of ${nameOf(use)}: ${use.perSecond}/s`);
}

export const awsTrouble = family(open, troubles.map(scenarioOf));
