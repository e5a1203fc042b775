// Changes by hand of what joins an NLB and the ALB behind it.
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import {
  DeleteListenerCommand,
  DeregisterTargetsCommand,
  ModifyListenerCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RemoveTagsCommand,
  SetSecurityGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { awsOf } from '../integration/support/aws.ts';
import { connectionRoute, gateway, http, httpRoute, https } from '../integration/support/objects.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { type byHand, first, type Place, revokeIngress } from './hand-changes.ts';

const viewOf = ({ rig, ns }: Place) => {
  const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf(rig, `${ns}/gw`);
  const of = (type: string) => first(loadBalancers.filter((each) => each.type === type));
  const [nlb, alb] = [of('network'), of('application')];
  const listenerOf = (arn: string, port: number) =>
    first(listeners.filter(({ listener }) => listener.loadBalancerArn === arn && listener.port === port)).listener;
  const group = (name: string) => first(targetGroups.filter((each) => each.name === name)).group;
  return {
    nlb,
    alb,
    passage: listenerOf(nlb.arn, 443),
    behind: listenerOf(alb.arn, 80),
    albGroup: group('alb:443'),
    tcpGroup: group(`${ns}/db:80`),
    groupOfAlb: first(securityGroups.filter(({ id }) => alb.securityGroups.includes(id))),
  };
};

export const mixedChanges: Parameters<typeof byHand>[0] = {
  name: 'mixed-drift',
  what: 'listeners and target groups between NLB and ALB, and security groups of the ALB',
  set: async (rig, ns) => {
    for (const each of ['web', 'db']) await rig.backend(ns, each);
    return [
      gateway(ns, 'gw', [http(), https(['one']), { name: 'db', protocol: 'TCP', port: 5432 }]),
      await tlsSecret(ns, 'one', ['one.example.com']),
      httpRoute(ns, 'web', ['gw'], ['web']),
      connectionRoute('TCP', ns, 'db', [{ name: 'gw', sectionName: 'db' }], { db: 1 }),
    ];
  },
  changes: {
    'a listener to the ALB is deleted': (place) =>
      place.elbv2.send(new DeleteListenerCommand({ ListenerArn: viewOf(place).passage.arn })),
    'a listener to the ALB forwards to another target group': (place) => {
      const { passage, tcpGroup } = viewOf(place);
      const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn: tcpGroup.arn }];
      return place.elbv2.send(new ModifyListenerCommand({ ListenerArn: passage.arn, DefaultActions }));
    },
    'the ALB is taken out of its target group': (place) => {
      const { albGroup, alb } = viewOf(place);
      const Targets = [{ Id: alb.arn, Port: albGroup.port }];
      return place.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn: albGroup.arn, Targets }));
    },
    'the health check of the ALB is rarer': (place) =>
      place.elbv2.send(
        new ModifyTargetGroupCommand({ TargetGroupArn: viewOf(place).albGroup.arn, HealthCheckIntervalSeconds: 60 }),
      ),
    'an unhealthy ALB takes its zone out of DNS': (place) =>
      place.elbv2.send(
        new ModifyTargetGroupAttributesCommand({
          TargetGroupArn: viewOf(place).albGroup.arn,
          Attributes: [{ Key: 'target_group_health.dns_failover.minimum_healthy_targets.count', Value: '1' }],
        }),
      ),
    'tags are removed': (place) => {
      const { nlb, alb, passage, behind, albGroup } = viewOf(place);
      const TagKeys = ['gatehouse.dev/gateway', 'gatehouse.dev/spec'];
      const ResourceArns = [nlb, alb, passage, behind, albGroup].map(({ arn }) => arn);
      return place.elbv2.send(new RemoveTagsCommand({ ResourceArns, TagKeys }));
    },
    "the ALB's group is opened to the world": (place) =>
      place.ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: viewOf(place).groupOfAlb.id,
          IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
        }),
      ),
    'what admits the NLB to the ALB is revoked': (place) => {
      const { groupOfAlb } = viewOf(place);
      return revokeIngress(place, ({ groupId }) => groupId === groupOfAlb.id);
    },
    "the ALB gets the NLB's security group": (place) => {
      const { nlb, alb } = viewOf(place);
      const SecurityGroups = [...nlb.securityGroups];
      return place.elbv2.send(new SetSecurityGroupsCommand({ LoadBalancerArn: alb.arn, SecurityGroups }));
    },
  },
};
