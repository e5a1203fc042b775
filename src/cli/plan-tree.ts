// A plan as a tree: what the provider makes for the Gateway, then the problems, object by object.
import { isAdverse } from '../status/condition.ts';
import { awsPlanLines } from './aws-plan-tree.ts';
import { metallbPlanLines } from './metallb-plan-tree.ts';
import type { PlannedGateway } from './planned.ts';
import type { PlannedObject } from './planned-parts.ts';

export function planTree(plan: PlannedGateway): string {
  const { gateway, gatewayClass, model, shadowed, objects } = plan;
  const lines = [
    `Gateway ${gateway} (class ${gatewayClass})`,
    ...(model === undefined ? ['└─ nothing changes: see the problems'] : []),
    ...madeLines(plan),
    ...noteLines(shadowed),
    ...problemLines(objects),
  ];
  return `${lines.join('\n')}\n`;
}

function madeLines(plan: PlannedGateway): readonly string[] {
  switch (plan.provider) {
    case 'aws':
      return awsPlanLines(plan);
    case 'metallb':
      return metallbPlanLines(plan);
    default:
      return plan satisfies never;
  }
}

function noteLines(shadowed: PlannedGateway['shadowed']): readonly string[] {
  if (shadowed.length === 0) return [];
  return [
    'Notes:',
    ...shadowed.map(
      ({ rule, by }) => `  ${rule} never answers: ${by.join(' and ')} take${by.length === 1 ? 's' : ''} its requests`,
    ),
  ];
}

function problemLines(objects: readonly PlannedObject[]): readonly string[] {
  const wrong = objects.filter(({ problems, conditions }) => problems.length > 0 || conditions.some(isAdverse));
  if (wrong.length === 0) return [];
  const lines = wrong.flatMap(({ object, part, conditions, problems }) => {
    const adverse = conditions.filter(isAdverse);
    const said = adverse.map(({ type, status, reason }) => `${type}=${status} (${reason})`);
    const shown = problems.length > 0 ? problems : adverse;
    return [
      `  ${object}${part === undefined ? '' : `, ${part}`}: ${said.join(', ') || 'accepted, with a remark'}`,
      ...new Set(shown.map(({ message }) => `    ${message}`)),
    ];
  });
  return ['Problems:', ...lines];
}
