// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html and its siblings;
// docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
import {
  DeleteListenerCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  ModifyRuleCommand,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { absent, Embedded, forward, path, present } from '../testing/embedded.ts';

async function priorities(aws: Embedded, listener: string): Promise<(string | undefined)[]> {
  const { Rules = [] } = await aws.elb.send(new DescribeRulesCommand({ ListenerArn: listener }));
  return Rules.map((rule) => rule.Priority);
}

test('rules are listed by priority, the default rule last', async () => {
  await using aws = await Embedded.start();
  const listener = await aws.listener(await aws.loadBalancer());
  for (const priority of [20, 3, 50_000]) await aws.rule(listener, priority);
  expect(await priorities(aws, listener)).toEqual(['3', '20', '50000', 'default']);
  const first = await aws.elb.send(new DescribeRulesCommand({ ListenerArn: listener, PageSize: 3 }));
  expect(first.Rules).toHaveLength(3);
  const { NextMarker: Marker } = first;
  const second = await aws.elb.send(new DescribeRulesCommand({ ListenerArn: listener, PageSize: 3, Marker }));
  expect(second.Rules?.map((rule) => rule.IsDefault)).toEqual([true]);
});

test('a priority in use or out of bounds is refused', async () => {
  await using aws = await Embedded.start();
  const listener = await aws.listener(await aws.loadBalancer());
  await aws.rule(listener, 1);
  expect(await refusal(aws.rule(listener, 1))).toBe('PriorityInUseException');
  expect(await refusal(aws.rule(listener, 0))).toBe('ValidationError');
  expect(await refusal(aws.rule(listener, 50_001))).toBe('ValidationError');
});

test('the 100 rules are counted over all listeners, default rules aside', async () => {
  await using aws = await Embedded.start({ quotas: { 'rules-per-application-load-balancer': 3 } });
  const loadBalancer = await aws.loadBalancer();
  const one = await aws.listener(loadBalancer);
  const two = await aws.listener(loadBalancer, { Port: 81 });
  await aws.rule(one, 1);
  await aws.rule(one, 2);
  await aws.rule(two, 1);
  expect(await refusal(aws.rule(two, 2))).toBe('TooManyRulesException');
});

test('two rules swap priorities in one call, and a clash moves neither', async () => {
  await using aws = await Embedded.start();
  const listener = await aws.listener(await aws.loadBalancer());
  const a = await aws.rule(listener, 1);
  const b = await aws.rule(listener, 2);
  await aws.rule(listener, 3);
  const set = (...pairs: readonly (readonly [string, number])[]) =>
    aws.elb.send(
      new SetRulePrioritiesCommand({ RulePriorities: pairs.map(([RuleArn, Priority]) => ({ RuleArn, Priority })) }),
    );
  await set([a, 2], [b, 1]);
  const described = await aws.elb.send(new DescribeRulesCommand({ RuleArns: [a, b] }));
  expect(described.Rules?.map((rule) => rule.Priority)).toEqual(['2', '1']);
  expect(await refusal(set([a, 4], [b, 3]))).toBe('PriorityInUseException');
  expect(await priorities(aws, listener)).toEqual(['1', '2', '3', 'default']);
  expect(await refusal(set([a, 5], [absent(b), 6]))).toBe('RuleNotFoundException');
});

test('modifying conditions leaves the actions, and the other way round', async () => {
  await using aws = await Embedded.start();
  const listener = await aws.listener(await aws.loadBalancer());
  const group = await aws.targetGroup();
  const rule = await aws.rule(listener, 1, { Actions: forward(group) });
  await aws.elb.send(new ModifyRuleCommand({ RuleArn: rule, Conditions: path('/new') }));
  await aws.elb.send(
    new ModifyRuleCommand({
      RuleArn: rule,
      Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/new', Replace: '/' }] } }],
    }),
  );
  const { Rules } = await aws.elb.send(new DescribeRulesCommand({ RuleArns: [rule] }));
  expect(Rules?.[0]?.Conditions?.[0]?.Values).toEqual(['/new']);
  expect(Rules?.[0]?.Actions?.[0]?.TargetGroupArn).toBe(group);
  expect(Rules?.[0]?.Transforms?.[0]?.UrlRewriteConfig?.Rewrites).toEqual([{ Regex: '^/new', Replace: '/' }]);
});

test('the default rule can be neither deleted nor modified, and goes with its listener', async () => {
  await using aws = await Embedded.start();
  const listener = await aws.listener(await aws.loadBalancer());
  const rule = await aws.rule(listener, 1);
  const { Rules = [] } = await aws.elb.send(new DescribeRulesCommand({ ListenerArn: listener }));
  const RuleArn = present(Rules.find((each) => each.IsDefault)?.RuleArn);
  expect(await refusal(aws.elb.send(new DeleteRuleCommand({ RuleArn })))).toBe('OperationNotPermittedException');
  const modify = new ModifyRuleCommand({ RuleArn, Conditions: path('/x') });
  expect(await refusal(aws.elb.send(modify))).toBe('OperationNotPermittedException');
  await aws.elb.send(new DeleteListenerCommand({ ListenerArn: listener }));
  const describe = (arn: string) => aws.elb.send(new DescribeRulesCommand({ RuleArns: [arn] }));
  expect(await refusal(describe(rule))).toBe('RuleNotFoundException');
  expect(await refusal(describe(RuleArn))).toBe('RuleNotFoundException');
});
