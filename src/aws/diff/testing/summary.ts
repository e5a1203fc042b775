// What tests compare of a simulated AWS.
import { hash } from '../../model/hash.ts';
import type { Model } from '../../model/resources.ts';
import type { Forward } from '../../observed.ts';
import { converge, gateway } from './resources.ts';
import { SimulatedAws } from './simulated-aws.ts';

/** The existing resources, without ARNs and numbers that depend on AWS or on the history. */
export function summary(aws: SimulatedAws): readonly unknown[] {
  const name = (arn: string) => aws.entries.get(arn)?.owned.id;
  const resources = aws.observe().resources.map(({ arn, tags, ...rest }) => {
    // A value that was set and removed again counts as never set.
    const known = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== hash({})));
    const own = { spec: aws.entries.get(arn)?.spec, tags: known };
    const named = (groups: readonly Forward[]) => groups.map((group) => `${name(group.arn)} ${group.weight}`);
    if (rest.kind === 'listener') {
      const { loadBalancerArn, forwards } = rest;
      const certificate = rest.certificate && name(rest.certificate);
      return { ...rest, ...own, loadBalancerArn: name(loadBalancerArn), forwards: named(forwards), certificate };
    }
    if (rest.kind !== 'rule') return { ...rest, ...own };
    const targetGroups = named(rest.targetGroups);
    return { ...rest, ...own, listenerArn: name(rest.listenerArn), targetGroups, priority: 0 };
  });
  return [...resources.toSorted((a, b) => (a.id < b.id ? -1 : 1)), ruleOrder(aws)];
}

/** The logical ids of each listener's rules, by priority. */
export function ruleOrder(aws: SimulatedAws): ReadonlyMap<string | undefined, readonly string[]> {
  const rules = aws.observe().resources.filter((owned) => owned.kind === 'rule');
  const byListener = Map.groupBy(
    rules.toSorted((a, b) => a.priority - b.priority),
    (rule) => aws.entries.get(rule.listenerArn)?.owned.id,
  );
  return new Map([...byListener].map(([listener, own]) => [listener, own.map((rule) => rule.id)]));
}

export function desiredOrder(model: Model): ReturnType<typeof ruleOrder> {
  const rules = model.resources.filter((resource) => resource.kind === 'rule');
  const byListener = Map.groupBy(rules, (rule) => rule.listener);
  return new Map([...byListener].map(([listener, own]) => [listener, own.map((rule) => rule.id)]));
}

export function madeAnew(model: Model): SimulatedAws {
  const aws = new SimulatedAws(gateway);
  converge(aws, model);
  return aws;
}
