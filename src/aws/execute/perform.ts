// Performs one step, by its kind.
import type { Step } from '../diff/step.ts';
import type { Resource, Tags } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import { ownershipTags } from '../tags.ts';
import { syncLoadBalancerTarget } from '../targets/load-balancer-target.ts';
import { syncTargets } from '../targets/sync-targets.ts';
import { setAttributes } from './attributes.ts';
import { changeCertificate, createCertificate } from './certificate.ts';
import { deleteResource } from './delete.ts';
import { setIngress } from './ingress.ts';
import { changeListener, createListener, setCertificates, setTls, warmListener } from './listener.ts';
import { changeLoadBalancer, createLoadBalancer } from './load-balancer.ts';
import { changeRule, createRule, setPriorities, warmRule } from './rule.ts';
import type { Run, StepEnd } from './run.ts';
import { createSecurityGroup } from './security-group.ts';
import { writeTags } from './tagging.ts';
import { changeTargetGroup, createTargetGroup } from './target-group.ts';

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

const done: StepEnd = { kind: 'done' };

/** @throws AwsError */
export async function performStep(run: Run, step: Step): Promise<StepEnd> {
  switch (step.kind) {
    case 'create':
      return await create(run, step);
    case 'create-rule':
      return await createRule(run, step);
    case 'change':
      return await change(run, step);
    case 'set-attributes':
      await setAttributes(run, step);
      return done;
    case 'set-ingress':
      await setIngress(run, step);
      return done;
    case 'set-certificates':
      return await setCertificates(run, step);
    case 'tag':
      await writeTags(run, step.arn, { ...step.add, ...ownershipOf(run, step) }, step.remove);
      return done;
    case 'set-priorities':
      await setPriorities(run, step);
      return done;
    case 'warm-rule':
      await warmRule(run, step);
      return done;
    case 'warm-listener':
      await warmListener(run, step);
      return done;
    case 'set-tls':
      await setTls(run, step);
      return done;
    case 'sync-targets':
      await registerTargets(run, step);
      return done;
    case 'delete':
      return await deleteResource(run, step.existing);
    default:
      return step satisfies never;
  }
}

async function registerTargets({ context, arnOf }: Run, { desired }: StepOf<'sync-targets'>): Promise<void> {
  const { id, backend, loadBalancer, spec } = desired;
  const arn = arnOf(id);
  if (loadBalancer === undefined) {
    await syncTargets(context, { arn, ...(backend && { backend }) }, context.targetsOf(desired));
  } else {
    await syncLoadBalancerTarget(context, arn, { id: arnOf(loadBalancer), port: spec.port });
  }
}

/** If the resource tag is missing, someone may have removed the other ownership tags, too. So all are written. */
function ownershipOf({ context: { cluster, inventory } }: Run, { arn, add, resource }: StepOf<'tag'>): Tags {
  if (!(TAG.resource in add)) return {};
  return ownershipTags(cluster, resource, inventory.get(arn)?.tags[TAG.gateway]);
}

async function create(run: Run, step: StepOf<'create'>): Promise<StepEnd> {
  const { desired, tags } = step;
  switch (desired.kind) {
    case 'security-group':
      return await createSecurityGroup(run, desired, tags);
    case 'certificate':
      return await createCertificate(run, desired, tags);
    case 'load-balancer':
      return await createLoadBalancer(run, desired, tags);
    case 'target-group':
      return await createTargetGroup(run, desired, tags);
    case 'listener':
      return await createListener(run, desired, tags);
    default:
      return desired satisfies never;
  }
}

async function change(run: Run, { desired, arn, tags }: StepOf<'change'>): Promise<StepEnd> {
  if (desired.kind === 'certificate') return await changeCertificate(run, desired, arn, tags);
  if (desired.kind === 'load-balancer') return await changeLoadBalancer(run, desired, arn, tags);
  await changeInPlace(run, desired, arn);
  await writeTags(run, arn, tags);
  return done;
}

async function changeInPlace(
  run: Run,
  desired: Exclude<Resource, { kind: 'certificate' | 'load-balancer' }>,
  arn: string,
): Promise<void> {
  switch (desired.kind) {
    case 'target-group':
      return await changeTargetGroup(run, desired, arn);
    case 'listener':
      return await changeListener(run, desired, arn);
    case 'rule':
      return await changeRule(run, desired, arn);
    case 'security-group':
      // It cannot be changed in place. A different spec gives another name, and so another id.
      return undefined;
    default:
      return desired satisfies never;
  }
}
