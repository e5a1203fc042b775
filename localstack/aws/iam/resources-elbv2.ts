// docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
import { ask, type Call, everything, type Needs, type RequestTags, records, tagsIn, text, texts } from './call.ts';
import type { Asked } from './evaluate.ts';

const service = 'elasticloadbalancing';

const name = (action: string): string => `${service}:${action}`;

/** A change of the resource in a parameter. */
const on =
  (parameter: string): Needs =>
  ({ world, action, input }) => [ask(world, name(action), text(input, parameter) ?? '*')];

/** Creates a resource with tags. Tagging it is a second permission, on the new resource. */
function creating({ world, action }: Call, resource: string, made: string, requestTags: RequestTags): readonly Asked[] {
  const creation = ask(world, name(action), resource, { requestTags });
  if (requestTags.size === 0) return [creation];
  return [creation, ask(world, name('AddTags'), made, { requestTags, createAction: action })];
}

/** The ARN of a resource that does not exist yet. */
const arn = ({ world }: Call, resource: string): string =>
  `arn:aws:${service}:${world.region}:${world.accountId}:${resource}`;

function createLoadBalancer(call: Call): readonly Asked[] {
  const kind = text(call.input, 'Type') === 'network' ? 'net' : 'app';
  const made = arn(call, `loadbalancer/${kind}/${text(call.input, 'Name') ?? ''}/*`);
  return creating(call, made, made, tagsIn(call.input, 'Tags'));
}

function createTargetGroup(call: Call): readonly Asked[] {
  const made = arn(call, `targetgroup/${text(call.input, 'Name') ?? ''}/*`);
  return creating(call, made, made, tagsIn(call.input, 'Tags'));
}

function createListener(call: Call): readonly Asked[] {
  const loadBalancer = text(call.input, 'LoadBalancerArn') ?? '*';
  const made = `${loadBalancer.replace(':loadbalancer/', ':listener/')}/*`;
  return creating(call, loadBalancer, made, tagsIn(call.input, 'Tags'));
}

function createRule(call: Call): readonly Asked[] {
  const listener = text(call.input, 'ListenerArn') ?? '*';
  const made = `${listener.replace(':listener/', ':listener-rule/')}/*`;
  return creating(call, listener, made, tagsIn(call.input, 'Tags'));
}

function createTrustStore(call: Call): readonly Asked[] {
  const made = arn(call, `truststore/${text(call.input, 'Name') ?? ''}/*`);
  return creating(call, made, made, tagsIn(call.input, 'Tags'));
}

const tagging: Needs = ({ world, action, input }) => {
  const said = action === 'AddTags' ? { requestTags: tagsIn(input, 'Tags') } : { tagKeys: texts(input, 'TagKeys') };
  return texts(input, 'ResourceArns').map((resource) => ask(world, name(action), resource, said));
};

const setRulePriorities: Needs = ({ world, action, input }) =>
  records(input, 'RulePriorities').map((rule) => ask(world, name(action), text(rule, 'RuleArn') ?? '*'));

export const elbv2Resources: Readonly<Record<string, Needs>> = {
  AddListenerCertificates: on('ListenerArn'),
  AddTags: tagging,
  AddTrustStoreRevocations: on('TrustStoreArn'),
  CreateListener: createListener,
  CreateLoadBalancer: createLoadBalancer,
  CreateRule: createRule,
  CreateTargetGroup: createTargetGroup,
  CreateTrustStore: createTrustStore,
  DeleteListener: on('ListenerArn'),
  DeleteLoadBalancer: on('LoadBalancerArn'),
  DeleteRule: on('RuleArn'),
  DeleteSharedTrustStoreAssociation: on('TrustStoreArn'),
  DeleteTargetGroup: on('TargetGroupArn'),
  DeleteTrustStore: on('TrustStoreArn'),
  DeregisterTargets: on('TargetGroupArn'),
  GetTrustStoreCaCertificatesBundle: on('TrustStoreArn'),
  GetTrustStoreRevocationContent: on('TrustStoreArn'),
  ModifyCapacityReservation: on('LoadBalancerArn'),
  ModifyListener: on('ListenerArn'),
  ModifyListenerAttributes: on('ListenerArn'),
  ModifyLoadBalancerAttributes: on('LoadBalancerArn'),
  ModifyRule: on('RuleArn'),
  ModifyTargetGroup: on('TargetGroupArn'),
  ModifyTargetGroupAttributes: on('TargetGroupArn'),
  ModifyTrustStore: on('TrustStoreArn'),
  RegisterTargets: on('TargetGroupArn'),
  RemoveListenerCertificates: on('ListenerArn'),
  RemoveTags: tagging,
  RemoveTrustStoreRevocations: on('TrustStoreArn'),
  SetIpAddressType: on('LoadBalancerArn'),
  SetRulePriorities: setRulePriorities,
  SetSecurityGroups: on('LoadBalancerArn'),
  SetSubnets: on('LoadBalancerArn'),
};

/** Descriptions are not in the table, because they have no narrower scope. */
export const elbv2Others: Needs = everything(service);
