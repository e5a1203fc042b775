// Reads load balancers, listeners with their rules, and target groups with their targets from ELBv2.
import {
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  type ElasticLoadBalancingV2ClientConfig,
  paginateDescribeRules,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Elbv2State } from '../../localstack/aws/elbv2/state.ts';
import { tagsOf, unlessAbsent } from './answers.ts';
import { listenerOf, loadBalancerOf, ruleOf, targetGroupOf } from './elbv2-records.ts';

type Tags = ReadonlyMap<string, Map<string, string>>;

const tagsAtOnce = 20;

export class Elbv2Reader {
  readonly #elbv2: ElasticLoadBalancingV2Client;
  readonly #state: Elbv2State;

  constructor(client: ElasticLoadBalancingV2ClientConfig, state: Elbv2State) {
    this.#elbv2 = new ElasticLoadBalancingV2Client(client);
    this.#state = state;
  }

  async read(arn: string): Promise<void> {
    if (arn.includes(':loadbalancer/')) await this.#readLoadBalancer(arn);
    if (arn.includes(':listener/')) await this.#readListener(arn);
    if (arn.includes(':targetgroup/')) await this.#readTargetGroup(arn);
  }

  async #readLoadBalancer(arn: string): Promise<void> {
    const answers = await unlessAbsent(
      Promise.all([
        this.#elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] })),
        this.#elbv2.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn })),
        this.#tagsOf([arn]),
      ]),
    );
    const [{ LoadBalancers: [described] = [] }, { Attributes = [] }, tags] = answers ?? [{}, {}, new Map()];
    const { loadBalancers, listeners } = this.#state;
    if (described !== undefined) {
      loadBalancers.set(arn, loadBalancerOf(described, Attributes, tags.get(arn)));
      return;
    }
    loadBalancers.delete(arn);
    for (const [each, { loadBalancerArn }] of listeners) if (loadBalancerArn === arn) this.#forgetListener(each);
  }

  async #readListener(arn: string): Promise<void> {
    const answers = await unlessAbsent(
      Promise.all([
        this.#elbv2.send(new DescribeListenersCommand({ ListenerArns: [arn] })),
        this.#rulesOf(arn),
        this.#elbv2.send(new DescribeListenerCertificatesCommand({ ListenerArn: arn })),
      ]),
    );
    const [{ Listeners: [described] = [] }, rules, { Certificates = [] }] = answers ?? [{}, [], {}];
    const tags = described && (await this.#tagsOf([arn, ...rules.map(({ RuleArn = '' }) => RuleArn)]));
    this.#forgetListener(arn);
    if (described === undefined || tags === undefined) return;
    const listener = listenerOf(described, Certificates, tags.get(arn));
    this.#state.listeners.set(arn, listener);
    for (const each of rules) {
      const rule = ruleOf(each, listener, tags.get(each.RuleArn ?? ''));
      this.#state.rules.set(rule.arn, rule);
    }
  }

  async #rulesOf(listenerArn: string): Promise<readonly Rule[]> {
    const rules: Rule[] = [];
    const pages = paginateDescribeRules({ client: this.#elbv2 }, { ListenerArn: listenerArn });
    for await (const { Rules = [] } of pages) rules.push(...Rules);
    return rules;
  }

  #forgetListener(arn: string): void {
    const { listeners, rules } = this.#state;
    listeners.delete(arn);
    for (const [each, { listenerArn }] of rules) if (listenerArn === arn) rules.delete(each);
  }

  async #readTargetGroup(arn: string): Promise<void> {
    const answers = await unlessAbsent(
      Promise.all([
        this.#elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] })),
        this.#elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn })),
        this.#elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn })),
        this.#tagsOf([arn]),
      ]),
    );
    const [{ TargetGroups: [described] = [] }, { Attributes = [] }, { TargetHealthDescriptions = [] }, tags] =
      answers ?? [{}, {}, {}, new Map()];
    if (described === undefined) this.#state.targetGroups.delete(arn);
    else
      this.#state.targetGroups.set(arn, targetGroupOf(described, Attributes, TargetHealthDescriptions, tags.get(arn)));
  }

  async #tagsOf(arns: readonly string[]): Promise<Tags> {
    const found = new Map<string, Map<string, string>>();
    for (let first = 0; first < arns.length; first += tagsAtOnce) {
      const ResourceArns = arns.slice(first, first + tagsAtOnce);
      const { TagDescriptions = [] } = await this.#elbv2.send(new DescribeTagsCommand({ ResourceArns }));
      for (const { ResourceArn = '', Tags } of TagDescriptions) found.set(ResourceArn, tagsOf(Tags));
    }
    return found;
  }

  destroy(): void {
    this.#elbv2.destroy();
  }
}
