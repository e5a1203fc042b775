// A plan as text: trees for people, JSON and YAML for programs.
import { stringify } from 'yaml';
import type { InvalidManifest } from '../gateway/manifest-shape.ts';
import { planTree } from './plan-tree.ts';
import type { PlannedGateway } from './planned.ts';
import type { UnknownField } from './unknown-fields.ts';

export const outputs = ['tree', 'json', 'yaml'] as const;
export type Output = (typeof outputs)[number];

export interface Planned {
  readonly gateways: readonly PlannedGateway[];
  readonly invalid: readonly InvalidManifest[];
  readonly unknownFields: readonly (UnknownField & { readonly object: string })[];
  /** What AWS has of Gateways that are gone, or no longer ours: absent where AWS was not asked. */
  readonly leftovers?: readonly { readonly gateway: string; readonly resources: number }[];
}

export function printed(all: Planned, output: Output): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(all, null, 2)}\n`;
    case 'yaml':
      return stringify(all, { lineWidth: 0, aliasDuplicateObjects: false });
    case 'tree':
      return tree(all);
    default:
      return output satisfies never;
  }
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [[title, ...lines.map((line) => `  ${line}`), ''].join('\n')];

function tree({ gateways, invalid, unknownFields, leftovers = [] }: Planned): string {
  return [
    ...gateways.map(planTree),
    ...section(
      'Passed over, because no API server would take it:',
      invalid.map(({ object, field, detail }) => `${object}: ${field}: ${detail}`),
    ),
    ...section(
      'Planned without these fields, which the API does not have:',
      unknownFields.map(
        ({ object, field, hint }) => `${object}: ${field} is unknown${hint === undefined ? '' : `: ${hint}`}`,
      ),
    ),
    ...section(
      'In AWS of Gateways that are gone, for the controller to remove:',
      leftovers.map(({ gateway, resources }) => `${gateway}: ${resources} resource${resources === 1 ? '' : 's'}`),
    ),
    // What serves keeps its place where not all fits: with AWS another plan may come of it.
    ...(gateways.some(({ aws }) => aws !== undefined)
      ? []
      : ['AWS was not asked: nothing is taken to serve already.\n']),
  ].join('\n');
}
