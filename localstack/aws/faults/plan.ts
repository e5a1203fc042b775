// The plan of faults: the JSON of `--faults FILE`, of POST /_aws/faults and of startAws({ faults }).
import { z } from 'zod';

/** The calls that a rule applies to. Without `probability` and `times` it applies to every matching call. */
const calls = {
  /** The signing name. */
  service: z.enum(['elasticloadbalancing', 'ec2', 'acm', 'tagging', 'sts', 'shield']).optional(),
  /** The action's name; `*` stands for any characters: `Create*`. */
  action: z
    .string()
    .regex(/^[A-Za-z0-9*]+$/, 'must be an action such as CreateRule; * stands for any characters')
    .optional(),
  /** The chance that the rule applies to a matching call. */
  probability: z.number().min(0).max(1).optional(),
  /** How many times the rule applies. */
  times: z.int().min(1).optional(),
};

const milliseconds = z.number().min(0).max(600_000);

const rule = z.discriminatedUnion('kind', [
  /** Refused with the service's own throttling error. */
  z.strictObject({ kind: z.literal('throttle'), ...calls }),
  /** Refused with a 5xx or any other error. Default of `code`: the service's own code for that status. */
  z.strictObject({
    kind: z.literal('error'),
    status: z.int().min(400).max(599).default(500),
    code: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9._]*$/, 'must be an error code such as ServiceUnavailable')
      .optional(),
    message: z.string().optional(),
    ...calls,
  }),
  /** Not carried out: the connection is cut at once. */
  z.strictObject({ kind: z.literal('reset'), ...calls }),
  /** Not carried out: no answer for this time, then the connection is cut. */
  z.strictObject({ kind: z.literal('timeout'), ms: milliseconds, ...calls }),
  /** Carried out, but later by this time. */
  z.strictObject({ kind: z.literal('latency'), ms: milliseconds, ...calls }),
  /** Carried out, then the connection is cut instead of an answer. */
  z.strictObject({ kind: z.literal('answer-lost'), ...calls }),
]);

const seconds = z.number().min(0).max(86_400).optional();

/** Switches that replace the start options of the same name (options.ts) while the plan is set. */
const switches = {
  provisioningSeconds: seconds,
  releaseSeconds: seconds,
  healthSeconds: seconds,
  drainingSecondsMax: seconds,
  networkRegistrationSeconds: seconds,
  networkDeregistrationSeconds: seconds,
  issuingSeconds: seconds,
  taggingLagSeconds: seconds,
  throttling: z.boolean().optional(),
};

const plan = z.strictObject({
  /** With the same seed, the same calls in the same order get the same faults. */
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  /** How far the reads of ELBv2, EC2 and ACM are behind the writes. */
  readLagSeconds: z.number().min(0).max(600).default(0),
  /** In order. All matching latencies add up. Of the other kinds, the first match happens. */
  rules: z.array(rule).default([]),
  ...switches,
});

export type FaultRule = z.output<typeof rule>;
export type FaultPlan = z.output<typeof plan>;
export type FaultPlanInput = z.input<typeof plan>;

export const noFaults: FaultPlan = { seed: 1, readLagSeconds: 0, rules: [] };

/** @throws Error that names each invalid field. */
export function readFaultPlan(value: unknown): FaultPlan {
  const parsed = plan.safeParse(value);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'the plan'}: ${message}`,
  );
  throw new Error(details.join('; '));
}
