// docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
import {
  type Action,
  DeleteRuleCommand,
  DescribeListenersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  type RedirectActionConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { absent, Embedded, forward, notFound, present } from '../testing/embedded.ts';

const weighted = (...arns: readonly string[]): Action[] => [
  { Type: 'forward', ForwardConfig: { TargetGroups: arns.map((TargetGroupArn) => ({ TargetGroupArn, Weight: 1 })) } },
];

const redirect = (config: Partial<RedirectActionConfig>): Action[] => [
  { Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301', ...config } },
];

test('a plain forward is described in both forms, a weighted forward in the longer form', async () => {
  await using aws = await Embedded.start();
  const [a, b] = [await aws.targetGroup({ Name: 'a' }), await aws.targetGroup({ Name: 'b' })];
  const listener = await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(a) });
  const { Listeners } = await aws.elb.send(new DescribeListenersCommand({ ListenerArns: [listener] }));
  expect(Listeners?.[0]?.DefaultActions).toEqual([
    {
      Type: 'forward',
      TargetGroupArn: a,
      ForwardConfig: {
        TargetGroups: [{ TargetGroupArn: a, Weight: 1 }],
        TargetGroupStickinessConfig: { Enabled: false },
      },
    },
  ]);
  const rule = await aws.rule(listener, 1, { Actions: weighted(a, b) });
  const { Rules } = await aws.elb.send(new DescribeRulesCommand({ RuleArns: [rule] }));
  const action = present(Rules?.[0]?.Actions?.[0]);
  expect(action.TargetGroupArn).toBeUndefined();
  expect(action.ForwardConfig?.TargetGroups?.map((group) => group.TargetGroupArn)).toEqual([a, b]);
});

test('a redirect is described with the parts of the URL that it keeps', async () => {
  await using aws = await Embedded.start();
  const listener = await aws.listener(await aws.loadBalancer(), { DefaultActions: redirect({ Protocol: 'HTTPS' }) });
  const { Listeners } = await aws.elb.send(new DescribeListenersCommand({ ListenerArns: [listener] }));
  expect(Listeners?.[0]?.DefaultActions?.[0]?.RedirectConfig).toEqual({
    Protocol: 'HTTPS',
    Port: '#{port}',
    Host: '#{host}',
    Path: '/#{path}',
    Query: '#{query}',
    StatusCode: 'HTTP_301',
  });
});

test.each<[string, Action[], string]>([
  ['no action that routes', [], 'ValidationError'],
  ['two that route', [...notFound, ...redirect({ Port: '8080' })], 'TooManyActionsException'],
  ['a redirect to itself', redirect({}), 'InvalidLoadBalancerActionException'],
  [
    'a redirect to its own protocol and port',
    redirect({ Protocol: 'HTTP', Port: '80' }),
    'InvalidLoadBalancerActionException',
  ],
  ['a redirect that changes but the query', redirect({ Query: 'x=y' }), 'InvalidLoadBalancerActionException'],
  ['a redirect to port 0', redirect({ Port: '0' }), 'ValidationError'],
  ['a redirect to a path without slash', redirect({ Path: 'x' }), 'ValidationError'],
  [
    'a fixed response of 301',
    [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '301' } }],
    'ValidationError',
  ],
  [
    'a fixed response that is too long',
    [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404', MessageBody: 'x'.repeat(1025) } }],
    'ValidationError',
  ],
])('a listener with %s is refused', async (_, DefaultActions, error) => {
  await using aws = await Embedded.start();
  expect(await refusal(aws.listener(await aws.loadBalancer(), { DefaultActions }))).toBe(error);
});

test('an HTTPS listener does not redirect to HTTP', async () => {
  await using aws = await Embedded.start();
  const Certificates = [{ CertificateArn: await aws.certificate('a.example.test') }];
  const https = { Protocol: 'HTTPS', Port: 443, Certificates } as const;
  const DefaultActions = redirect({ Protocol: 'HTTP', Port: '80' });
  const created = aws.listener(await aws.loadBalancer(), { ...https, DefaultActions });
  expect(await refusal(created)).toBe('InvalidLoadBalancerActionException');
});

test('a forward is refused to what is absent, to another protocol, to another VPC, and by a bad weight', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await aws.loadBalancer();
  const http = await aws.targetGroup();
  const tcp = await aws.targetGroup({ Name: 'tcp', Protocol: 'TCP' });
  const grpc = await aws.targetGroup({ Name: 'grpc', ProtocolVersion: 'GRPC' });
  const six = await aws.targetGroup({ Name: 'six', IpAddressType: 'ipv6' });
  const to = (DefaultActions: Action[]) => refusal(aws.listener(loadBalancer, { DefaultActions }));
  expect(await to(forward(absent(http)))).toBe('TargetGroupNotFoundException');
  expect(await to(forward(tcp))).toBe('IncompatibleProtocolsException');
  expect(await to(forward(grpc))).toBe('InvalidConfigurationRequestException');
  expect(await to(forward(six))).toBe('InvalidConfigurationRequestException');
  expect(await to(weighted(http, http))).toBe('ValidationError');
  const heavy = { ForwardConfig: { TargetGroups: [{ TargetGroupArn: http, Weight: 1000 }] } };
  expect(await to([{ Type: 'forward', ...heavy }])).toBe('ValidationError');
  const sticky = {
    ForwardConfig: { TargetGroups: [{ TargetGroupArn: http }], TargetGroupStickinessConfig: { Enabled: true } },
  };
  expect(await to([{ Type: 'forward', ...sticky }])).toBe('ValidationError');
});

test('a target group serves one load balancer, and any other once that one lets go', async () => {
  await using aws = await Embedded.start();
  const group = await aws.targetGroup();
  const one = await aws.listener(await aws.loadBalancer({ Name: 'one' }));
  const two = await aws.listener(await aws.loadBalancer({ Name: 'two' }));
  const rule = await aws.rule(one, 1, { Actions: forward(group) });
  const again = () => aws.rule(two, 1, { Actions: forward(group) });
  expect(await refusal(again())).toBe('TargetGroupAssociationLimitException');
  await aws.elb.send(new DeleteRuleCommand({ RuleArn: rule }));
  await again();
  const { TargetGroups } = await aws.elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [group] }));
  expect(TargetGroups?.[0]?.LoadBalancerArns).toEqual([expect.stringContaining('/two/')]);
});

test('an action has at most five target groups, and a load balancer so many in all', async () => {
  await using aws = await Embedded.start({ quotas: { 'target-groups-per-application-load-balancer': 5 } });
  const arns: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) arns.push(await aws.targetGroup({ Name: name }));
  const listener = await aws.listener(await aws.loadBalancer());
  expect(await refusal(aws.rule(listener, 1, { Actions: weighted(...arns) }))).toBe('TooManyTargetGroupsException');
  await aws.rule(listener, 1, { Actions: weighted(...arns.slice(0, 5)) });
  await aws.rule(listener, 2, { Actions: forward(present(arns[0])) });
  const sixth = aws.rule(listener, 3, { Actions: forward(present(arns[5])) });
  expect(await refusal(sixth)).toBe('TooManyUniqueTargetGroupsPerLoadBalancerException');
});
