import type { OwnedResource } from '../observed.ts';
import { stepId } from './draft.ts';
import type { Plan } from './step.ts';

/** Deletes only these resources, in any order, because no other resource of ours uses them. */
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
