// Changes by hand in AWS are corrected within the audit period.
import { ImportCertificateCommand, RemoveTagsFromCertificateCommand } from '@aws-sdk/client-acm';
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import {
  DeleteRuleCommand,
  DeregisterTargetsCommand,
  ModifyListenerCommand,
  ModifyRuleCommand,
  RegisterTargetsCommand,
  RemoveListenerCertificatesCommand,
  RemoveTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import { awsOf } from '../integration/support/aws.ts';
import { gateway, http, httpRoute, https } from '../integration/support/objects.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import {
  byHand,
  type Changes,
  certificateNamed,
  first,
  open,
  type Place,
  revokeAdmission,
  revokeIngress,
} from './hand-changes.ts';
import { mixedChanges } from './mixed-drift.ts';
import { networkChanges } from './network-drift.ts';
import { family } from './scenario.ts';

const viewOf = ({ rig, ns }: Place) => {
  const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf(rig, `${ns}/gw`);
  return {
    loadBalancer: first(loadBalancers),
    listener: first(listeners.filter(({ listener }) => listener.port === 443)).listener,
    rule: first(first(listeners).rules),
    group: first(targetGroups).group,
    securityGroup: first(securityGroups),
  };
};

const strange = { Id: '10.0.48.250', Port: 9999 };

const changes: Changes = {
  'a rule is deleted': (stage) => stage.elbv2.send(new DeleteRuleCommand({ RuleArn: viewOf(stage).rule.arn })),
  'a rule answers otherwise': (stage) =>
    stage.elbv2.send(
      new ModifyRuleCommand({
        RuleArn: viewOf(stage).rule.arn,
        Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '418' } }],
      }),
    ),
  'tags are removed': (stage) => {
    const { loadBalancer, group, rule } = viewOf(stage);
    const TagKeys = ['gatehouse.dev/gateway', 'gatehouse.dev/spec'];
    return stage.elbv2.send(new RemoveTagsCommand({ ResourceArns: [loadBalancer.arn, group.arn, rule.arn], TagKeys }));
  },
  'a target is taken out': (stage) => {
    const { arn, targets } = viewOf(stage).group;
    const { id, port } = first(targets.values());
    return stage.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: id, Port: port }] }));
  },
  'a strange target is put in': (stage) =>
    stage.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn: viewOf(stage).group.arn, Targets: [strange] })),
  'a certificate is taken from the listener': (stage) => {
    const { arn, certificates } = viewOf(stage).listener;
    const Certificates = [{ CertificateArn: first(certificates) }];
    return stage.elbv2.send(new RemoveListenerCertificatesCommand({ ListenerArn: arn, Certificates }));
  },
  "the listener's default certificate is another": (stage) => {
    const { arn, certificates } = viewOf(stage).listener;
    const Certificates = [{ CertificateArn: first(certificates) }];
    return stage.elbv2.send(new ModifyListenerCommand({ ListenerArn: arn, Certificates }));
  },
  'a certificate is imported over ours': async (stage) => {
    const { arn } = certificateNamed(stage, 'one');
    const { certificatePem, privateKey } = await selfSigned(['one.example.com'], 'EC_prime256v1', Date.now(), '02');
    const PrivateKey = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const Certificate = Buffer.from(certificatePem);
    return stage.acm.send(new ImportCertificateCommand({ CertificateArn: arn, Certificate, PrivateKey }));
  },
  'tags of a certificate are removed': (stage) =>
    stage.acm.send(
      new RemoveTagsFromCertificateCommand({
        CertificateArn: certificateNamed(stage, 'one').arn,
        Tags: [{ Key: 'gatehouse.dev/spec' }],
      }),
    ),
  'an ingress rule is revoked': (stage) => revokeIngress(stage),
  'an ingress rule is added': (stage) =>
    stage.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: viewOf(stage).securityGroup.id,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      }),
    ),
  'what admits load balancers to the nodes is revoked': (stage) => revokeAdmission(stage),
};

export const drift = family(open, [
  byHand({
    name: 'drift',
    what: 'rules, tags, targets, certificates and security groups',
    set: async (rig, ns) => {
      await rig.backend(ns, 'web');
      return [
        gateway(ns, 'gw', [http(), https(['one', 'two'])]),
        await tlsSecret(ns, 'one', ['one.example.com']),
        await tlsSecret(ns, 'two', ['two.example.com']),
        httpRoute(ns, 'web', ['gw'], ['web']),
      ];
    },
    changes,
  }),
  byHand(networkChanges),
  byHand(mixedChanges),
]);
