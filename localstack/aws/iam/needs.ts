import { elbv2Behind } from './behind.ts';
import type { Call, Needs } from './call.ts';
import type { Asked } from './evaluate.ts';
import { acmOthers, acmResources } from './resources-acm.ts';
import { ec2Others, ec2Resources } from './resources-ec2.ts';
import { elbv2Others, elbv2Resources } from './resources-elbv2.ts';
import { shieldOthers } from './resources-shield.ts';
import { stsOthers, stsResources } from './resources-sts.ts';
import { taggingOthers, taggingResources } from './resources-tagging.ts';

interface Table {
  readonly resources: Readonly<Record<string, Needs>>;
  /** For actions that are not in the table. */
  readonly others: Needs;
}

const tables: Readonly<Record<string, Table>> = {
  elasticloadbalancing: {
    resources: elbv2Resources,
    others: elbv2Others,
  },
  ec2: { resources: ec2Resources, others: ec2Others },
  acm: { resources: acmResources, others: acmOthers },
  tagging: { resources: taggingResources, others: taggingOthers },
  shield: { resources: {}, others: shieldOthers },
  sts: { resources: stsResources, others: stsOthers },
};

/** All permissions of a call. Each must be allowed. */
export function needsOf(service: string, call: Call): readonly Asked[] {
  const table = tables[service];
  if (!table) return [];
  const own = Object.hasOwn(table.resources, call.action) ? table.resources[call.action] : undefined;
  const direct = (own ?? table.others)(call);
  return service === 'elasticloadbalancing' ? [...direct, ...elbv2Behind(call)] : direct;
}
