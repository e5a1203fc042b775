// A plan as text: trees for people, JSON and YAML for programs.
import { stringify } from 'yaml';
import type { InvalidManifest } from '../gateway/manifest-shape.ts';
import { planTree } from './plan-tree.ts';
import type { PlannedGateway } from './planned.ts';
import type { UnknownField } from './unknown-fields.ts';

export const outputs = ['tree', 'json', 'yaml'] as const;
export type Output = (typeof outputs)[number];

/** `envoy` is Envoy's own configuration. */
export const planOutputs = [...outputs, 'envoy'] as const;
export type PlanOutput = (typeof planOutputs)[number];

export interface Planned {
  readonly gateways: readonly PlannedGateway[];
  readonly invalid: readonly InvalidManifest[];
  readonly unknownFields: readonly (UnknownField & { readonly object: string })[];
  /** Resources in AWS of Gateways that are gone or no longer ours; absent if AWS was not read. */
  readonly leftovers?: readonly { readonly gateway: string; readonly resources: number }[];
}

export function printed(all: Planned, output: PlanOutput): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(withoutEnvoy(all), null, 2)}\n`;
    case 'yaml':
      return yaml(withoutEnvoy(all));
    case 'envoy':
      return yaml({ gateways: all.gateways.flatMap(envoyConfiguration) });
    case 'tree':
      return tree(all);
    default:
      return output satisfies never;
  }
}

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** Envoy's configuration says the same as the model, at ten times the length. */
const withoutEnvoy = ({ gateways, ...all }: Planned) => ({
  gateways: gateways.map((gateway) => {
    if (gateway.provider === 'aws') return gateway;
    const { envoy: _, ...planned } = gateway;
    return planned;
  }),
  ...all,
});

const envoyConfiguration = (gateway: PlannedGateway) =>
  gateway.provider === 'aws' ? [] : { gateway: gateway.gateway, ...gateway.envoy };

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [[title, ...lines.map((line) => `  ${line}`), ''].join('\n')];

function tree({ gateways, invalid, unknownFields, leftovers = [] }: Planned): string {
  return [
    ...gateways.map(planTree),
    ...section(
      'Ignored, because an API server would refuse it:',
      invalid.map(({ object, field, detail }) => `${object}: ${field}: ${detail}`),
    ),
    ...section(
      'Planned without these fields, because the API does not have them:',
      unknownFields.map(
        ({ object, field, hint }) => `${object}: ${field} is unknown${hint === undefined ? '' : `: ${hint}`}`,
      ),
    ),
    ...section(
      'Left in AWS by Gateways that are gone; the controller removes it:',
      leftovers.map(({ gateway, resources }) => `${gateway}: ${resources} resource${resources === 1 ? '' : 's'}`),
    ),
    // If not everything fits, serving rules keep their place. So the plan may differ when AWS is read.
    ...(gateways.some((gateway) => gateway.provider === 'aws' && gateway.aws === undefined)
      ? ['AWS was not read: the plan assumes that nothing serves yet.\n']
      : []),
  ].join('\n');
}
