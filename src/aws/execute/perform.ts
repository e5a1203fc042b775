import type { Step } from '../diff/step.ts';
import type { StepEnd } from './execute.ts';
import type { Run } from './run.ts';

export async function performStep(run: Run, step: Step): Promise<StepEnd> {
  throw new Error('wip');
}
