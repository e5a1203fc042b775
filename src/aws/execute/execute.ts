// Executes a plan. Steps that do not wait for each other run in parallel, and a failed step stops only its dependants. Steps
// of one namespace never queue behind steps of another namespace.
import pLimit, { type LimitFunction } from 'p-limit';
import type { Plan, Step, StepId } from '../diff/step.ts';
import { onErrand } from '../errand.ts';
import { AwsError, toProblem } from '../errors.ts';
import { namespaceOf, ownerName } from '../model/owner.ts';
import type { ResourceId } from '../model/resources.ts';
import type { Problem } from '../problem.ts';
import { performStep } from './perform.ts';
import { type ExecuteContext, type Held, type Outcome, Run, type StepEnd } from './run.ts';

type End = StepEnd | { readonly kind: 'left-out' } | { readonly kind: 'recalled' };

/** How many steps of one Gateway and namespace run at a time. The account's rate limits apply as well. */
const sideBySide = 8;

/**
 * @param perform executes one step
 * @throws only if there is a bug; refusals of AWS are in the outcome
 */
export async function executePlan(
  plan: Plan,
  context: ExecuteContext,
  perform: typeof performStep = performStep,
): Promise<Outcome> {
  const run = new Run(plan, context);
  const limits = new Map<string, LimitFunction>();
  const limitOf = (namespace: string): LimitFunction => {
    const limit = limits.get(namespace) ?? pLimit(sideBySide);
    limits.set(namespace, limit);
    return limit;
  };
  const ends = new Map<StepId, Promise<End>>();
  const endsOf = (ids: readonly StepId[]) => Promise.all(ids.flatMap((id) => ends.get(id) ?? []));
  for (const step of plan.steps) {
    const end = async (): Promise<End> => {
      const before = await endsOf(step.after);
      await endsOf(step.follows ?? []);
      if (before.some(({ kind }) => kind === 'recalled')) return recalled;
      if (before.some(({ kind }) => kind !== 'done')) return leftOut;
      return limitOf(namespaceOf(step.resource, context.owner))(() => attempt(run, step, perform));
    };
    ends.set(step.id, end());
  }
  // Wait for all steps before a bug in a step is thrown, because no step may still run after this function has returned.
  await Promise.allSettled(ends.values());
  return outcomeOf(
    await Promise.all(plan.steps.map(async (step) => [step, (await ends.get(step.id)) ?? leftOut])),
    context,
  );
}

const leftOut: End = { kind: 'left-out' };
const recalled: End = { kind: 'recalled' };

async function attempt(run: Run, step: Step, perform: typeof performStep): Promise<End> {
  const { logger, owner, signal, recall } = run.context;
  if (signal.aborted) return leftOut;
  if (recall?.aborted === true) return recalled;
  const errand = { namespace: namespaceOf(step.resource, owner), object: ownerName(owner), ...(recall && { recall }) };
  try {
    const end = await onErrand(errand, () => perform(run, step));
    if (end.kind === 'done') logger.info({ resource: step.resource, arn: arnOf(step) }, words[step.kind]);
    else logger.debug({ step: step.id, end: end.kind }, 'a step is not done yet');
    return end;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.kind === 'lease-lost') return leftOut;
    if (error.kind === 'recalled') return recalled;
    if (error.retryable) run.unanswered.add(step.resource);
    if (error.kind === 'not-yet-visible') {
      logger.debug({ step: step.id, action: error.action, code: error.code }, 'a step waits for AWS to show a write');
      return { kind: 'not-yet-visible' };
    }
    logger.warn({ step: step.id, action: error.action, code: error.code, detail: error.detail }, 'a step failed');
    return { kind: 'error', error };
  }
}

/** The result of a step in words, for the log. */
const words = {
  create: 'made',
  'create-rule': 'made',
  change: 'changed',
  'set-attributes': 'set the attributes',
  'set-ingress': 'set the ingress rules',
  'set-certificates': 'set the certificates',
  tag: 'set the tags',
  'set-priorities': 'set the priorities',
  'warm-rule': 'let a target group join its rule without weight',
  'warm-listener': 'let a target group join its listener without weight',
  'set-tls': 'changed the certificate and the policies',
  'sync-targets': 'registered the targets',
  delete: 'removed',
} as const satisfies Record<Step['kind'], string>;

/** The ARN of the existing resource that a step is about. */
function arnOf(step: Step): string | undefined {
  if (step.kind === 'delete') return step.existing.arn;
  return 'arn' in step ? step.arn : undefined;
}

function outcomeOf(
  ends: readonly (readonly [Step, End])[],
  { owner, problemsBefore }: Pick<ExecuteContext, 'owner' | 'problemsBefore'>,
): Outcome {
  const done: StepId[] = [];
  const problems: Problem[] = [];
  const pending: ResourceId[] = [];
  const held: Held[] = [];
  const behind = new Set<string>();
  const problemsById = new Map<ResourceId, readonly Problem[]>();
  const report = (resource: ResourceId, some: readonly Problem[] = []): void => {
    if (some.length === 0) return;
    problems.push(...some);
    problemsById.set(resource, [...(problemsById.get(resource) ?? []), ...some]);
  };
  let again = false;
  let drifted = false;
  for (const [{ id, resource }, end] of ends) {
    switch (end.kind) {
      case 'done':
        done.push(id);
        report(resource, end.problems);
        if (end.again === true) again = true;
        break;
      case 'in-use':
        held.push(end.held);
        pending.push(resource);
        break;
      case 'not-yet-visible':
        pending.push(resource);
        break;
      case 'failed':
        report(resource, end.problems);
        if (end.again === true) again = true;
        break;
      case 'error':
        report(resource, [toProblem(end.error, resource)]);
        if (end.error.kind === 'not-found') drifted = true;
        break;
      case 'recalled':
        behind.add(namespaceOf(resource, owner));
        // A refusal stays reported until the step is tried again: a status must not change because there was no time.
        if (!problemsById.has(resource)) report(resource, problemsBefore?.get(resource));
        break;
      case 'left-out':
        break;
      default:
        end satisfies never;
    }
  }
  return {
    done,
    problems,
    pending,
    held,
    behind: [...behind],
    problemsById,
    ...(again ? { again } : {}),
    ...(drifted ? { drifted } : {}),
  };
}
