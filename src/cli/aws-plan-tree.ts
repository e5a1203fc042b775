// A plan on AWS as a tree: load balancer, listeners, rules in their order, target groups; then what changes in AWS.
import { addressesOf } from '../aws/model/nlb/places.ts';
import type {
  ListenerResource,
  LoadBalancerResource,
  Model,
  Resource,
  ResourceId,
  RuleResource,
  TargetGroupResource,
} from '../aws/model/resources.ts';
import { nameOf } from '../aws/model/shares.ts';
import type { Changes } from './changes.ts';
import type { PlannedOnAws } from './planned-on-aws.ts';
import { ruleName } from './planned-parts.ts';
import { actionWords, conditionWords, healthCheckWords, targetGroupWords, transformWords } from './rule-words.ts';
import { type Branch, drawn } from './tree.ts';

export function awsPlanLines({ model, aws, assumedSecrets }: PlannedOnAws): readonly string[] {
  const tree = model === undefined ? [] : loadBalancer(model, new Set(assumedSecrets));
  return [
    ...(model?.resources.length === 0 ? ['└─ no load balancer: no listener can be served'] : drawn(tree)),
    ...(aws === undefined ? [] : changeLines(aws)),
  ];
}

const only = <Kind extends Resource['kind']>(model: Model, kind: Kind): readonly Extract<Resource, { kind: Kind }>[] =>
  model.resources.filter((resource): resource is Extract<Resource, { kind: Kind }> => resource.kind === kind);

function loadBalancer(model: Model, assumed: ReadonlySet<string>): readonly Branch[] {
  const targetGroups = new Map(only(model, 'target-group').map((each) => [each.id, each] as const));
  return only(model, 'load-balancer').map(({ id, spec, attributes, tags }) => ({
    lines: [
      `${spec.type === 'network' ? 'Network Load Balancer' : 'load balancer'}: ${spec.scheme}, ${spec.ipAddressType}, ${openTo(model, spec)}`,
      ...settings('addresses', addressesBySubnet(spec)),
      ...settings('attributes', attributes),
      ...settings('tags', tags),
    ],
    branches: [
      ...only(model, 'listener')
        .filter((each) => each.loadBalancer === id)
        .map((each) => listener(each, model, targetGroups, assumed)),
      ...targetGroupsOf(id, [...targetGroups.values()]),
    ],
  }));
}

/** The second segment of an id is the load balancer's name. */
function targetGroupsOf(owner: ResourceId, all: readonly TargetGroupResource[]): readonly Branch[] {
  const [, name] = owner.split('/');
  const own = all.filter(({ id }) => id.split('/')[1] === name);
  return own.length === 0 ? [] : [{ lines: ['target groups'], branches: own.map(targetGroup) }];
}

function openTo(model: Model, { securityGroups }: LoadBalancerResource['spec']): string {
  const used = new Set(securityGroups.map((use) => ('group' in use ? use.group : undefined)));
  const groups = only(model, 'security-group')
    .filter(({ id }) => used.has(id))
    .flatMap(({ ingress }) => ingress);
  if (groups.length === 0) return 'with its own security groups';
  const sources = new Set(
    groups.map(({ source }) =>
      source.kind === 'cidr' ? source.cidr : 'group' in source ? 'the Network Load Balancer' : source.groupId,
    ),
  );
  return `open to ${[...sources].join(', ')}`;
}

const addressesBySubnet = ({ addresses = [] }: LoadBalancerResource['spec']): Readonly<Record<string, string>> =>
  Object.fromEntries(addresses.map((each) => [each.subnet, addressesOf(each).join(' ')]));

const settings = (name: string, values: Readonly<Record<string, string>>): readonly string[] => {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? [] : [`${name}: ${pairs.toSorted().join(', ')}`];
};

type TargetGroups = ReadonlyMap<TargetGroupResource['id'], TargetGroupResource>;

function listener(
  { id, spec, sources = [], extraCertificates }: ListenerResource,
  model: Model,
  targetGroups: TargetGroups,
  assumed: ReadonlySet<string>,
): Branch {
  const certificates = [
    ...(spec.defaultCertificate === undefined ? [] : [spec.defaultCertificate]),
    ...extraCertificates,
  ].map((use) => {
    if ('arn' in use) return use.arn;
    const secret = use.certificate.replace('certificate/', '');
    return `Secret ${secret}${assumed.has(secret) ? ' (assumed to exist)' : ''}`;
  });
  const rules = only(model, 'rule').filter((rule) => rule.listener === id);
  return {
    lines: [
      `${spec.protocol} :${spec.port}`,
      ...(certificates.length === 0 ? [] : [`certificates: ${certificates.join(', ')}`]),
      ...(spec.sslPolicy === undefined ? [] : [`policy: ${spec.sslPolicy}`]),
      ...(spec.alpnPolicy === undefined ? [] : [`ALPN: ${spec.alpnPolicy}`]),
    ],
    branches: [
      ...rules.map((rule, index) => ruleBranch(rule, index + 1, targetGroups)),
      spec.protocol === 'HTTP' || spec.protocol === 'HTTPS'
        ? { lines: [`otherwise ${actionWords(spec.defaultAction, targetGroups)}`] }
        : { lines: [actionWords(spec.defaultAction, targetGroups), ...sources.map(ruleName)] },
    ],
  };
}

function ruleBranch({ id, spec }: RuleResource, order: number, targetGroups: TargetGroups): Branch {
  const conditions = spec.conditions.map(conditionWords).join(', ');
  // The id names the first of the packed rules. The id of a rule that isolates a listener is shorter.
  const isOfRoute = id.split('/').length > 6;
  const { route, rule } = nameOf(id);
  const named = /^[A-Z]/.test(route) ? route.replace('/', ' ') : `HTTPRoute ${route}`;
  return {
    lines: [
      `${order}. ${conditions} ${actionWords(spec.action, targetGroups)}`,
      ...spec.transforms.map(transformWords),
      ...(isOfRoute ? [`${named}, rule ${rule}`] : []),
    ],
  };
}

const targetGroup = (each: TargetGroupResource): Branch => ({
  lines: [
    `${targetGroupWords(each)}: ${each.spec.targetType}, ${each.spec.protocolVersion ?? each.spec.protocol}, ${healthCheckWords(each.spec.healthCheck)}`,
  ],
});

const signs = { create: '+ create', change: '~ change', remove: '- remove' } as const;

function changeLines({ changes, later }: Changes): readonly string[] {
  if (changes.length === 0 && later.length === 0) return ['AWS is as planned: nothing changes.'];
  return [
    'What the next pass changes in AWS:',
    ...(changes.length === 0 ? ['  nothing'] : []),
    ...changes.map(
      ({ change, resource, what }) =>
        `  ${signs[change]} ${resource}${what.length === 0 ? '' : `: ${what.join('; ')}`}`,
    ),
    ...later.map((words) => `  … then ${words}`),
  ];
}
