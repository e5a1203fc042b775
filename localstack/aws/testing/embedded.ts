// For tests of Elastic Load Balancing: an embedded AWS with the demo VPC, and the SDK's clients.
import { ACMClient, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { EC2Client } from '@aws-sdk/client-ec2';
import {
  type Action,
  CreateListenerCommand,
  type CreateListenerCommandInput,
  CreateLoadBalancerCommand,
  type CreateLoadBalancerCommandInput,
  CreateRuleCommand,
  type CreateRuleCommandInput,
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  ElasticLoadBalancingV2Client,
  type RuleCondition,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Seed } from '../seed.ts';
import { type Aws, type StartOptions, startAws } from '../server.ts';
import { clientOf, TestClock } from './client.ts';

/** An embedded AWS under test. Declare it with `await using`. */
export class Embedded implements AsyncDisposable {
  readonly clock: TestClock;
  readonly aws: Aws;
  readonly seed: Seed;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly ec2: EC2Client;
  readonly acm: ACMClient;

  private constructor(aws: Aws, clock: TestClock, seed: Seed) {
    this.aws = aws;
    this.clock = clock;
    this.seed = seed;
    const config = clientOf(aws);
    this.elb = new ElasticLoadBalancingV2Client(config);
    this.ec2 = new EC2Client(config);
    this.acm = new ACMClient(config);
  }

  static async start(options: StartOptions = {}): Promise<Embedded> {
    const clock = new TestClock();
    const aws = await startAws({ port: 0, seed: true, clock, ...options });
    const seed = aws.seeded();
    if (!seed) throw new Error('Expected a seed');
    return new Embedded(aws, clock, seed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [this.elb, this.ec2, this.acm]) client.destroy();
    await this.aws.close();
  }

  /** Creates a load balancer. @returns its ARN. */
  async loadBalancer(input: Partial<CreateLoadBalancerCommandInput> = {}): Promise<string> {
    const subnets = input.SubnetMappings ? {} : { Subnets: [...this.seed.publicSubnetIds] };
    const created = await this.elb.send(new CreateLoadBalancerCommand({ Name: 'web', ...subnets, ...input }));
    return present(created.LoadBalancers?.[0]?.LoadBalancerArn);
  }

  /** Creates a target group. @returns its ARN. */
  async targetGroup(input: Partial<CreateTargetGroupCommandInput> = {}): Promise<string> {
    const VpcId = this.seed.vpcId;
    const defaults = { Name: 'app', Protocol: 'HTTP', Port: 8080, VpcId, TargetType: 'ip' } as const;
    const created = await this.elb.send(new CreateTargetGroupCommand({ ...defaults, ...input }));
    return present(created.TargetGroups?.[0]?.TargetGroupArn);
  }

  /** Creates a listener. @returns its ARN. */
  async listener(LoadBalancerArn: string, input: Partial<CreateListenerCommandInput> = {}): Promise<string> {
    const defaults = { LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions: notFound } as const;
    const created = await this.elb.send(new CreateListenerCommand({ ...defaults, ...input }));
    return present(created.Listeners?.[0]?.ListenerArn);
  }

  /** Creates a rule. @returns its ARN. */
  async rule(ListenerArn: string, Priority: number, input: Partial<CreateRuleCommandInput> = {}): Promise<string> {
    const defaults = { ListenerArn, Priority, Conditions: path(`/${Priority}`), Actions: notFound };
    const created = await this.elb.send(new CreateRuleCommand({ ...defaults, ...input }));
    return present(created.Rules?.[0]?.RuleArn);
  }

  /** Creates an issued certificate. @returns its ARN. */
  async certificate(DomainName: string): Promise<string> {
    const request = new RequestCertificateCommand({
      DomainName,
      ValidationMethod: 'DNS',
      KeyAlgorithm: 'EC_prime256v1',
    });
    const { CertificateArn } = await this.acm.send(request);
    this.clock.advance(this.aws.options.issuingSeconds);
    return present(CertificateArn);
  }
}

export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('Expected a value');
  return value;
}

export const notFound: Action[] = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }];

export const forward = (TargetGroupArn: string): Action[] => [{ Type: 'forward', TargetGroupArn }];

export const path = (...Values: string[]): RuleCondition[] => [
  { Field: 'path-pattern', PathPatternConfig: { Values } },
];

/** The ARN of a resource that does not exist. */
export const absent = (arn: string): string => arn.replace(/.{8}$/, '00000000');
