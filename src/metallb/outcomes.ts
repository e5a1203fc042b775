// What the API server refused, as findings.
import type { ObjectOutcome } from '../kube/apply-set.ts';
import { type KubeObject, objectKey } from '../kube/object.ts';
import { type Finding, type Hindrance, ofGateway } from '../provider/finding.ts';

const hinders: Pick<Hindrance, 'kind' | 'concerns' | 'upToDate'> = {
  kind: 'hindrance',
  concerns: 'everything',
  upToDate: 'ObjectRefused',
};

export const findingsOf = (outcomes: readonly ObjectOutcome[]): readonly Finding[] => outcomes.flatMap(findingOf);

function findingOf(outcome: ObjectOutcome): readonly Finding[] {
  const object = nameOf(outcome.object);
  switch (outcome.kind) {
    case 'applied':
    case 'pruned':
      return [];
    case 'foreign': {
      const words = `${object} exists, and is not Gatehouse's. Delete it, or give it another name.`;
      return [ofGateway({ kind: 'object-foreign' }, words, { ...hinders, programmed: 'Invalid' })];
    }
    case 'refused': {
      const { action, status, reason, detail } = outcome;
      const words = `Kubernetes did not ${action === 'apply' ? 'accept' : 'delete'} ${object} (${reason}: ${detail}).`;
      const passes = status !== 403 && status !== 422;
      const effect = {
        ...hinders,
        programmed: passes ? 'Pending' : 'NoResources',
        ...(passes && { passing: true as const }),
      } as const;
      return [ofGateway({ kind: 'object-refused' }, words, effect)];
    }
    default:
      return outcome satisfies never;
  }
}

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${objectKey(metadata)}`;
