// AWS releases the resources of a deleted load balancer some time later:
// docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-delete.html
import { DeleteCertificateCommand, DescribeCertificateCommand } from '@aws-sdk/client-acm';
import { DeleteSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { DeleteLoadBalancerCommand, DeleteTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { Embedded, forward } from '../testing/embedded.ts';

test('what a deleted load balancer used is in use until the release delay is over', async () => {
  await using aws = await Embedded.start({ releaseSeconds: 30, seedNodes: 0 });
  const { nodeSecurityGroupId: GroupId } = aws.seed;
  const loadBalancer = await aws.loadBalancer({ SecurityGroups: [GroupId] });
  const group = await aws.targetGroup();
  const certificate = await aws.certificate('a.example.test');
  const Certificates = [{ CertificateArn: certificate }];
  await aws.listener(loadBalancer, { Protocol: 'HTTPS', Port: 443, Certificates, DefaultActions: forward(group) });
  const deletions = () => [
    aws.elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: group })),
    aws.acm.send(new DeleteCertificateCommand({ CertificateArn: certificate })),
    aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId })),
  ];
  await aws.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: loadBalancer }));
  const described = await aws.acm.send(new DescribeCertificateCommand({ CertificateArn: certificate }));
  expect(described.Certificate?.InUseBy).toEqual([loadBalancer]);
  expect(await Promise.all(deletions().map(refusal))).toEqual([
    'ResourceInUseException',
    'ResourceInUseException',
    'DependencyViolation',
  ]);
  aws.clock.advance(30);
  await Promise.all(deletions());
});
