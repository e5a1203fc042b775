import { expect, test } from 'vitest';
import { resourceId } from '../model/naming.ts';
import { TAG } from '../observed.ts';
import { diff } from './diff.ts';
import { carries, type NetworkSketch, networkModel } from './testing/network-models.ts';
import { converge, gateway, modelOf, runPlan } from './testing/resources.ts';
import { SimulatedAws } from './testing/simulated-aws.ts';

function running(sketch: NetworkSketch): SimulatedAws {
  const aws = new SimulatedAws(gateway);
  converge(aws, networkModel(sketch));
  aws.calls.length = 0;
  return aws;
}

const plan = (aws: SimulatedAws, sketch: NetworkSketch | undefined) =>
  diff(sketch === undefined ? undefined : networkModel(sketch), aws.observe());

const names = (aws: SimulatedAws, sketch: NetworkSketch | undefined) =>
  plan(aws, sketch).steps.map((step) => step.id.replace(/ arn-\d+\S*$/, ''));

/** Runs one pass. @returns its steps */
function pass(aws: SimulatedAws, sketch: NetworkSketch): readonly string[] {
  const steps = names(aws, sketch);
  runPlan(aws, plan(aws, sketch));
  return steps;
}

const dns = 'listener/nlb-internal/53';
const tcp: NetworkSketch = { listeners: { 53: { protocol: 'TCP', to: ['dns'] } } };
const both: NetworkSketch = { listeners: { 53: { protocol: 'TCP_UDP', to: ['dns'] } } };
const front: NetworkSketch = { listeners: { 53: { protocol: 'TCP', to: ['dns'] } }, http: [80, 443] };

test('a listener takes its target group when the targets are registered, and nothing is left to do', () => {
  const aws = new SimulatedAws(gateway);
  const { after } = plan(aws, tcp).steps.find(({ id }) => id === `create ${dns}`) ?? {};
  expect(after).toEqual(['create load-balancer/nlb-internal', 'sync-targets target-group/nlb-internal/dns/TCP-ipv4']);
  converge(aws, networkModel(tcp));
  expect(plan(aws, tcp)).toMatchObject({ steps: [], pending: [] });
});

test('a TCP listener that becomes TCP_UDP goes on with its group until the new one is healthy', () => {
  const aws = running(tcp);
  expect(pass(aws, both)).toContain(`warm ${dns}`);
  expect(carries(aws, dns)).toEqual(['TCP', 'target-group/nlb-internal/dns/TCP-ipv4']);
  expect(pass(aws, both)).toEqual([]);
  aws.passTime(1000);
  expect(pass(aws, both)).toEqual([`change ${dns}`]);
  expect(carries(aws, dns)).toEqual(['TCP_UDP', 'target-group/nlb-internal/dns/TCP_UDP-ipv4']);
});

test('a listener that stays for a moment though its routes differ has a tag since when, until its routes agree or it changes', () => {
  const aws = running(both);
  const { resources } = networkModel(both);
  const apart = { since: aws.now, until: aws.now + 60_000 };
  const waiting = resources.map((each) => (each.kind === 'listener' ? { ...each, apart } : each));
  const first = diff({ gateway, resources: waiting }, aws.observe());
  expect(first.steps).toMatchObject([{ kind: 'tag', add: { [TAG.apart]: String(apart.since) } }]);
  expect(first.pending).toEqual([{ kind: 'pair', resource: dns, at: apart.until }]);
  runPlan(aws, first);
  expect(diff({ gateway, resources: waiting }, aws.observe()).steps).toEqual([]);
  expect(plan(aws, both)).toMatchObject({ steps: [{ kind: 'tag', remove: [TAG.apart] }], pending: [] });
  // Without the tag, a change to TCP that fails or waits would give the routes another minute.
  const retagged = () => plan(aws, tcp).steps.filter(({ kind }) => kind === 'tag');
  expect(retagged()).toEqual([]);
  pass(aws, tcp);
  expect(retagged()).toMatchObject([{ remove: [TAG.apart] }]);
});

test('a TCP_UDP listener that becomes TCP serves TCP by its old group until the new one is healthy', () => {
  const aws = running(both);
  pass(aws, tcp);
  expect(carries(aws, dns)).toEqual(['TCP', 'target-group/nlb-internal/dns/TCP_UDP-ipv4']);
  aws.passTime(1000);
  pass(aws, tcp);
  expect(carries(aws, dns)).toEqual(['TCP', 'target-group/nlb-internal/dns/TCP-ipv4']);
});

test('a change that is reverted while a group warms up leaves the listener as it was', () => {
  const aws = running(both);
  pass(aws, tcp);
  expect(pass(aws, both)).toEqual([`change ${dns}`]);
  expect(carries(aws, dns)).toEqual(['TCP_UDP', 'target-group/nlb-internal/dns/TCP_UDP-ipv4']);
});

test('of more new groups than fit beside the old ones, those that fit are ready before the listener changes', () => {
  const forwardsTo = (...to: readonly string[]): NetworkSketch => ({ listeners: { 53: { protocol: 'TCP', to } } });
  const after = forwardsTo('x', 'y', 'z');
  const aws = running(forwardsTo('a', 'b', 'c'));
  pass(aws, after);
  const warm = aws.calls.find(({ kind }) => kind === 'warm-listener');
  expect(warm).toMatchObject({ joining: ['x', 'y'].map((name) => `target-group/nlb-internal/${name}/TCP-ipv4`) });
  expect(pass(aws, after)).toEqual([]);
  aws.passTime(1000);
  expect(pass(aws, after)).toContain(`change ${dns}`);
});

test('a group that is ready stays while another group joins', () => {
  const forwardsTo = (...to: readonly string[]): NetworkSketch => ({ listeners: { 53: { protocol: 'TCP', to } } });
  const aws = running(forwardsTo('a'));
  pass(aws, forwardsTo('x'));
  aws.passTime(1000);
  pass(aws, forwardsTo('x', 'y'));
  const listener = aws.observe().resources.find(({ id }) => id === dns);
  expect(listener?.kind === 'listener' && listener.forwards.map(({ weight }) => weight)).toEqual([1, 0, 0]);
});

test('a group of another address family takes over at once: AWS has no listener with groups of both', () => {
  const aws = running(tcp);
  expect(pass(aws, { ...tcp, family: 'ipv6' })).toContain(`change ${dns}`);
  expect(carries(aws, dns)).toEqual(['TCP', 'target-group/nlb-internal/dns/TCP-ipv6']);
});

test('a listener that nobody answers takes its first group at once', () => {
  const aws = running({ listeners: { 53: { protocol: 'TCP', to: ['empty'] } } });
  expect(pass(aws, tcp)).toContain(`change ${dns}`);
  expect(carries(aws, dns)).toEqual(['TCP', 'target-group/nlb-internal/dns/TCP-ipv4']);
});

test('a listener without a route waits for its load balancer, because its route may come meanwhile', () => {
  const empty = networkModel({ listeners: { 53: { protocol: 'TCP', to: ['empty'] } } });
  const model = {
    ...empty,
    resources: empty.resources.map((each) => (each.kind === 'listener' ? { ...each, sources: [] } : each)),
  };
  const aws = new SimulatedAws(gateway);
  const first = diff(model, aws.observe());
  expect(first.steps.map(({ id }) => id)).not.toContain(`create ${dns}`);
  expect(first.pending).toEqual([{ kind: 'route', resource: dns }]);
  runPlan(aws, first);
  aws.passTime(1000);
  const second = diff(model, aws.observe());
  expect(second.steps.map(({ id }) => id)).toContain(`create ${dns}`);
  expect(second.pending).toEqual([]);
});

test('when everything goes, the group that is in use finds out when the NLB is gone, and a resting one waits for it', () => {
  const aws = running({ listeners: { 53: { protocol: 'TCP', to: ['empty'] } } });
  pass(aws, tcp);
  aws.passTime(1000);
  const { steps } = plan(aws, undefined);
  const deletionOf = (name: string) =>
    steps.find(({ id }) => id.startsWith(`delete target-group/nlb-internal/${name}`));
  expect(deletionOf('dns')?.after).toEqual([expect.stringMatching(/^delete load-balancer/)]);
  expect(deletionOf('empty')?.after).toEqual([deletionOf('dns')?.id]);
});

test('a group that no health check covers takes over when AWS has registered its targets', () => {
  const aws = running(tcp);
  const udp: NetworkSketch = { ...both, unchecked: true };
  pass(aws, udp);
  expect(pass(aws, udp)).toEqual([]);
  for (const entry of aws.entries.values()) {
    if (entry.owned.kind === 'target-group') entry.owned = { ...entry.owned, registered: true };
  }
  expect(pass(aws, udp)).toEqual([`change ${dns}`]);
});

test('a new certificate of a TLS listener does not wait for a group that is cold, and the listener forwards as before', () => {
  const tls = (to: string): NetworkSketch => ({ listeners: { 53: { protocol: 'TLS', to: [to] } } });
  const aws = running(tls('old'));
  pass(aws, tls('new'));
  expect(pass(aws, tls('new'))).toEqual([]);
  const renewed = { ...tls('new'), certificate: 'arn:renewed' };
  expect(pass(aws, renewed)).toEqual([`set-tls ${dns}`]);
  expect(carries(aws, dns)).toEqual(['TLS', 'target-group/nlb-internal/old/TLS-ipv4']);
  expect(pass(aws, renewed)).toEqual([]);
  aws.passTime(1000);
  expect(pass(aws, renewed)).toEqual([`change ${dns}`]);
});

test('the group of a listener that is gone rests before it is deleted', () => {
  const aws = running({ listeners: { ...tcp.listeners, 54: { protocol: 'TCP', to: ['other'] } } });
  expect(pass(aws, tcp)).toEqual(['delete listener/nlb-internal/54']);
  expect(plan(aws, tcp)).toMatchObject({ steps: [], pending: [{ kind: 'drain' }] });
  aws.passTime(300_000);
  expect(pass(aws, tcp)).toEqual(['delete target-group/nlb-internal/other/TCP-ipv4']);
});

test.each([
  ['default', true],
  ['unknown', false],
] as const)('attributes of a target group that are %s are set', (attributes, fresh) => {
  const aws = running(tcp);
  for (const entry of aws.entries.values()) {
    if (entry.owned.kind === 'target-group') entry.owned = { ...entry.owned, attributes };
  }
  expect(plan(aws, tcp).steps).toMatchObject([{ kind: 'set-attributes', fresh }]);
});

test('an ALB becomes a target when it has its listener', () => {
  const aws = new SimulatedAws(gateway);
  const { after } =
    plan(aws, front).steps.find(({ id }) => id === 'sync-targets target-group/nlb-internal/alb/80') ?? {};
  expect(after).toEqual([
    'set-attributes target-group/nlb-internal/alb/80',
    'create load-balancer/internal',
    'create listener/internal/80',
  ]);
  converge(aws, networkModel(front));
  expect(plan(aws, front)).toMatchObject({ steps: [], pending: [] });
});

test('of a Gateway with an NLB in front of its ALB, what is in front goes first', () => {
  const aws = running(front);
  const steps = names(aws, undefined);
  const order = [
    'delete load-balancer/nlb-internal',
    'delete target-group/nlb-internal/alb/80',
    'delete load-balancer/internal',
    'delete security-group/frontend',
    'delete security-group/nlb-frontend',
  ];
  expect(steps.filter((step) => order.includes(step))).toEqual(order);
  converge(aws, undefined);
  expect(aws.entries.size).toBe(0);
});

test('an NLB of another scheme is made first, and the old one serves ten minutes after the targets of the new one are healthy', () => {
  const aws = running(tcp);
  const open: NetworkSketch = { ...tcp, scheme: 'internet-facing' };
  pass(aws, open);
  for (const entry of aws.entries.values()) {
    if (entry.owned.kind === 'load-balancer') entry.owned = { ...entry.owned, state: 'active' };
  }
  expect(plan(aws, open)).toMatchObject({
    steps: [],
    pending: [{ kind: 'target-group-health' }, { kind: 'replacement' }, { kind: 'drain' }],
  });
  expect(carries(aws, dns)).toBeDefined();
  aws.passTime(1000);
  expect(pass(aws, open)).toEqual(['tag load-balancer/nlb-internal']);
  aws.passTime(599_000);
  expect(pass(aws, open)).toEqual([]);
  aws.passTime(1000);
  expect(pass(aws, open)).toContain('delete load-balancer/nlb-internal');
  converge(aws, networkModel(open));
  expect(aws.observe().resources.map(({ id }) => id)).not.toContain('load-balancer/nlb-internal');
});

test('a listener that passes TLS through keeps its certificates until its protocol changes', () => {
  const broker = (protocol: 'TLS' | 'TCP', certificates: readonly string[]) => {
    const model = networkModel({ listeners: { 8883: { protocol, to: ['broker'] } } });
    const extraCertificates = certificates.map((arn) => ({ arn }));
    const resources = model.resources.map((each) => (each.kind === 'listener' ? { ...each, extraCertificates } : each));
    return { ...model, resources };
  };
  const aws = new SimulatedAws(gateway);
  converge(aws, broker('TLS', ['arn:one', 'arn:two']));
  const through = broker('TCP', []);
  const first = diff(through, aws.observe());
  expect(first.steps.filter(({ resource }) => resource.startsWith('listener/')).map(({ kind }) => kind)).toEqual([
    'warm-listener',
  ]);
  runPlan(aws, first);
  aws.passTime(1000);
  const second = diff(through, aws.observe());
  expect(second.steps.map(({ kind }) => kind)).toEqual(['change', 'tag']);
  expect(second.steps[1]).toMatchObject({ after: [second.steps[0]?.id], remove: ['gatehouse.dev/certificates'] });
  runPlan(aws, second);
  expect(diff(through, aws.observe()).steps).toEqual([]);
});

test('an ALB that an NLB replaces serves ten minutes more', () => {
  const aws = new SimulatedAws(gateway);
  converge(aws, modelOf({ listeners: { 80: [] } }));
  pass(aws, tcp);
  for (const entry of aws.entries.values()) {
    if (entry.owned.kind === 'load-balancer') entry.owned = { ...entry.owned, state: 'active' };
  }
  aws.passTime(1000);
  expect(pass(aws, tcp)).toEqual(['tag load-balancer/internal']);
  aws.passTime(599_000);
  expect(pass(aws, tcp)).toEqual([]);
  aws.passTime(1000);
  expect(pass(aws, tcp)).toContain('delete load-balancer/internal');
});

test('a UDP listener on IPv6 waits until the subnets have their prefixes', () => {
  const aws = running({ ...tcp, family: 'ipv6' });
  const model = networkModel({ ...both, family: 'ipv6' });
  const withPrefix = model.resources.map((each) =>
    each.kind === 'load-balancer' ? { ...each, spec: { ...each.spec, prefixForIpv6SourceNat: 'on' as const } } : each,
  );
  const more = {
    ...model,
    resources: withPrefix.map((each) =>
      each.kind === 'listener'
        ? { ...each, spec: { ...each.spec, port: 54 }, id: resourceId('listener', 'nlb-internal', 54) }
        : each,
    ),
  };
  const step = diff(more, aws.observe()).steps.find(({ id }) => id === 'create listener/nlb-internal/54');
  expect(step?.after).toContain('change load-balancer/nlb-internal');
});

test('an ALB that is no longer behind the NLB goes after the groups that it was the target of', () => {
  const aws = running(front);
  converge(aws, networkModel(tcp));
  expect(
    aws
      .observe()
      .resources.map(({ id }) => id)
      .toSorted(),
  ).toEqual([
    dns,
    'load-balancer/nlb-internal',
    'security-group/nlb-frontend',
    'target-group/nlb-internal/dns/TCP-ipv4',
  ]);
});

test('an NLB in front of an ALB that becomes the address itself serves ten minutes more, also over a restart', () => {
  const aws = running(front);
  const { resources, ...others } = networkModel(front);
  const alone = { ...others, resources: resources.filter(({ id }) => !id.includes('/nlb-')) };
  const [frontend] = alone.resources;
  if (frontend?.kind !== 'security-group') throw new Error('Expected a security group');
  const ingress = frontend.ingress.map((rule) => ({ ...rule, source: { kind: 'cidr' as const, cidr: '0.0.0.0/0' } }));
  const model = { ...alone, resources: [{ ...frontend, ingress }, ...alone.resources.slice(1)] };
  runPlan(aws, diff(model, aws.observe()));
  const second = diff(model, aws.observe());
  expect(second.steps.map(({ id }) => id)).toEqual(['tag load-balancer/nlb-internal']);
  runPlan(aws, second);
  aws.passTime(599_000);
  expect(diff(model, aws.observe())).toMatchObject({
    steps: [],
    pending: [{ kind: 'drain', at: expect.any(Number) }, {}, {}, {}],
  });
  // When the NLB is in front again, it is no longer to be deleted, so the tag with the time is removed.
  const back = diff(networkModel(front), aws.observe());
  expect(back.steps.map(({ id }) => id)).toEqual([
    'set-ingress security-group/frontend',
    'tag load-balancer/nlb-internal',
  ]);
  aws.passTime(1000);
  expect(diff(model, aws.observe()).steps.map(({ kind, resource }) => `${kind} ${resource}`)).toContain(
    'delete load-balancer/nlb-internal',
  );
  converge(aws, model);
  expect(
    aws
      .observe()
      .resources.map(({ id }) => id)
      .filter((id) => id.includes('nlb')),
  ).toEqual([]);
});
