import type { OwnedResource } from '../observed.ts';
import { stepId } from './draft.ts';
import type { Plan } from './step.ts';

/** Deletes what nothing else of ours uses any more: in no order, and nothing beside it. */
export const removal = (resources: readonly OwnedResource[]): Plan => ({
  steps: resources.map((existing) => ({
    kind: 'delete',
    id: stepId('delete', existing.arn),
    after: [],
    resource: existing.id,
    existing,
  })),
  existing: new Map(),
  pending: [],
});
