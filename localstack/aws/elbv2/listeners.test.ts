// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html and its siblings;
// docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
import { RequestCertificateCommand } from '@aws-sdk/client-acm';
import {
  AddListenerCertificatesCommand,
  DeleteListenerCommand,
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  ModifyListenerCommand,
  type ModifyListenerCommandInput,
  RemoveListenerCertificatesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { absent, Embedded, forward, present } from '../testing/embedded.ts';

const listed = (...arns: readonly string[]) => arns.map((CertificateArn) => ({ CertificateArn }));

async function secure(aws: Embedded, certificate: string): Promise<string> {
  const https = { Protocol: 'HTTPS', Port: 443, Certificates: listed(certificate) } as const;
  return aws.listener(await aws.loadBalancer(), https);
}

async function describe(aws: Embedded, arn: string) {
  const { Listeners } = await aws.elb.send(new DescribeListenersCommand({ ListenerArns: [arn] }));
  return present(Listeners?.[0]);
}

test('creating a listener twice gives the same one, unless it is to be another', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await aws.loadBalancer();
  const arn = await aws.listener(loadBalancer);
  expect(await aws.listener(loadBalancer)).toBe(arn);
  const other = aws.listener(loadBalancer, { DefaultActions: forward(await aws.targetGroup()) });
  expect(await refusal(other)).toBe('DuplicateListenerException');
});

test('a listener’s ARN begins as its load balancer’s does', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await aws.loadBalancer();
  const arn = await aws.listener(loadBalancer);
  expect(arn).toMatch(new RegExp(`^${loadBalancer.replace(':loadbalancer/', ':listener/')}/[0-9a-f]{16}$`));
});

test('an HTTPS listener has a certificate, a policy by default, and mutual authentication off', async () => {
  await using aws = await Embedded.start();
  const certificate = await aws.certificate('a.example.test');
  const listener = await describe(aws, await secure(aws, certificate));
  expect(listener.Certificates).toEqual([{ CertificateArn: certificate }]);
  expect(listener.SslPolicy).toBe('ELBSecurityPolicy-2016-08');
  expect(listener.MutualAuthentication?.Mode).toBe('off');
});

test('certificates and policies are checked', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await aws.loadBalancer();
  const certificate = await aws.certificate('a.example.test');
  const request = new RequestCertificateCommand({ DomainName: 'pending.example.test', ValidationMethod: 'DNS' });
  const pending = present((await aws.acm.send(request)).CertificateArn);
  const https = { Protocol: 'HTTPS', Port: 443, Certificates: listed(certificate) } as const;
  const create = (input: object) => refusal(aws.listener(loadBalancer, { ...https, ...input }));
  expect(await create({ Certificates: [] })).toBe('ValidationError');
  expect(await create({ Certificates: listed(absent(certificate)) })).toBe('CertificateNotFoundException');
  expect(await create({ Certificates: listed(pending) })).toBe('UnsupportedCertificate');
  expect(await create({ Certificates: listed(certificate, certificate) })).toBe('ValidationError');
  expect(await create({ SslPolicy: 'none' })).toBe('SSLPolicyNotFoundException');
  expect(await create({ Protocol: 'HTTP' })).toBe('InvalidConfigurationRequestException');
  expect(await create({ Protocol: 'TCP' })).toBe('ValidationError');
});

test('the default certificate changes and the others stay', async () => {
  await using aws = await Embedded.start();
  const [a, b, c] = [
    await aws.certificate('a.example.test'),
    await aws.certificate('b.example.test'),
    await aws.certificate('c.example.test'),
  ];
  const ListenerArn = await secure(aws, a);
  const add = () => aws.elb.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates: listed(b) }));
  await add();
  await add();
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, Certificates: listed(c) }));
  const served = async () => {
    const { Certificates = [] } = await aws.elb.send(new DescribeListenerCertificatesCommand({ ListenerArn }));
    return Certificates.map((each) => [each.CertificateArn, each.IsDefault]);
  };
  expect(await served()).toEqual([
    [c, true],
    [b, false],
  ]);
  const remove = (arn: string) =>
    aws.elb.send(new RemoveListenerCertificatesCommand({ ListenerArn, Certificates: listed(arn) }));
  expect(await refusal(remove(c))).toBe('OperationNotPermittedException');
  await remove(b);
  expect(await served()).toEqual([[c, true]]);
});

// Observed on AWS with an unmodified AWS Load Balancer Controller.
test('a default certificate that is added to the list is in it too, and leaves it alone', async () => {
  await using aws = await Embedded.start();
  const certificate = await aws.certificate('a.example.test');
  const ListenerArn = await secure(aws, certificate);
  const Certificates = listed(certificate);
  const served = async () => {
    const described = await aws.elb.send(new DescribeListenerCertificatesCommand({ ListenerArn }));
    return described.Certificates?.map((each) => [each.CertificateArn, each.IsDefault]);
  };
  await aws.elb.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates }));
  expect(await served()).toEqual([
    [certificate, true],
    [certificate, false],
  ]);
  await aws.elb.send(new RemoveListenerCertificatesCommand({ ListenerArn, Certificates }));
  expect(await served()).toEqual([[certificate, true]]);
});

test('the quota counts the certificates of all listeners, default ones aside', async () => {
  await using aws = await Embedded.start({ quotas: { 'certificates-per-application-load-balancer': 1 } });
  const [a, b] = [await aws.certificate('a.example.test'), await aws.certificate('b.example.test')];
  const ListenerArn = await secure(aws, a);
  const add = (...arns: string[]) =>
    aws.elb.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates: listed(...arns) }));
  expect(await refusal(add(b, await aws.certificate('c.example.test')))).toBe('TooManyCertificatesException');
  await add(b);
});

test('a listener turns from HTTP to HTTPS with a certificate only, and from HTTPS to HTTP without one', async () => {
  await using aws = await Embedded.start();
  const certificate = await aws.certificate('a.example.test');
  const ListenerArn = await aws.listener(await aws.loadBalancer());
  const modify = (input: Omit<ModifyListenerCommandInput, 'ListenerArn'>) =>
    aws.elb.send(new ModifyListenerCommand({ ListenerArn, ...input }));
  expect(await refusal(modify({ Protocol: 'HTTPS' }))).toBe('ValidationError');
  await modify({ Protocol: 'HTTPS', Port: 443, Certificates: listed(certificate) });
  await modify({ Protocol: 'HTTP', Port: 80 });
  const listener = await describe(aws, ListenerArn);
  expect(listener.SslPolicy).toBeUndefined();
  expect(listener.DefaultActions?.[0]?.Type).toBe('fixed-response');
});

test('a port in use, the quota and an absent listener are refused', async () => {
  await using aws = await Embedded.start({ quotas: { 'listeners-per-application-load-balancer': 2 } });
  const loadBalancer = await aws.loadBalancer();
  const ListenerArn = await aws.listener(loadBalancer);
  await aws.listener(loadBalancer, { Port: 81 });
  expect(await refusal(aws.listener(loadBalancer, { Port: 82 }))).toBe('TooManyListenersException');
  const move = new ModifyListenerCommand({ ListenerArn, Port: 81 });
  expect(await refusal(aws.elb.send(move))).toBe('DuplicateListenerException');
  await aws.elb.send(new DeleteListenerCommand({ ListenerArn }));
  const again = new DeleteListenerCommand({ ListenerArn });
  expect(await refusal(aws.elb.send(again))).toBe('ListenerNotFoundException');
});
