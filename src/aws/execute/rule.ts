import {
  CreateRuleCommand,
  ModifyRuleCommand,
  type Rule,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Step } from '../diff/step.ts';
import { isAlreadyExists } from '../errors.ts';
import { describeTags, rulesOf } from '../inventory/describe.ts';
import { ruleCandidate } from '../inventory/read.ts';
import type { RuleResource } from '../model/resources.ts';
import { scopeOf } from '../model/scope.ts';
import type { Forward } from '../observed.ts';
import { contentOf, forwardsOf, forwardTo, toActions, toCondition, toTransform } from '../shapes.ts';
import { ownerOf, toTagList } from '../tags.ts';
import { adopt } from './adopt.ts';
import type { Run, StepEnd } from './run.ts';

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

export async function createRule(run: Run, { desired, priority, tags }: StepOf<'create-rule'>): Promise<StepEnd> {
  const { clients, inventory } = run.context;
  const listener = run.arnOf(desired.listener);
  const all = run.tags(desired.id, tags);
  const { conditions, action, transforms } = desired.spec;
  try {
    const { Rules: [made] = [] } = await clients.elbv2.send(
      new CreateRuleCommand({
        ListenerArn: listener,
        Priority: priority,
        Conditions: conditions.map(toCondition),
        Actions: toActions(action, run.arnOf),
        ...(transforms.length === 0 ? {} : { Transforms: transforms.map(toTransform) }),
        Tags: toTagList(all),
      }),
    );
    const [candidate] = made === undefined ? [] : ruleCandidate(made, listener);
    if (candidate === undefined) throw new Error(`AWS described nothing for ${desired.id}`);
    inventory.put(candidate.record(desired.id, all));
    return { kind: 'done' };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return await whoHas(run, { desired, priority, listener, tags: all }, error);
  }
}

/** Finds the user of the priority: this rule, if our first answer was lost, or a rule that the inventory lacks. */
async function whoHas(
  run: Run,
  wanted: {
    readonly desired: RuleResource;
    readonly priority: number;
    readonly listener: string;
    readonly tags: RuleResource['tags'];
  },
  error: Error,
): Promise<StepEnd> {
  const { clients, cluster, inventory } = run.context;
  const { desired, priority, listener } = wanted;
  const rules = await rulesOf(clients, listener);
  const candidates = rules.flatMap((rule) => ruleCandidate(rule, listener));
  const tags = await describeTags(
    clients,
    candidates.map(({ arn }) => arn).filter((arn) => inventory.get(arn) === undefined),
  );
  const holder = rules.find((rule) => Number(rule.Priority) === priority);
  for (const candidate of candidates) {
    const own = tags.get(candidate.arn);
    if (own === undefined) continue;
    const owner = ownerOf(own, cluster);
    if (owner.kind === 'ours' && owner.id !== desired.id) inventory.put(candidate.record(owner.id, own));
  }
  const [candidate] = holder === undefined ? [] : ruleCandidate(holder, listener);
  if (candidate === undefined) throw error;
  const own = tags.get(candidate.arn) ?? inventory.get(candidate.arn)?.tags ?? {};
  const owner = ownerOf(own, cluster);
  // Another rule of ours. The next plan takes it into account.
  if (owner.kind === 'ours' && owner.id !== desired.id) return { kind: 'failed', problems: [], again: true };
  const found = { ...candidate, name: `priority ${priority}`, tags: own };
  return await adopt(run, found, { id: desired.id, tags: wanted.tags }, (arn) => changeRule(run, desired, arn));
}

export async function changeRule(run: Run, desired: RuleResource, arn: string): Promise<void> {
  const { conditions, action, transforms } = desired.spec;
  const { Rules: [changed] = [] } = await run.context.clients.elbv2.send(
    new ModifyRuleCommand({
      RuleArn: arn,
      Conditions: conditions.map(toCondition),
      Actions: toActions(action, run.arnOf),
      ...(transforms.length === 0 ? { ResetTransforms: true } : { Transforms: transforms.map(toTransform) }),
    }),
  );
  remember(run, arn, changed);
  const record = run.context.inventory.get(arn);
  if (record?.kind === 'rule') run.context.inventory.put({ ...record, scope: scopeOf(conditions) });
}

/** Adds the new groups with weight 0. They get no traffic, but AWS begins their health checks. */
export async function warmRule(run: Run, { arn, serving, joining }: StepOf<'warm-rule'>): Promise<void> {
  const joined: Forward[] = joining.map((id) => ({ arn: run.arnOf(id), weight: 0 }));
  const { Rules: [changed] = [] } = await run.context.clients.elbv2.send(
    new ModifyRuleCommand({ RuleArn: arn, Actions: forwardTo([...serving, ...joined]) }),
  );
  remember(run, arn, changed);
}

export async function setPriorities(run: Run, { priorities }: StepOf<'set-priorities'>): Promise<void> {
  const { clients, inventory } = run.context;
  await clients.elbv2.send(
    new SetRulePrioritiesCommand({
      RulePriorities: priorities.map(({ arn, priority }) => ({ RuleArn: arn, Priority: priority })),
    }),
  );
  for (const { arn, priority } of priorities) {
    const record = inventory.get(arn);
    if (record?.kind === 'rule') inventory.put({ ...record, priority });
  }
}

function remember({ context: { inventory } }: Run, arn: string, changed: Rule | undefined): void {
  const record = inventory.get(arn);
  if (record?.kind === 'rule' && changed !== undefined) {
    const content = contentOf(changed);
    inventory.put({
      ...record,
      targetGroups: forwardsOf(changed.Actions),
      ...(content !== undefined && { content }),
    });
  }
}
